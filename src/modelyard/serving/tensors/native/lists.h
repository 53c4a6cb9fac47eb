/* Lists of numbers, and lists of such lists, into memory that grows as they come. */

#ifndef MODELYARD_LISTS_H
#define MODELYARD_LISTS_H

#include "decimal.h"

/* A bytearray with room for some numbers of eight bytes; `object` is NULL before the first. */
typedef struct {
    PyObject *object;
    char *memory;
    Py_ssize_t room;
} Growing;

static inline void skip_space(Text *text) {
    const char *p = text->at, *end = text->end;
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) p++;
    text->at = p;
}

static inline int take(Text *text, char wanted) {
    if (text->at == text->end || *text->at != wanted) return 0;
    text->at++;
    return 1;
}

/* A number, and the space behind it. */
static inline int take_number(Text *text, double *out) {
    const char *next = text->end - text->at >= QUICK_BYTES ? quick_double(text->at, out) : NULL;
    if (next)
        text->at = next;
    else if (!take_double(text, out))
        return 0;
    skip_space(text);
    return 1;
}

/* Room for so many bytes; 0 with an exception set where there is no memory. */
static int make_room(Growing *to, Py_ssize_t size) {
    if (!to->object) {
        to->object = PyByteArray_FromStringAndSize(NULL, size);
        if (!to->object) return 0;
    } else if (PyByteArray_Resize(to->object, size))
        return 0;
    to->memory = PyByteArray_AsString(to->object);
    to->room = size;
    return 1;
}

/*
 * `[[…], …]` with `width` numbers in each, at least one row, as doubles. Returns their count; 0
 * where it is anything else, perhaps with an exception set.
 *
 * A row is at least twice `width` bytes of text, so that what is allocated stays within some
 * times the size of the text.
 */
static Py_ssize_t take_rows(Text *text, Py_ssize_t width, Growing *to) {
    const char *first = text->at;
    Py_ssize_t count = 0, row_size = 8 * width;
    if (!take(text, '[')) return 0;
    do {
        skip_space(text);
        if (!take(text, '[') || text->end - text->at < 2 * width) return 0;
        if ((count + 1) * row_size > to->room) {
            /* as many more as there is text for, should the rest be like what was read */
            Py_ssize_t read = text->at - first, left = text->end - text->at;
            Py_ssize_t more = count ? (Py_ssize_t)((double)left / (double)read * (double)count) : 0;
            if (!make_room(to, (count + 1 + more + more / 16) * row_size)) return 0;
        }
        char *place = to->memory + count * row_size;
        for (Py_ssize_t column = 0; column < width; column++) {
            double number;
            if (column && !take(text, ',')) return 0;
            skip_space(text);
            if (!take_number(text, &number)) return 0;
            memcpy(place + 8 * column, &number, 8);
        }
        if (!take(text, ']')) return 0;
        count++;
        skip_space(text);
    } while (take(text, ','));
    if (!take(text, ']')) return 0;
    return make_room(to, count * row_size) ? count : 0;
}

/* One number of a flat list, as the letter of `struct` says; 0 where it is none. */
static inline int take_as(Text *text, char letter, char *place) {
    double number;
    int64_t integer;
    if (letter == 'q') {
        if (!take_integer(text, &integer)) return 0;
        memcpy(place, &integer, 8);
        return 1;
    }
    if (!take_number(text, &number)) return 0;
    if (letter == 'f') {
        float single = (float)number;
        memcpy(place, &single, 4);
    } else
        memcpy(place, &number, 8);
    return 1;
}

/* `[…]` of numbers ('d', 'f' or 'q'). Returns 1; 0 as above. */
static int take_flat(Text *text, char letter, Growing *to) {
    const char *first = text->at;
    Py_ssize_t size = letter == 'f' ? 4 : 8, used = 0;
    if (!take(text, '[')) return 0;
    skip_space(text);
    if (take(text, ']')) return make_room(to, 0);
    do {
        skip_space(text);
        if (used + size > to->room) {
            Py_ssize_t read = text->at - first, left = text->end - text->at;
            Py_ssize_t more = (Py_ssize_t)((double)left / (double)read * (double)used);
            more = more < 2 * size * left ? more : 2 * size * left;
            if (!make_room(to, used + size * 16 + (more + more / 16) / size * size)) return 0;
        }
        if (!take_as(text, letter, to->memory + used)) return 0;
        used += size;
        skip_space(text);
    } while (take(text, ','));
    return take(text, ']') && make_room(to, used);
}

#endif
