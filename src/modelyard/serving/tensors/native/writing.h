/* Numbers as JSON, byte by byte as msgspec writes them, which does it without this module. */

#ifndef MODELYARD_WRITING_H
#define MODELYARD_WRITING_H

#include "shortest.h"
#include "spelling.h"

#define MOST_TEXT 28  /* `[-1.2345678901234567e-300],` has 27 bytes */
#define BEHIND 64     /* bytes behind a number that are written to before what comes next */
#define BLOCK 256     /* numbers that room is made for at once */

/* A number below 10**8 without zeros before it. */
static inline char *put_start(char *out, uint64_t number) {
    uint64_t digits = eight_digits(number);
    int zeros = digits ? __builtin_ctzll(digits) / 8 : 7;
    put_word(out, (digits | AS_TEXT) >> 8 * zeros);
    return out + 8 - zeros;
}

static inline char *put_integer(char *out, int64_t value) {
    uint64_t number = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    *out = '-';
    out += value < 0;
    if (number < units[8]) return put_start(out, number);
    uint64_t last = number % units[8], rest = number / units[8];
    if (rest < units[8])
        out = put_start(out, rest);
    else {
        out = put_start(out, rest / units[8]);
        out = put_word(out, eight_digits(rest % units[8]) | AS_TEXT);
    }
    return put_word(out, eight_digits(last) | AS_TEXT);
}

static inline int length_of(uint64_t number) {
    int about = (64 - __builtin_clzll(number)) * 1233 >> 12; /* the logarithm of two again */
    return about + (number >= units[about]);
}

/* `123.45`, `123.0` */
static inline char *put_fixed(char *out, Spelled digits, int exponent) {
    put_parted(out, digits, exponent);
    out[exponent + 1] = '.';
    return out + (digits.count > exponent + 1 ? digits.count + 1 : exponent + 3);
}

/* `0.0012345` */
static inline char *put_small(char *out, Spelled digits, int exponent) {
    memcpy(out, "0.000000", 8);
    out += 1 - exponent;
    put_digits(out, out + 1, digits);
    return out + digits.count;
}

/* `1.2345e-67`, `1e67` */
static inline char *put_scientific(char *out, Spelled digits, int exponent) {
    put_digits(out, out + 2, digits);
    out[1] = '.';
    out += digits.count > 1 ? digits.count + 1 : 1;
    *out++ = 'e';
    *out = '-';
    out += exponent < 0;
    return put_start(out, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

static inline char *put_double(char *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    uint64_t size = bits & INT64_MAX;
    if (size >= 0x7FFull << 52) {
        memcpy(out, "null", 4);
        return out + 4;
    }
    *out = '-';
    out += bits >> 63;
    if (!size) {
        memcpy(out, "0.0", 3);
        return out + 3;
    }
    Decimal found = shortest(size);
    int count = length_of(found.number), exponent = found.power + count - 1;
    Spelled digits = spelled(found.number * units[DIGITS - count]);
    if (exponent < -5 || exponent > 15) return put_scientific(out, digits, exponent);
    return exponent < 0 ? put_small(out, digits, exponent) : put_fixed(out, digits, exponent);
}

/* A number of the letter of `struct`, which may lie at any place. */
static inline char *put_number(char *out, char letter, const char *place) {
    if (letter == 'q') {
        int64_t integer;
        memcpy(&integer, place, 8);
        return put_integer(out, integer);
    }
    double number;
    if (letter == 'f') {
        float single;
        memcpy(&single, place, 4);
        number = (double)single;
    } else
        memcpy(&number, place, 8);
    return put_double(out, number);
}

/* What is to be written, and how far it is. */
typedef struct {
    const char *data;
    char letter;
    Py_ssize_t count, width, done, column;
} Numbers;

/* The next ones, each with a comma behind it. */
static char *put_block(char *out, Numbers *from, Py_ssize_t count) {
    const char *place = from->data;
    Py_ssize_t size = from->letter == 'f' ? 4 : 8, column = from->column, width = from->width;
    for (Py_ssize_t at = 0; at < count; at++, place += size) {
        if (width && !column) *out++ = '[';
        out = put_number(out, from->letter, place);
        if (width && ++column == width) {
            *out++ = ']';
            column = 0;
        }
        *out++ = ',';
    }
    from->data = place;
    from->column = column;
    from->done += count;
    return out;
}

/*
 * Where texts are written before their size is known. It is kept, up to a size, as fresh memory
 * costs a third of the time; the interpreter's lock guards it.
 */
static struct {
    char *memory;
    Py_ssize_t room;
} desk;

#define KEPT (1 << 20)

/*
 * Room for a block behind what is used, and for as much more as is left to write, should it be like
 * what was written. 0 with an exception set where there is no memory.
 */
static int room_for(Py_ssize_t used, Py_ssize_t block, const Numbers *from) {
    Py_ssize_t needed = used + block * MOST_TEXT + BEHIND;
    if (needed <= desk.room) return 1;
    if (from->done) {
        double each = (double)used / (double)from->done;
        Py_ssize_t more = (Py_ssize_t)((double)(from->count - from->done) * each);
        needed += more + more / 16;
    }
    char *memory = PyMem_Realloc(desk.memory, (size_t)needed);
    if (!memory) {
        PyErr_NoMemory();
        return 0;
    }
    desk.memory = memory;
    desk.room = needed;
    return 1;
}

static void tidy_up(void) {
    if (desk.room <= KEPT) return;
    PyMem_Free(desk.memory);
    desk.memory = NULL;
    desk.room = 0;
}

/* The size of `start[…]end` or `start[[…],…]end` on the desk; 0 with an exception set. */
static Py_ssize_t put_list(Text start, Numbers *from, Text end) {
    Py_ssize_t before = start.end - start.at, behind = end.end - end.at, used = before + 1;
    do {
        Py_ssize_t left = from->count - from->done, block = left < BLOCK ? left : BLOCK;
        if (!room_for(used + behind, block, from)) return 0;
        used = put_block(desk.memory + used, from, block) - desk.memory;
    } while (from->done < from->count);
    used += from->count == 0; /* else the last comma goes */
    memcpy(desk.memory, start.at, (size_t)before);
    desk.memory[before] = '[';
    desk.memory[used - 1] = ']';
    memcpy(desk.memory + used, end.at, (size_t)behind);
    return used + behind;
}

#endif
