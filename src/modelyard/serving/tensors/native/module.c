/*
 * Rows of JSON numbers straight into the memory of an array, and back: see ../numbers.py and
 * ../number_texts.py, which work without this module too, some times slower.
 *
 * Whatever is not plainly what is looked for is None; the caller then reads it some other way,
 * which takes more and can say what is wrong.
 */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include "lists.h"
#include "writing.h"

static int prepared, prepared_to_write;

/* A text without escapes; 0 for any other. */
static int take_text(Text *text, Text *found) {
    if (!take(text, '"')) return 0;
    found->at = text->at;
    for (; text->at < text->end; text->at++) {
        unsigned char c = (unsigned char)*text->at;
        if (c == '"') {
            found->end = text->at++;
            return 1;
        }
        if (c == '\\' || c < 0x20) return 0;
    }
    return 0;
}

static int same(Text text, const char *word, Py_ssize_t size) {
    return text.end - text.at == size && !memcmp(text.at, word, (size_t)size);
}

/* Which of a tuple of bytes a text is; -1 where none. */
static Py_ssize_t place_in(PyObject *names, Text text) {
    for (Py_ssize_t at = 0; at < PyTuple_Size(names); at++) {
        char *name;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(names, at), &name, &size)) return -1;
        if (same(text, name, size)) return at;
    }
    return -1;
}

/* What is found in an object. */
typedef struct {
    Py_ssize_t key, count;
    PyObject *method;
    Growing data;
} Found;

/* The member of an object that begins here: 1 when it was one of those looked for. */
static int take_member(Text *text, PyObject *keys, int methods, Py_ssize_t width, Found *found) {
    Text name, value;
    if (!take_text(text, &name)) return 0;
    skip_space(text);
    if (!take(text, ':')) return 0;
    skip_space(text);
    if (methods && same(name, "method", 6)) {
        if (found->method || !take_text(text, &value)) return 0;
        found->method = PyUnicode_DecodeUTF8(value.at, value.end - value.at, NULL);
        if (!found->method && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) PyErr_Clear();
        return found->method != NULL;
    }
    if (found->count || (found->key = place_in(keys, name)) < 0) return 0;
    found->count = take_rows(text, width, &found->data);
    return found->count > 0;
}

static int take_object(Text *text, PyObject *keys, int methods, Py_ssize_t width, Found *found) {
    skip_space(text);
    if (!take(text, '{')) return 0;
    do {
        skip_space(text);
        if (!take_member(text, keys, methods, width, found)) return 0;
        skip_space(text);
    } while (take(text, ','));
    if (!take(text, '}') || !found->count) return 0;
    skip_space(text);
    return text->at == text->end;
}

/* None, unless an exception is set; lets go of what was made. */
static PyObject *nothing(PyObject *made, PyObject *other) {
    Py_XDECREF(made);
    Py_XDECREF(other);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static int usable(void) {
    if (!prepared) PyErr_SetString(PyExc_RuntimeError, "prepare() comes first");
    return prepared;
}

static PyObject *rows(PyObject *Py_UNUSED(self), PyObject *args) {
    Py_buffer body;
    PyObject *keys;
    int methods;
    Py_ssize_t width;
    if (!usable() ||
        !PyArg_ParseTuple(args, "y*O!pn", &body, &PyTuple_Type, &keys, &methods, &width))
        return NULL;
    Text text = {body.buf, (char *)body.buf + body.len};
    Found found = {-1, 0, NULL, {NULL, NULL, 0}};
    /* wider than its text: nothing is multiplied that could be too large */
    int good = width > 0 && width <= body.len && take_object(&text, keys, methods, width, &found);
    PyBuffer_Release(&body);
    if (!good) return nothing(found.method, found.data.object);
    if (!found.method) {
        Py_INCREF(Py_None);
        found.method = Py_None;
    }
    return Py_BuildValue("nNnN", found.key, found.method, found.count, found.data.object);
}

static PyObject *flat(PyObject *Py_UNUSED(self), PyObject *args) {
    Py_buffer body;
    int letter;
    if (!usable() || !PyArg_ParseTuple(args, "y*C", &body, &letter)) return NULL;
    Text text = {body.buf, (char *)body.buf + body.len};
    Growing data = {NULL, NULL, 0};
    int good = letter == 'd' || letter == 'f' || letter == 'q';
    skip_space(&text);
    good = good && take_flat(&text, (char)letter, &data);
    skip_space(&text);
    good = good && text.at == text.end;
    PyBuffer_Release(&body);
    return good ? data.object : nothing(data.object, NULL);
}

/* A table for this module; 0 with an exception set. */
static int take_table(PyObject *table, void *place, Py_ssize_t size) {
    Py_buffer given;
    if (PyObject_GetBuffer(table, &given, PyBUF_SIMPLE)) return 0;
    int fits = given.len == size;
    if (fits) memcpy(place, given.buf, (size_t)size);
    PyBuffer_Release(&given);
    if (!fits) PyErr_Format(PyExc_ValueError, "the table must have %zd bytes", size);
    return fits;
}

static PyObject *prepare(PyObject *Py_UNUSED(self), PyObject *table) {
    if (!take_table(table, powers, sizeof powers)) return NULL;
    prepared = 1;
    Py_RETURN_NONE;
}

static PyObject *prepare_to_write(PyObject *Py_UNUSED(self), PyObject *table) {
    if (!take_table(table, powers_of_ten, sizeof powers_of_ten)) return NULL;
    prepared_to_write = 1;
    Py_RETURN_NONE;
}

static PyObject *write_numbers(PyObject *Py_UNUSED(self), PyObject *args) {
    Py_buffer data;
    int letter;
    Py_ssize_t width, before, behind;
    const char *start, *end;
    if (!prepared_to_write) {
        PyErr_SetString(PyExc_RuntimeError, "prepare_to_write() comes first");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "y*Cny#y#", &data, &letter, &width, &start, &before, &end, &behind))
        return NULL;
    Py_ssize_t size = letter == 'f' ? 4 : 8, count = data.len / size, written = 0;
    if (letter != 'd' && letter != 'f' && letter != 'q')
        PyErr_SetString(PyExc_ValueError, "the letter must be d, f or q");
    else if (data.len % size || width < 0 || (width && count % width))
        PyErr_SetString(PyExc_ValueError, "the data must be whole numbers, in whole rows");
    else {
        Numbers numbers = {data.buf, (char)letter, count, width, 0, 0};
        written = put_list((Text){start, start + before}, &numbers, (Text){end, end + behind});
    }
    PyBuffer_Release(&data);
    PyObject *text = written ? PyBytes_FromStringAndSize(desk.memory, written) : NULL;
    tidy_up();
    return text;
}

static PyMethodDef methods[] = {
    {"rows", rows, METH_VARARGS,
     "rows(body, keys, methods, width) -> (key's place, method, count, data) or None"},
    {"flat", flat, METH_VARARGS, "flat(body, letter) -> data or None"},
    {"prepare", prepare, METH_O, "prepare(table): the powers of five, once"},
    {"write", write_numbers, METH_VARARGS,
     "write(data, letter, width, start, end) -> JSON between the two, in rows unless width is 0"},
    {"prepare_to_write", prepare_to_write, METH_O, "prepare_to_write(table): powers of ten, once"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_json_numbers", "Rows of JSON numbers.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__json_numbers(void) {
#ifdef __SSE4_1__
    if (!__builtin_cpu_supports("sse4.1")) {
        PyErr_SetString(PyExc_ImportError, "the processor is older than what this was built for");
        return NULL;
    }
#endif
    return PyModule_Create(&definition);
}
