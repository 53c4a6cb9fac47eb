/*
 * Runs of digits, eight at a time. (Sixteen at a time, with the shuffles of SSE 4.1, was no quicker.)
 */

#ifndef MODELYARD_DIGITS_H
#define MODELYARD_DIGITS_H

#include <stdint.h>
#include <string.h>

static const uint64_t tens[] = {
    1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull,
};

static inline int is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

/* How many of eight bytes, the first one lowest, are digits before one that is none. */
static inline unsigned digits_of(uint64_t eight) {
    uint64_t values = eight ^ 0x3030303030303030u; /* a digit's byte is 0 to 9 now */
    uint64_t others = ((values + 0x7676767676767676u) | values) & 0x8080808080808080u;
    return others ? (unsigned)__builtin_ctzll(others) >> 3 : 8;
}

/* The number that eight digits spell: pairs, then pairs of pairs, then both halves. */
static inline uint64_t value_of(uint64_t eight) {
    eight -= 0x3030303030303030u;
    eight = eight * 10 + (eight >> 8);
    return (((eight & 0x000000FF000000FFu) * (100 + (1000000ull << 32))) +
            (((eight >> 16) & 0x000000FF000000FFu) * (1 + (10000ull << 32)))) >> 32;
}

/* The first `count` (up to 7) of eight bytes behind zeros, so that the last is the ones'. */
static inline uint64_t last_of(uint64_t eight, unsigned count) {
    return (eight << 8) << (8 * (7 - count)) | 0x3030303030303030u >> (8 * count);
}

/*
 * All digits from `p` on, behind those in `*number`, which wraps around where they are too many;
 * returns the first byte that is none.
 */
static inline const char *take_digits(const char *p, const char *end, uint64_t *number) {
    uint64_t eight, found = *number;
    while (end - p >= 8) {
        memcpy(&eight, p, 8);
        unsigned count = digits_of(eight);
        if (count < 8) {
            *number = found * tens[count] + value_of(last_of(eight, count));
            return p + count;
        }
        found = found * 100000000u + value_of(eight);
        p += 8;
    }
    while (p < end && is_digit(*p)) found = found * 10 + (uint64_t)(*p++ - '0');
    *number = found;
    return p;
}

#endif
