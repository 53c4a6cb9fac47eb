/* Numbers to digits, eight and sixteen of them at a time. */

#ifndef MODELYARD_SPELLING_H
#define MODELYARD_SPELLING_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#define DIGITS 17 /* of a double, at most */

static const uint64_t units[] = {
    1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull,
    1000000000ull, 10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull,
    100000000000000ull, 1000000000000000ull, 10000000000000000ull, 100000000000000000ull,
};

/* The digits of a number below 10**8, the first one in the lowest byte. */
static inline uint64_t eight_digits(uint64_t number) {
    uint64_t fours = number / 10000 | (number % 10000) << 32;
    /* 10486 / 2**20 is 1 / 100, near enough for four digits, and 103 / 2**10 is 1 / 10 for two */
    uint64_t hundreds = ((fours * 10486) >> 20) & 0x0000007F0000007Full;
    uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
    uint64_t tens_of = ((twos * 103) >> 10) & 0x000F000F000F000Full;
    return tens_of | (twos - 10 * tens_of) << 8;
}

#define AS_TEXT 0x3030303030303030ull /* makes digits of eight values */

static inline char *put_word(char *out, uint64_t word) {
    memcpy(out, &word, 8);
    return out + 8;
}

/*
 * The digits of a number, `count` without the zeros at the end: one, and 16 as text.
 *
 * Both kinds can be put to `out` and `rest`, and to `out` with room for a point behind the first
 * `1 + exponent`, where `exponent` is 0 to 15.
 */
#ifdef __SSE4_1__
typedef struct {
    __m128i rest;
    char first;
    int count;
} Spelled;

/* Sixteen values of two numbers below 10**8, as `eight_digits` finds them. */
static inline __m128i sixteen_digits(uint64_t high, uint64_t low) {
    __m128i all = _mm_set_epi64x((long long)low, (long long)high), parts;
    /* 3518437209 / 2**45 is 1 / 10000, 5243 / 2**19 is 1 / 100, 6554 / 2**16 is 1 / 10 */
    parts = _mm_srli_epi64(_mm_mul_epu32(all, _mm_set1_epi64x(3518437209)), 45);
    all = _mm_sub_epi64(all, _mm_mul_epu32(parts, _mm_set1_epi64x(10000)));
    all = _mm_or_si128(parts, _mm_slli_epi64(all, 32));
    parts = _mm_srli_epi16(_mm_mulhi_epu16(all, _mm_set1_epi16(5243)), 3);
    all = _mm_sub_epi16(all, _mm_mullo_epi16(parts, _mm_set1_epi16(100)));
    all = _mm_or_si128(parts, _mm_slli_epi32(all, 16));
    parts = _mm_mulhi_epu16(all, _mm_set1_epi16(6554));
    all = _mm_sub_epi16(all, _mm_mullo_epi16(parts, _mm_set1_epi16(10)));
    return _mm_or_si128(parts, _mm_slli_epi16(all, 8));
}

/* Of a number that has 17 digits. */
static inline Spelled spelled(uint64_t number) {
    uint64_t rest = number % units[16];
    __m128i values = sixteen_digits(rest / units[8], rest % units[8]);
    unsigned zeros = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(values, _mm_setzero_si128()));
    Spelled found;
    found.first = (char)('0' + number / units[16]);
    found.rest = _mm_or_si128(values, _mm_set1_epi8('0'));
    found.count = 32 - __builtin_clz((~zeros & 0xFFFF) << 1 | 1);
    return found;
}

static inline void put_digits(char *out, char *rest, Spelled digits) {
    *out = digits.first;
    _mm_storeu_si128((__m128i *)rest, digits.rest);
}

static inline void put_parted(char *out, Spelled digits, int exponent) {
    __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m128i before = _mm_cmplt_epi8(places, _mm_set1_epi8((char)exponent));
    __m128i moved = _mm_slli_si128(digits.rest, 1);
    put_digits(out, out + 2, digits); /* the last of them stays */
    _mm_storeu_si128((__m128i *)(out + 1), _mm_blendv_epi8(moved, digits.rest, before));
}
#else
typedef struct {
    uint64_t high, low;
    char first;
    int count;
} Spelled;

/* Of a number that has 17 digits. */
static inline Spelled spelled(uint64_t number) {
    uint64_t rest = number % units[16];
    uint64_t high = eight_digits(rest / units[8]), low = eight_digits(rest % units[8]);
    Spelled found;
    found.first = (char)('0' + number / units[16]);
    found.high = high | AS_TEXT;
    found.low = low | AS_TEXT;
    found.count = low    ? DIGITS - __builtin_clzll(low) / 8
                  : high ? 9 - __builtin_clzll(high) / 8
                         : 1;
    return found;
}

static inline void put_digits(char *out, char *rest, Spelled digits) {
    *out = digits.first;
    memcpy(rest, &digits.high, 8);
    memcpy(rest + 8, &digits.low, 8);
}

static inline void put_parted(char *out, Spelled digits, int exponent) {
    int bits = 8 * (exponent & 7);
    put_digits(out, out + 1, digits);
    if (exponent < 8) digits.high = digits.high >> bits | digits.low << 1 << (63 - bits);
    uint64_t next = digits.low >> bits;
    if (exponent < 8) memcpy(out + exponent + 2, &digits.high, 8);
    memcpy(out + (exponent < 8 ? exponent + 10 : exponent + 2), &next, 8);
}
#endif

#endif
