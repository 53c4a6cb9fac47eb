"""The powers of five that ``native/decimal.h`` multiplies with."""

import struct

LEAST, GREATEST = -342, 308
"""The powers of ten that matter: what 19 digits times others give is 0 or too large."""

_BITS = 128


def table() -> bytes:
    """
    Of 5**-342 to 5**308 the first 128 bits each, as two 64-bit numbers, the high one first.

    Those of negative powers are reciprocals, rounded up so that their products are never too
    small: D. Lemire, "Number Parsing at a Gigabyte per Second" (2021), sections 5 and 6.
    """
    found = []
    for power in range(LEAST, GREATEST + 1):
        bits = _normal(5**power) if power >= 0 else _normal(_reciprocal(5**-power))
        found += [bits >> 64, bits & (1 << 64) - 1]
    return struct.pack(f"={len(found)}Q", *found)


def _reciprocal(power: int) -> int:
    """One more than 2**n // power, with n such that at least 128 bits are left."""
    size = (power - 1).bit_length()
    return (1 << 2 * size + _BITS) // power + 1 if size > 63 else (1 << size + 127) // power + 1


def _normal(number: int) -> int:
    """Moved so that its highest bit is the 128th; what falls off below is cut."""
    surplus = number.bit_length() - _BITS
    return number >> surplus if surplus >= 0 else number << -surplus
