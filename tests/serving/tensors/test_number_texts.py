"""Tensors to JSON: with the module in C and without, the same bytes."""

import importlib.util
import math
import random
import shutil
import struct
import tracemalloc
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelyard.serving.exchange import Answer
from modelyard.serving.protocols.content import Kind
from modelyard.serving.protocols.scoring import JsonRender, Wish
from modelyard.serving.tensors import number_texts, powers
from modelyard.serving.tensors.from_json import Form
from modelyard.serving.tensors.number_texts import text_of, value_of
from modelyard.serving.tensors.tensor import BadData, Tensor, pack
from modelyard.serving.tensors.to_json import rendered

encode = msgspec.json.encode
IN_C = pytest.mark.skipif(number_texts.native is None, reason="the module in C was not built")


@pytest.fixture(params=[True, False], ids=["in C", "in Python"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(number_texts, "native", None)
    elif number_texts.native is None:
        pytest.skip("the module in C was not built: no compiler")


def write(data: bytes | memoryview, letter: str, width: int = 0) -> bytes:
    return number_texts.native.write(data, letter, width, b"", b"")


def doubles(values: list[float]) -> tuple[bytes, bytes]:
    """Their text by C, and by msgspec."""
    data = struct.pack(f"<{len(values)}d", *values)
    return write(data, "d"), encode(values)


def same(values: list[float]) -> bool:
    found, expected = doubles(values)
    if found != expected:
        pairs = zip(found[1:-1].split(b","), expected[1:-1].split(b","), strict=False)
        raise AssertionError([pair for pair in pairs if pair[0] != pair[1]][:5])
    return True


@IN_C
@given(st.lists(st.floats(), max_size=20))
@example([0.0, -0.0, math.nan, -math.nan, math.inf, -math.inf])
@example([1e15, 1e16, 1e17, 123456789012345680.0, 9007199254740993.0, 9999999999999998.0])
@example([1e-4, 1e-5, 1e-6, 1.5e-5, 9.999999999999999e-6, 1.2345678901234567e-5])
@example([5e-324, 1e-323, 2.225073858507201e-308, 2.2250738585072014e-308, 1.7976931348623157e308])
@example([-1.2345678901234567e-300] * 20)
def test_every_double_is_written_as_msgspec_does(values: list[float]) -> None:
    assert same(values)


@IN_C
@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_every_pattern_of_bits_is_written_as_msgspec_does(patterns: list[int]) -> None:
    assert same([struct.unpack("<d", pattern.to_bytes(8, "little"))[0] for pattern in patterns])


def boundaries() -> Iterator[float]:
    powers_of_two = (math.ldexp(1.0, power) for power in range(-1074, 1024))
    powers_of_ten = (float(f"1e{power}") for power in range(-323, 309))
    for number in (*powers_of_two, *powers_of_ten, 2.0**53 - 1, 1.7976931348623157e308):
        yield from (number, -number)
        yield from (math.nextafter(number, math.inf), math.nextafter(number, 0.0))


@IN_C
def test_powers_of_two_and_ten_and_their_neighbours_are_written_as_msgspec_does() -> None:
    assert same(list(boundaries()))


@IN_C
def test_short_numbers_and_the_least_ones_are_written_as_msgspec_does() -> None:
    short = [float(f"{digits}e{power}") for digits in range(1, 40) for power in range(-324, 307)]
    least = [count * 5e-324 for count in range(1, 3000)]
    whole = [float(number) for number in range(-1000, 2000)]
    large = [float(2**53 + number) for number in range(-2000, 2000)]

    assert same(short)
    assert same([*least, *whole, *large])


@IN_C
def test_hundreds_of_thousands_of_numbers_are_written_as_msgspec_does() -> None:
    chance = random.Random(5)
    size = 100_000

    assert same(list(struct.unpack(f"<{size}d", chance.randbytes(8 * size))))
    assert same([chance.random() for _ in range(size)])
    assert same([round(chance.uniform(-1e6, 1e6), chance.randrange(9)) for _ in range(size)])
    assert same([chance.getrandbits(60) * 10.0 ** chance.randrange(-30, 20) for _ in range(size)])


@IN_C
@given(st.lists(st.floats(width=32), max_size=20))
def test_single_floats_are_written_as_the_doubles_they_are(values: list[float]) -> None:
    data = struct.pack(f"<{len(values)}f", *values)

    assert write(data, "f", 0) == encode(values)


@IN_C
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
@example([0, -1, 2**63 - 1, -(2**63)])
@example([sign * 10**power + more for sign, power, more in product((1, -1), range(19), (-1, 0))])
def test_integers_are_written_as_msgspec_does(values: list[int]) -> None:
    data = struct.pack(f"<{len(values)}q", *values)

    assert write(data, "q", 0) == encode(values)


SHAPES = [(0,), (1,), (31,), (33,), (256,), (257,), (1, 40), (40, 1), (3, 171), (7, 100), (0, 3)]
SHAPES += [(3, 0), (), (2, 3, 4), (1000, 2)]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("datatype", ["FP64", "FP32", "INT64", "INT32", "BOOL"])
def test_every_shape_is_written_the_same_both_ways(datatype: str, shape: tuple[int, ...]) -> None:
    values = [number % 2 for number in range(math.prod(shape))]
    tensor = Tensor("x", datatype, shape, memoryview(pack(datatype, values)))

    found = rendered([tensor], Form.METHOD, "predict", "null")

    assert found == encode({"predict": tensor.nested()})


@pytest.mark.usefixtures("way")
def test_several_outputs_hold_the_same_both_ways() -> None:
    numbers = [0.5, -1e300, math.nan, 7.0] * 20
    tensors = [
        Tensor("p", "FP64", (40, 2), pack("FP64", numbers)),
        Tensor("n", "INT64", (80,), pack("INT64", range(80))),
        Tensor("t", "BYTES", (1,), pack("BYTES", ["a"])),
    ]

    found = rendered(tensors, Form.OUTPUTS, "predict", "null")

    assert found == encode({"outputs": {tensor.name: tensor.nested() for tensor in tensors}})


def quick(datatype: str, shape: tuple[int, ...], data: bytes) -> bytes | None:
    tensors: Any = [["x", datatype, list(shape), len(data)]]
    answer = Answer(200, [], None, memoryview(data), tensors)
    return JsonRender(Wish(Kind.JSON, Form.METHOD, "predict", "null")).quick(answer)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("shape", [(2,), (64,), (32, 2), (4, 4, 4)])
def test_a_quick_answer_is_the_same_both_ways(shape: tuple[int, ...]) -> None:
    tensor = Tensor("x", "FP64", shape, pack("FP64", [0.25] * math.prod(shape)))

    found = quick("FP64", shape, bytes(tensor.data))

    assert type(found) is bytes
    assert found == encode({"predict": tensor.nested()})


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("shape", [(63,), (65,), (-8, -8), (64, 2**70), (2**64,)])
def test_torn_tensors_are_found_both_ways(shape: tuple[int, ...]) -> None:
    data = pack("FP64", [1.0] * 64)

    if min(shape) > 0:
        with pytest.raises(BadData):
            value_of("FP64", data, shape)
        assert quick("FP64", shape, data) is None
    assert text_of("FP64", data, shape) is None


@pytest.mark.parametrize("datatype", ["FP16", "BYTES", "UINT64", "no such"])
def test_other_datatypes_are_left_to_msgspec(datatype: str) -> None:
    assert text_of(datatype, b"", (0,)) is None
    assert text_of(datatype, bytes(800), (100,)) is None


@IN_C
def test_what_is_no_array_of_numbers_is_refused_in_c() -> None:
    for data, letter, width in (
        (bytes(7), "d", 0),
        (bytes(12), "q", 0),
        (bytes(6), "f", 0),
        (bytes(24), "d", 2),
        (bytes(24), "d", -1),
        (bytes(24), "x", 0),
    ):
        with pytest.raises(ValueError, match="must be"):
            write(data, letter, width)
    with pytest.raises(ValueError, match="9872 bytes"):
        number_texts.native.prepare_to_write(b"")


@IN_C
def test_numbers_may_lie_anywhere_in_memory() -> None:
    data = b"x" + struct.pack("<40d", *range(40))

    assert write(memoryview(data)[1:], "d") == encode([float(number) for number in range(40)])


@IN_C
def test_nothing_is_written_before_there_is_a_table(tmp_path: Path) -> None:
    copy = shutil.copy(number_texts.native.__file__, tmp_path)  # a module of its own
    loader = ExtensionFileLoader("_json_numbers", str(copy))
    spec = importlib.util.spec_from_loader("_json_numbers", loader)
    assert spec is not None
    fresh: Any = importlib.util.module_from_spec(spec)

    with pytest.raises(RuntimeError, match="prepare_to_write"):
        fresh.write(bytes(8), "d", 0, b"", b"")


@IN_C
@pytest.mark.parametrize("first", [0.0, -1.2345678901234567e-300])
@pytest.mark.parametrize("then", [0.0, -1.2345678901234567e-300])
def test_a_text_takes_no_more_memory_than_some_times_its_size(first: float, then: float) -> None:
    data = struct.pack("<100000d", *[first] * 1000, *[then] * 99_000)
    tracemalloc.start()
    try:
        text = write(data, "d", 1)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert text == encode([[first]] * 1000 + [[then]] * 99_000)
    assert most < 7 * len(text) + 10_000


def test_the_table_of_powers_of_ten_is_that_of_its_source() -> None:
    table = struct.unpack("=1234Q", powers.table_of_ten())

    at = -powers.LEAST_TEN * 2
    assert table[at : at + 2] == (1 << 63, 0)  # 10**0
    assert table[at + 2 : at + 4] == (10 << 60, 0)
    assert table[at - 2 : at] == (0xCCCCCCCCCCCCCCCC, 0xCCCCCCCCCCCCCCCD)  # 10**-1, rounded up
    assert all(high >> 63 for high in table[::2])
