/* Runs of digits: eight at a time, and sixteen where the processor can shuffle bytes. */

#ifndef MODELYARD_DIGITS_H
#define MODELYARD_DIGITS_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

static const uint64_t tens[] = {
    1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull,
    1000000000ull, 10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull,
    100000000000000ull, 1000000000000000ull, 10000000000000000ull,
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

/*
 * The number that the digits at the beginning of sixteen bytes spell; `*count` is how many they
 * are.
 */
static inline uint64_t value_of_sixteen(const char *p, unsigned *count) {
#ifdef __SSE4_1__
    /* from `count` on: where the bytes come from that go behind zeros (0x80 makes one) */
    static const unsigned char places[32] = {
        0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
        0x80, 0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,
        14,   15,
    };
    __m128i values = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8('0'));
    __m128i good = _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values);
    *count = (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(good));
    values = _mm_shuffle_epi8(values, _mm_loadu_si128((const __m128i *)(places + *count)));
    values = _mm_maddubs_epi16(values, _mm_set1_epi16(0x010A));     /* tens and ones */
    values = _mm_madd_epi16(values, _mm_set1_epi32(0x00010064));    /* hundreds */
    values = _mm_packus_epi32(values, values);
    values = _mm_madd_epi16(values, _mm_set1_epi32(0x00012710));    /* ten thousands */
    uint64_t halves = (uint64_t)_mm_cvtsi128_si64(values);
    return (halves & 0xFFFFFFFFu) * tens[8] + (halves >> 32);
#else
    uint64_t found = 0;
    *count = (unsigned)(take_digits(p, p + 16, &found) - p);
    return found;
#endif
}

#endif
