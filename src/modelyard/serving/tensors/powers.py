"""The powers of five and ten that ``native/decimal.h`` and ``shortest.h`` multiply with."""

import struct

LEAST, GREATEST = -342, 308
"""The powers of ten that matter: what 19 digits times others give is 0 or too large."""

LEAST_TEN, GREATEST_TEN = -292, 324
"""The powers of ten that scale a double to 17 digits or less."""

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


def table_of_ten() -> bytes:
    """
    Of 10**-292 to 10**324 the first 128 bits each, rounded up, as two numbers like ``table``.

    R. Giulietti, "The Schubfach way to render doubles" (2021).
    """
    found = []
    for power in range(LEAST_TEN, GREATEST_TEN + 1):
        bits = _first_bits(10**power) if power >= 0 else _first_bits_of_reciprocal(10**-power)
        found += [bits >> 64, bits & (1 << 64) - 1]
    return struct.pack(f"={len(found)}Q", *found)


def _first_bits(number: int) -> int:
    surplus = number.bit_length() - _BITS
    return number << -surplus if surplus <= 0 else -(-number >> surplus)


def _first_bits_of_reciprocal(number: int) -> int:
    return -(-(1 << number.bit_length() - 1 + _BITS) // number)


def _reciprocal(power: int) -> int:
    """One more than 2**n // power, with n such that at least 128 bits are left."""
    size = (power - 1).bit_length()
    return (1 << 2 * size + _BITS) // power + 1 if size > 63 else (1 << size + 127) // power + 1


def _normal(number: int) -> int:
    """Moved so that its highest bit is the 128th; what falls off below is cut."""
    surplus = number.bit_length() - _BITS
    return number >> surplus if surplus >= 0 else number << -surplus
