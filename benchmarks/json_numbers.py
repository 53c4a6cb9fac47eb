"""
Which parser turns rows of JSON numbers into an array quickest: one call each, in one process.

    python -m benchmarks.json_numbers [--rounds 15]

Rows of 10 numbers as ``json.dumps`` writes them. Every way checks that all rows are of one length,
as a front must. simdjson and orjson are left out where they are not installed, and the module in C
where it was not built. Prints Markdown; times are medians in microseconds.
"""

import argparse
import importlib
import json
import random
import statistics
import sys
import time
from array import array
from collections.abc import Callable
from itertools import chain
from typing import Any

import msgspec

from modelyard.serving.tensors import numbers

WIDTH = 10
Way = Callable[[bytes], object]


def one_width(rows: list[Any]) -> list[Any]:
    if len(set(map(len, rows))) != 1:
        raise ValueError("rows of different lengths")
    return rows


def ways() -> dict[str, Way]:
    found: dict[str, Way] = {
        "json": lambda body: _flat(one_width(json.loads(body)["data"])),
        "msgspec, untyped": lambda body: _flat(one_width(msgspec.json.decode(body)["data"])),
        "msgspec, typed by the width": _typed(),
    }
    for name, way in (("orjson", _orjson), ("simdjson", _simdjson)):
        try:
            found[name] = way(importlib.import_module(name))
        except ImportError:
            continue
    if numbers.native is not None:
        found["a front's, in C"] = numbers.NumberReader(WIDTH).read
    return found


def _flat(rows: list[Any]) -> "array[float]":
    return array("d", list(chain.from_iterable(rows)))


def _typed() -> Way:
    row: Any = tuple.__class_getitem__((float,) * WIDTH)
    kind = msgspec.defstruct("Body", [("data", list.__class_getitem__(row))])
    decode = msgspec.json.Decoder(kind).decode

    def read(body: bytes) -> object:
        found: Any = decode(body)
        return _flat(found.data)

    return read


def _orjson(orjson: Any) -> Way:
    return lambda body: _flat(one_width(orjson.loads(body)["data"]))


def _simdjson(simdjson: Any) -> Way:
    def read(body: bytes) -> object:
        rows = simdjson.Parser().parse(body)["data"]
        if len({len(row) for row in rows}) != 1:
            raise ValueError("rows of different lengths")
        return rows.as_buffer(of_type="d")

    return read


def measured(way: Way, body: bytes, rounds: int, calls: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(calls):
            way(body)
        times.append((time.perf_counter() - began) / calls)
    return statistics.median(times) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    chance = random.Random(1)
    sizes = (1, 100, 10_000)
    bodies = {
        count: json.dumps(
            {"data": [[chance.gauss(0, 100) for _ in range(WIDTH)] for _ in range(count)]}
        ).encode()
        for count in sizes
    }
    print(f"Python {sys.version.split()[0]}, msgspec {msgspec.__version__}\n")
    print("| parser | " + " | ".join(f"{count:,} rows, µs" for count in sizes) + " |")
    print("| --- | " + " | ".join("---:" for _ in sizes) + " |")
    for name, way in ways().items():
        times = [
            measured(way, body, rounds, max(1, 3000 // max(count, 3)))
            for count, body in bodies.items()
        ]
        print(f"| {name} | " + " | ".join(f"{each:,.1f}" for each in times) + " |")


if __name__ == "__main__":
    main()
