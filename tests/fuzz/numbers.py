"""
The reader of numbers in C against msgspec's: `make fuzz` runs it.

What both read must be the same; what only one reads is a finding, except for what the one in C
leaves to others on purpose (keys twice or with escapes, null as a method).
"""

import sys

import atheris

with atheris.instrument_imports(include=["modelyard.serving.tensors.numbers"]):
    from modelyard.serving.tensors import numbers

READERS = [numbers.NumberReader(width) for width in (1, 2, 5)]


PIECES = [
    b'{"data":[[', b']]}', b'"method":"predict"', b'"inputs":[[', b"],[", b"[", b"]", b"{", b"}",
    b",", b", ", b":", b" ", b"\n", b"-", b"+", b".", b"e", b"E", b"0", b"00000000", b"1", b"9",
    b"17976931348623157", b"4503599627370497", b"0.1", b"2.2250738585072014e-308", b"5e-324",
    b"99999999", b"12345678", b"e308", b"e-30", b"null", b"true", b'"', b"\\", b"\x00", b"\xff",
]  # fmt: skip
"""Each byte of the fuzzer's stands for one of them."""


def test_one_input(seed: bytes) -> None:
    pieces = [PIECES[byte % len(PIECES)] for byte in seed[1:]]
    data = b"".join([b'{"data":[[' if seed[:1] > b"\x80" else b"", *pieces])
    body = bytearray(data)
    for reader in READERS:
        quick, slow = reader.read(body), reader.read_slowly(data)
        if quick is not None and quick != slow:
            raise AssertionError(f"{quick} instead of {slow}")
        if quick is None and slow is not None and not left_to_others(data):
            raise AssertionError(f"only msgspec reads {slow}")
    for datatype in numbers.FLAT:
        found, wanted = numbers.flat(body, datatype), numbers.flat_slowly(data, datatype)
        if found is not None and found != wanted:
            raise AssertionError(f"{found!r} instead of {wanted!r} for {datatype}")


def left_to_others(data: bytes) -> bool:
    names = [b'"%b"' % key.encode() for key in (*numbers.KEYS, "method")]
    return b"\\" in data or b"null" in data or any(data.count(name) > 1 for name in names)


if __name__ == "__main__":
    if numbers.native is None:
        sys.exit("the module in C was not built: no compiler")
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
