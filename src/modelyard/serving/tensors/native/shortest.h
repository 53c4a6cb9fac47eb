/*
 * The shortest digits that a double is read back from; of several the ones nearest to it.
 *
 * Raffaello Giulietti, "The Schubfach way to render doubles", 2021: whatever lies between the
 * middles to the neighbours of a double is read as that double. The two middles and the double are
 * scaled by one power of ten, such that between the middles lies a whole number, and at most one
 * multiple of ten.
 */

#ifndef MODELYARD_SHORTEST_H
#define MODELYARD_SHORTEST_H

#include "decimal.h"

#define LEAST_TEN (-292)
#define GREATEST_TEN 324
#define TENS (GREATEST_TEN - LEAST_TEN + 1)
#define FRACTION 0xFFFFFFFFFFFFFu

/* Of each power of ten the first 128 bits, rounded up, high and low half; see powers.py. */
static uint64_t powers_of_ten[TENS][2];

/* `number` times ten to the `power`. */
typedef struct {
    uint64_t number;
    int power;
} Decimal;

/*
 * The whole part of `number` times a power of ten; its last bit is 1 also where there is a rest.
 *
 * As the power was rounded up, the 64 bits behind the whole part may be too large by one, so that 1
 * is no rest. Where a rest decides, which is next to what `chosen` compares with, it is 2**-62.6 or
 * more, and as far from the next whole number.
 */
static inline uint64_t scaled(const uint64_t *ten, uint64_t number) {
    Wide product = (Wide)ten[0] * number + (uint64_t)(((Wide)ten[1] * number) >> 64);
    return (uint64_t)(product >> 64) | ((uint64_t)product > 1);
}

/*
 * The number to write, where all three are four times what they stand for: the one multiple of ten
 * between the limits, else the one whole number, else the nearer one of two, and the even one where
 * both are as near. Without branches, as every one would be guessed wrong half of the time.
 */
static inline Decimal chosen(uint64_t lower, uint64_t value, uint64_t upper, int power) {
    uint64_t below = value / 4, rounded = below / 10, middle = 4 * below + 2;
    int ten_under = lower <= 40 * rounded, ten_over = 40 * rounded + 40 <= upper;
    int under = lower <= 4 * below, over = 4 * below + 4 <= upper, one_ten = ten_under ^ ten_over;
    int nearer = (value > middle) | ((value == middle) & (int)(below & 1));
    int both = under == over; /* or none */
    over = (over & (both ^ 1)) | (nearer & both);
    uint64_t one = below + (uint64_t)over, ten = rounded + (uint64_t)ten_over;
    return (Decimal){one ^ ((one ^ ten) & (0 - (uint64_t)one_ten)), power + one_ten};
}

/*
 * Of a double's bits, which are those of a positive one. Zeros may be left at the end.
 *
 * 1262611 / 2**22 is the logarithm of two to the base of ten, -524031 / 2**22 that of 3/4, and
 * 1741647 / 2**19 that of ten to the base of two, near enough for these powers.
 */
static inline Decimal shortest(uint64_t bits) {
    uint64_t fraction = bits & FRACTION, number = fraction;
    int exponent = (int)(bits >> 52), power = -1074;
    if (exponent) {
        number |= FRACTION + 1;
        power = exponent - 1075;
    }
    if (power <= 0 && power > -53 && !(number & ((1ull << -power) - 1)))
        return (Decimal){number >> -power, 0}; /* a whole one: all others are further away */
    int uneven = !fraction && exponent > 1; /* the neighbour below is only half as far away */
    int ten = (power * 1262611 - (uneven ? 524031 : 0)) >> 22;
    int shift = power + ((-ten * 1741647) >> 19) + 1;
    const uint64_t *by = powers_of_ten[-ten - LEAST_TEN];
    uint64_t odd = number & 1; /* the middles themselves are read as the even neighbour */
    uint64_t lower = scaled(by, (4 * number - 2 + (uint64_t)uneven) << shift) + odd;
    uint64_t value = scaled(by, 4 * number << shift);
    uint64_t upper = scaled(by, (4 * number + 2) << shift) - odd;
    return chosen(lower, value, upper, ten);
}

#endif
