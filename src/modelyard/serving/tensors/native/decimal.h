/*
 * Numbers as JSON writes them, to the nearest double, ties to even.
 *
 * Daniel Lemire, "Number Parsing at a Gigabyte per Second", Software: Practice and Experience 51
 * (8), 2021: up to 19 digits times a power of ten are multiplied with the first 64, if need be 128,
 * bits of that power of five. What this cannot decide goes to CPython's own, exact reader.
 *
 * Nothing is read at or behind `end`.
 */

#ifndef MODELYARD_DECIMAL_H
#define MODELYARD_DECIMAL_H

#include <Python.h>

#include "digits.h"

#if !defined(__SIZEOF_INT128__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "for 64-bit little-endian machines; elsewhere numbers are read without this module"
#endif

#define LEAST_POWER (-342)
#define GREATEST_POWER 308
#define POWERS (GREATEST_POWER - LEAST_POWER + 1)
#define MOST_DIGITS 19 /* that surely fit into 64 bits */
#define LARGE_EXPONENT 100000000000000000 /* more than any text has digits to make up for it */
#define QUICK_BYTES 24 /* sign, digit, point, 18 digits and what is behind them */

__extension__ typedef unsigned __int128 Wide;

/* Of each power of five the first 128 bits, high and low half; see powers.py. */
static uint64_t powers[POWERS][2];

typedef struct {
    const char *at, *end;
} Text;

/* By CPython; 0 where it is too large for a double, or there is no memory. */
static int read_exactly(const char *from, const char *to, double *out) {
    char short_one[64], *copy = short_one, *stopped;
    size_t size = (size_t)(to - from);
    if (size >= sizeof short_one && !(copy = PyMem_Malloc(size + 1))) return 0;
    memcpy(copy, from, size);
    copy[size] = 0;
    *out = PyOS_string_to_double(copy, &stopped, NULL);
    int good = stopped == copy + size && !PyErr_Occurred() && *out - *out == 0;
    PyErr_Clear();
    if (copy != short_one) PyMem_Free(copy);
    return good;
}

/*
 * `number` (not 0) times ten to the `power`: 1, or 0 where that cannot be told here, also because
 * it is not a normal double.
 */
static inline int nearest(uint64_t number, int64_t power, uint64_t sign, double *out) {
    if (power < LEAST_POWER || power > GREATEST_POWER) return 0;
    int empty = __builtin_clzll(number);
    const uint64_t *five = powers[power - LEAST_POWER];
    Wide product = (Wide)(number << empty) * five[0];
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    if ((high & 0x1FF) == 0x1FF) { /* what is cut off might carry into the bits that count */
        uint64_t more = (uint64_t)(((Wide)(number << empty) * five[1]) >> 64);
        low += more;
        high += low < more;
        if (low == UINT64_MAX && (power < -27 || power > 55)) return 0;
    }
    unsigned upper = (unsigned)(high >> 63), cut = upper + 9;
    uint64_t bits = high >> cut;
    /* 217706 / 2**16 is the logarithm of ten to the base of two, near enough for these powers */
    int64_t exponent = ((217706 * power) >> 16) + 63 + (int64_t)upper - empty + 1023;
    if (exponent <= 0) return 0;
    int halfway = low <= 1 && power >= -4 && power <= 23 && (bits & 3) == 1;
    if (halfway && bits << cut == high) bits &= ~(uint64_t)1; /* to even */
    bits = (bits + (bits & 1)) >> 1;
    exponent += (int64_t)(bits >> 53); /* rounded up to a power of two: all other bits are 0 */
    if (exponent >= 2047) return 0;
    bits = (bits & 0xFFFFFFFFFFFFFu) | (uint64_t)exponent << 52 | sign << 63;
    memcpy(out, &bits, 8);
    return 1;
}

/* Digits without the zeros before them. */
static size_t significant(const char *from, const char *to, size_t digits) {
    for (; from < to && (*from == '0' || *from == '.'); from++) digits -= *from == '0';
    return digits;
}

/* A number at the beginning of the text, taken from it; 0 where there is none that fits. */
static inline int take_double(Text *text, double *out) {
    const char *p = text->at, *end = text->end, *from = p;
    if (p == end) return 0;
    uint64_t number = 0, sign = *p == '-';
    int64_t power = 0;
    const char *whole = p += sign;
    while (p < end && is_digit(*p)) number = number * 10 + (uint64_t)(*p++ - '0');
    size_t digits = (size_t)(p - whole);
    if (!digits || (digits > 1 && *whole == '0')) return 0;
    const char *integer = p;
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = take_digits(p, end, &number);
        if (p == fraction) return 0;
        power = fraction - p;
        digits += (size_t)(p - fraction);
    }
    const char *mantissa = p;
    if (p < end && (*p == 'e' || *p == 'E')) {
        int64_t exponent = 0;
        int minus = ++p < end && *p == '-';
        p += p < end && (*p == '-' || *p == '+');
        const char *first = p;
        for (; p < end && is_digit(*p); p++)
            if (exponent < LARGE_EXPONENT) exponent = exponent * 10 + (*p - '0');
        if (p == first) return 0;
        power += minus ? -exponent : exponent;
    }
    text->at = p;
    if (digits > MOST_DIGITS && significant(whole, mantissa, digits) > MOST_DIGITS)
        return read_exactly(from, p, out);
    if (!number) {
        *out = sign && p != integer ? -0.0 : 0.0; /* -0 is an integer, which has no such zero */
        return 1;
    }
    return nearest(number, power, sign, out) || read_exactly(from, p, out);
}

/*
 * The same for what most numbers are: `d.ddd`, with or without a minus, up to 18 digits behind the
 * point. The first byte behind it, or NULL where it is anything else, or hard to round.
 * For who knows that QUICK_BYTES can be read.
 */
static inline const char *quick_double(const char *p, double *out) {
    uint64_t sign = *p == '-';
    p += sign;
    unsigned whole = (unsigned char)(*p - '0'), count;
    if (whole > 9 || p[1] != '.') return NULL;
    p += 2;
    uint64_t number = value_of_sixteen(p, &count);
    number += whole * tens[count];
    p += count;
    for (; count >= 16 && count < 18 && is_digit(*p); p++, count++)
        number = number * 10 + (uint64_t)(*p - '0');
    if (!count || !number || is_digit(*p) || *p == 'e' || *p == 'E') return NULL;
    int empty = __builtin_clzll(number);
    Wide product = (Wide)(number << empty) * powers[-(int)count - LEAST_POWER][0];
    uint64_t high = (uint64_t)(product >> 64);
    if ((high & 0x1FF) == 0x1FF || (uint64_t)product <= 1) return NULL; /* see `nearest` */
    unsigned upper = (unsigned)(high >> 63);
    uint64_t bits = high >> (upper + 9);
    bits = (bits + (bits & 1)) >> 1;
    int64_t exponent = ((-217706 * (int64_t)count) >> 16) + 63 + (int64_t)upper - empty + 1022;
    bits += (uint64_t)exponent << 52; /* and the highest bit of the number itself is one more */
    bits |= sign << 63;
    memcpy(out, &bits, 8);
    return p;
}

/* A whole number that fits into 64 bits, written without point and exponent. */
static inline int take_integer(Text *text, int64_t *out) {
    const char *p = text->at, *end = text->end;
    if (p == end) return 0;
    uint64_t number = 0, negative = *p == '-';
    const char *first = p += negative;
    for (; p < end && is_digit(*p) && p - first < MOST_DIGITS; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    if (p == first || (p - first > 1 && *first == '0')) return 0;
    if (p < end && (is_digit(*p) || *p == '.' || *p == 'e' || *p == 'E')) return 0;
    if (number > (uint64_t)INT64_MAX + negative) return 0;
    *out = (int64_t)(negative ? 0 - number : number);
    text->at = p;
    return 1;
}

#endif
