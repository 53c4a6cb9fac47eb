"""Rows of numbers out of JSON: with the module in C and without, the same."""

import json
import math
import random
import shutil
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelyard.serving.tensors import numbers, powers
from modelyard.serving.tensors.numbers import NumberReader, Numbers
from modelyard.serving.tensors.tensor import CODES

Read = Callable[[NumberReader, bytes], Numbers | None]

if numbers.native is None and shutil.which("cc") is None:
    pytest.skip("the module in C was not built: no compiler", allow_module_level=True)

BOTH = pytest.mark.parametrize("read", [NumberReader.read, NumberReader.read_slowly])
LEAST_SUBNORMAL = "4.9406564584124654417656879286822137236505980e-324"


def rows_of(found: Numbers | None, width: int) -> tuple[str, str | None, list[list[float]]]:
    assert found is not None
    values = struct.unpack(f"<{found.count * width}d", found.data)
    rows = [list(values[at : at + width]) for at in range(0, len(values), width)]
    return found.key, found.method, rows


def double(text: str, behind: str = "") -> float | None:
    """What the module in C makes of one number, with more text behind it or none."""
    found = NumberReader(1).read(f'{{"data":[[{text}]]{behind}}}'.encode())
    return None if found is None else struct.unpack("<d", found.data)[0]


def bits(number: float | None) -> bytes | None:
    return None if number is None or math.isinf(number) else struct.pack("<d", number)


def test_the_module_is_built_where_there_is_a_compiler() -> None:
    assert numbers.native is not None


@BOTH
def test_rows_are_read_with_their_key_and_method(read: Read) -> None:
    body = b' {"method" : "predict_proba" ,\n"inputs":\t[ [1, -2.5] ,\r\n[3e2,0.1] ] } '

    found = rows_of(read(NumberReader(2), body), 2)

    assert found == ("inputs", "predict_proba", [[1.0, -2.5], [300.0, 0.1]])


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[[1,2]]",
        b'{"data":[]}',
        b'{"data":[[]]}',
        b'{"data":[[1]]}',
        b'{"data":[[1,2,3]]}',
        b'{"data":[[1,2],[3]]}',
        b'{"data":[[1,2],]}',
        b'{"data":[[1,2,]]}',
        b'{"data":[[1 2]]}',
        b'{"data":[[1,2]}',
        b'{"data":[[1,2]]',
        b'{"data":[[1,2]]}}',
        b'{"data":[[1,2]],}',
        b'{"data":[[1,2]],"other":1}',
        b'{"data":[[1,2]],"inputs":[[1,2]]}',
        b'{"data":[[1,"2"]]}',
        b'{"data":[[1,null]]}',
        b'{"data":[[1,true]]}',
        b'{"data":[[1,NaN]]}',
        b'{"data":[[1,[2]]]}',
        b'{"data":[[1,1e999]]}',
        b'{"method":"predict"}',
        b'{"method":7,"data":[[1,2]]}',
        b'{"method":"\xff","data":[[1,2]]}',
        b'{"method":"a\nb","data":[[1,2]]}',
        b'\xef\xbb\xbf{"data":[[1,2]]}',
        b'{"data":[[01,2]]}',
        b'{"data":[[+1,2]]}',
        b'{"data":[[.5,2]]}',
        b'{"data":[[5.,2]]}',
        b'{"data":[[5e,2]]}',
        b'{"data":[[5e+,2]]}',
        b'{"data":[[-,2]]}',
        b'{"data":[[0x1,2]]}',
        b'{"data":[[1_0,2]]}',
        b'{"data":[[1,2]]}\x00',
    ],
)
def test_whatever_else_a_body_holds_is_left_to_others(read: Read, body: bytes) -> None:
    assert read(NumberReader(2), body) is None


def test_a_key_twice_or_an_escape_is_left_to_those_who_know_what_to_do_with_it() -> None:
    for body in (b'{"data":[[1]],"data":[[1]]}', b'{"d\\u0061ta":[[1]]}', b'{"method":"\\u0061"}'):
        assert NumberReader(1).read(body) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(2.2250738585072011e-308)
@example(1.7976931348623157e308)
@example(-0.0)
def test_every_double_comes_back_as_it_was(number: float) -> None:
    assert bits(double(repr(number))) == struct.pack("<d", number)


@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["", " ", " " * 30]),
)
@example("9007199254740993", "")  # half way between two doubles: to the even one
@example("9007199254740995", "")
@example("0." + "0" * 60 + "1", "")
@example("1" + "0" * 400 + "e-400", " " * 30)
@example(LEAST_SUBNORMAL, "")
@example("1.7976931348623159e308", "")
@example("-0", "")
@example("-0.0", "")
def test_every_way_to_write_a_number_is_rounded_as_python_does(text: str, behind: str) -> None:
    whole = not set(text) & set(".eE")

    assert bits(double(text, behind)) == bits(float(int(text) if whole else text))


def test_numbers_half_way_between_two_doubles_go_to_the_even_one() -> None:
    chance = random.Random(3)
    for _ in range(20_000):
        text = str((2 * (chance.getrandbits(53) | 1 << 52) + 1) << chance.randrange(9))

        assert bits(double(text)) == bits(float(text)), text


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789.eE+- daitmhnput', max_size=60))
@example('{"data":[[1,')
@example('{"data":[[1.')
@example('{"data":[[1e-')
@example('{"data":[[-')
@example('{"method":"')
def test_no_body_does_harm_and_what_is_read_is_what_it_says(body: bytes | str) -> None:
    given = body if isinstance(body, bytes) else body.encode()
    exactly = bytearray(given)  # no zero behind it, as there is behind bytes

    found = NumberReader(2).read(exactly)

    if found is not None:
        assert rows_of(found, 2)[2] == json.loads(given)[found.key]


@given(
    st.lists(st.lists(st.integers() | st.floats(), min_size=1, max_size=3), max_size=4),
    st.integers(0, 40),
    st.sampled_from(list('[]{}",:0123456789.eE+- ')),
)
def test_what_both_ways_read_is_the_same(rows: list[list[Any]], at: int, letter: str) -> None:
    text = json.dumps({"data": rows})
    broken = (text[: at % len(text)] + letter + text[at % len(text) + 1 :]).encode()
    for body in (text.encode(), broken):
        for width in (1, 2, 3):
            reader = NumberReader(width)
            quick, slow = reader.read(body), reader.read_slowly(body)

            assert (quick is None) is (slow is None)
            if quick is not None:
                assert rows_of(quick, width) == rows_of(slow, width)


FLAT = ["[1, 2.5, -3e2]", "[]", "[ 7 ]", "[1,]", "[,1]", "[[1]]", "[1", "1", "", "[1] 2", "[null]"]


@pytest.mark.parametrize("datatype", ["FP64", "FP32", "INT64"])
@pytest.mark.parametrize("text", [*FLAT, "[9223372036854775807, -9223372036854775808]", "[-0]"])
def test_flat_lists_are_the_same_both_ways(text: str, datatype: str) -> None:
    quick = numbers.flat(text.encode(), datatype)
    slow = numbers.flat_slowly(text.encode(), datatype)

    assert (None if quick is None else bytes(quick)) == slow


@pytest.mark.parametrize(
    "text", ["[9223372036854775808]", "[-9223372036854775809]", "[1.0]", "[1e2]", "[01]", "[1.]"]
)
def test_what_is_no_whole_number_of_64_bits_is_left_to_others(text: str) -> None:
    assert numbers.flat(text.encode(), "INT64") is None


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_every_whole_number_comes_back(given: list[int]) -> None:
    data = numbers.flat(json.dumps(given).encode(), "INT64")

    assert data is not None
    assert list(memoryview(data).cast("B").cast("q")) == given


def test_a_body_takes_no_more_memory_than_some_times_its_size() -> None:
    narrow = b'{"data":[' + b",".join([b"[1]"] * 100_000) + b"]}"
    uneven = b'{"data":[[' + b"1" * 9 + b"]," + b",".join([b"[1]"] * 100_000) + b"]}"
    for body in (narrow, uneven):
        tracemalloc.start()
        try:
            found = NumberReader(1).read(body)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert found is not None
        assert most < 8 * len(body)


def test_a_row_wider_than_the_body_reserves_nothing() -> None:
    for width in (2**31, 2**62):
        assert numbers.native.rows(b'{"data":[[1]]}', (b"data",), False, width) is None


def test_a_long_number_is_read_in_a_time_that_grows_with_its_length_only() -> None:
    assert double("0." + "1" * 1_000_000) == float("0." + "1" * 17)


def test_an_exponent_counts_whole_also_where_a_million_zeros_are_before_it() -> None:
    zeros = "0." + "0" * 999_999

    assert double(f"{zeros}1e10000000") is None  # too large for a double
    assert double(f"{zeros}1e1000000") == 1.0


def test_the_table_of_powers_is_that_of_its_source() -> None:
    table = struct.unpack(f"={2 * (powers.GREATEST - powers.LEAST + 1)}Q", powers.table())

    at = -powers.LEAST * 2
    assert table[at : at + 2] == (1 << 63, 0)  # 5**0
    assert table[at + 2 : at + 4] == (5 << 61, 0)
    assert table[at - 2 : at] == (0xCCCCCCCCCCCCCCCC, 0xCCCCCCCCCCCCCCCD)
    assert all(high >> 63 for high in table[::2])
    assert set(CODES) >= {"FP64", "FP32", "INT64"}
