import contextlib
import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors import npy


def saved(array: Any, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


ARRAYS = {
    "rows": np.arange(6).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "big-endian": np.arange(3, dtype=">f4"),
    "big-endian fortran": np.asfortranarray(np.arange(6, dtype=">u2").reshape(2, 3)),
    "half": np.float16([1, 2]),
    "truth": np.array([[True], [False]]),
    "texts": np.array(["a", "ßx"]),
    "big-endian texts": np.array(["ab", "c"], dtype=">U3"),
    "alone": np.array(7, dtype="int8"),
    "empty": np.zeros((0, 3)),
}


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("name", ARRAYS)
def test_what_numpy_saves_is_read_and_what_we_write_numpy_loads(
    name: str, version: tuple[int, int]
) -> None:
    array = ARRAYS[name]

    tensor = npy.read(saved(array, version))
    again = np.load(io.BytesIO(npy.written(tensor)))

    assert tensor.shape == array.shape
    assert tensor.nested() == array.tolist()
    assert again.shape == array.shape
    assert again.tolist() == array.tolist()


def test_bytes_of_a_fixed_width_are_texts() -> None:
    assert npy.read(saved(np.array([b"a", b"xy"]))).values() == ["a", "xy"]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([{}], dtype=object), "Python objects"),
        (np.array([1j]), "'<c16'"),
        (np.zeros(2, dtype=[("a", "f8")]), "'<f8'"),
        (np.array(["2020"], dtype="M8[D]"), "'<M8[D]'"),
        (np.zeros(1, dtype="f16"), "'<f16'"),
    ],
)
def test_other_types_are_refused_by_name(array: Any, words: str) -> None:
    with pytest.raises(Refusal, match=r"The \.npy file") as refused:
        npy.read(saved(array))

    assert refused.value.status == 400
    assert words in refused.value.message


def with_header(text: str, data: bytes = b"") -> bytes:
    header = text.encode()
    return npy.MAGIC + b"\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x93NUMPY",
        b"PK\x03\x04",
        npy.MAGIC + b"\x09\x00\x00\x00",
        npy.MAGIC + b"\x01\x00\xff\xff",
        with_header("{'descr': '<f8'}"),
        with_header("print('x')"),
        with_header("(" * 9000),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", b"short"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9,)}"),
        with_header("{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", b"\xff" * 4),
        with_header("{'descr': 3, 'fortran_order': False, 'shape': ()}"),
        with_header("{'descr': '<U" + "9" * 5000 + "', 'fortran_order': False, 'shape': (1,)}"),
        with_header(
            f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({'9' * 3000}, {'9' * 3000})}}"
        ),
        with_header("{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,)}"),
    ],
)
def test_a_broken_file_is_a_400(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        npy.read(body)

    assert refused.value.status == 400


def test_a_large_shape_without_values_costs_nothing() -> None:
    header = "{'descr': '<f8', 'fortran_order': True, 'shape': (1000000000000, 0)}"

    assert npy.read(with_header(header)).count == 0


@given(st.binary(max_size=200), st.integers(0, 100))
def test_no_bytes_do_more_than_be_refused(noise: bytes, at: int) -> None:
    whole = bytearray(saved(np.arange(6.0)))
    whole[at : at + len(noise)] = noise

    for body in (bytes(whole), noise, npy.MAGIC + noise):
        with contextlib.suppress(Refusal):
            npy.read(body).values()
