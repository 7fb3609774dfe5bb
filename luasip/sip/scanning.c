/* Finds the lines of a message in one pass, and the parts of its Via, From, To, Call-ID, CSeq and Max-Forwards; and the
   end of a message in a stream: what parser.py, values.py and framing.py do for every message, in C.

   It does the usual message only: each line ends in CRLF, the first is "METHOD URI SIP/2.0" or "SIP/2.0 STATUS REASON",
   a further one begins with a token and a colon, no control character stands between. Of any other it says so (None),
   and parser.py, which defines how a message is split, reads it from the start; so nothing here decides what is wrong
   with a message. The same goes for values: an unusual one is left to message.py and values.py.

   Everything here reads between the two ends of one string that does not change. It keeps no reference, and what it was
   taught is written once, when the parser is imported. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LONGEST_NAME = 39, PLACES = 1024, MOST_LINES = 128, MOST_UNKNOWN = 8, MOST_KNOWN = 127, MOST_DIGITS = 9 };
enum { LONGEST_VALUE = 0xFFFF, LONGEST_HOST = 255, MOST_PORT = 65535, PORT_DIGITS = 5, MOST_HOPS = 255 };
enum { MOST_REPEATED = 3, WIDTH = 5 };

/* The numbers a table begins with: see header_lines.py. */
enum {
    BODY_START,
    CONTENT_LENGTH,
    REPEATED,
    HEADERS_START = REPEATED + MOST_REPEATED,
    METHOD_END,
    URI_END,
    LONGEST_LINE,
    FOUND,
    VIA_PARTS,
    FROM_PARTS = VIA_PARTS + 3,
    TO_PARTS = FROM_PARTS + 3,
    CSEQ_PARTS = TO_PARTS + 3,
    HOPS = CSEQ_PARTS + 2,
    HEAD
};

/* What is read of the first value of a name. A usual value has the bit 1 << role in FOUND, a From or To with a usual URI
   one more. */
enum { NOTHING, LENGTH, VIA, FROM, TO, CALL_ID, CSEQ, MAX_FORWARDS, ROLES, FROM_URI = ROLES, TO_URI };

/* What a character can be in, one bit each: a Call-ID; a host; the user part of a usual URI; a URI on the request line
   (VISIBLE_TABLE of grammar.py); one in angle brackets; a display name without quotes. */
enum { OF_CALL_ID = 1, OF_HOST = 2, OF_USER = 4, OF_LINE = 8, OF_BRACKETS = 16, OF_NAME = 32 };

typedef unsigned char byte;

/* A known name in its usual spelling. */
typedef struct {
    byte letters[LONGEST_NAME];
    byte length; /* 0: nothing stands here */
    int32_t code;
} Name;

typedef struct {
    Name names[PLACES];
    byte lower[256]; /* of a token's characters in lower case, 0 for what cannot be in a token */
    byte kinds[256]; /* bits of what a character can be in */
    byte roles[MOST_KNOWN + 1]; /* by code */
    int count;
} Taught;

static int same(const byte *lower, const byte *one, const byte *other, size_t length) {
    if (!memcmp(one, other, length)) return 1;
    for (size_t i = 0; i < length; i++)
        if (lower[one[i]] != lower[other[i]]) return 0;
    return 1;
}

/* Where a name of one to LONGEST_NAME letters of a token stands, or would. There is a free place: see teach_name(). */
static Name *place_of(Taught *taught, const byte *letters, size_t length) {
    const byte *lower = taught->lower;
    size_t last = length - 1;
    unsigned place = (unsigned)length + lower[letters[0]] * 37U + lower[letters[last / 2]] * 7U;
    place += lower[letters[last]] * 131U;
    for (;; place++) {
        Name *name = &taught->names[place % PLACES];
        if (!name->length || (name->length == length && same(lower, name->letters, letters, length))) return name;
    }
}

/* -------------------------------------------------------------------------------------------------------- one value */

/* The value of one to MOST_DIGITS digits, -1 for anything else. */
static int32_t short_number(const byte *at, size_t size) {
    int32_t number = 0;
    if (size < 1 || size > MOST_DIGITS) return -1;
    for (size_t i = 0; i < size; i++) {
        if (at[i] < '0' || at[i] > '9') return -1;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

/* Whether the rest, from `at` on, is `prefix` and a token. */
static int is_sole_token(const Taught *taught, const byte *text, size_t at, size_t size, const char *prefix) {
    size_t length = strlen(prefix);
    if (size - at <= length || memcmp(text + at, prefix, length)) return 0;
    for (at += length; at < size; at++)
        if (!taught->lower[text[at]]) return 0;
    return 1;
}

/* Offset of the "<" behind the display name, and in `name_end` the name's; -1 when it is no usual name. */
static int64_t display_name(const Taught *taught, const byte *text, size_t size, size_t *name_end) {
    size_t at = 0;
    if (size && text[0] == '"') {
        for (at = 1; at < size && text[at] != '"'; at++)
            if (text[at] == '\\' || text[at] == '\n') return -1;
        if (at == size) return -1;
        *name_end = ++at;
        while (at < size && (text[at] == ' ' || text[at] == '\t')) at++;
    } else {
        while (at < size && taught->kinds[text[at]] & OF_NAME) at++;
        *name_end = at;
    }
    return at < size && text[at] == '<' ? (int64_t)at : -1;
}

static int64_t name_addr_parts(const Taught *taught, const byte *text, size_t size) {
    size_t name_end = 0, close;
    int64_t open = display_name(taught, text, size, &name_end);
    if (open < 0) return -1;
    for (close = (size_t)open + 1; close < size && taught->kinds[text[close]] & OF_BRACKETS; close++)
        ;
    if (close == size || text[close] != '>' || !memchr(text + open, ':', close - (size_t)open)) return -1;
    if (close + 1 < size && !is_sole_token(taught, text, close + 1, size, ";tag=")) return -1;
    return (int64_t)name_end | open << 16 | (int64_t)close << 32;
}

/* The offset behind the host that begins at `first`, and behind its port if it has one; 0 when that is no usual host and
   port. `host_end` and `port_above`, which is one more than the port, are set. */
static size_t host_port(const Taught *taught, const byte *text, size_t first, size_t size, size_t *host_end,
                        int64_t *port_above) {
    size_t at = first, digits;
    for (; at < size && taught->kinds[text[at]] & OF_HOST; at++)
        if (text[at] == '.' && (at == first || text[at - 1] == '.')) return 0;
    if (at == first || at - first > LONGEST_HOST) return 0;
    *host_end = at;
    *port_above = 0;
    if (at == size || text[at] != ':') return at;
    digits = ++at;
    while (at < size && text[at] >= '0' && text[at] <= '9') at++;
    if (at == digits || at - digits > PORT_DIGITS || text[digits] == '0') return 0;
    *port_above = short_number(text + digits, at - digits) + 1;
    return *port_above <= MOST_PORT + 1 ? at : 0;
}

static int64_t via_parts(const Taught *taught, const byte *text, size_t size) {
    static const char udp[] = "SIP/2.0/UDP ", tcp[] = "SIP/2.0/TCP ";
    size_t first = sizeof udp - 1, host_end;
    int64_t port_above;
    if (size < first || (memcmp(text, udp, first) && memcmp(text, tcp, first))) return -1;
    size_t at = host_port(taught, text, first, size, &host_end, &port_above);
    if (!at || !is_sole_token(taught, text, at, size, ";branch=")) return -1;
    return (int64_t)host_end | (int64_t)at << 16 | port_above << 32;
}

/* Whether it is "sip:", perhaps a user of characters that need no look, "@", a host and perhaps a port: uri.py would take
   it. */
static int is_usual_uri(const Taught *taught, const byte *text, size_t size) {
    size_t at = 4, host_end;
    int64_t port_above;
    if (size < at || memcmp(text, "sip:", at)) return 0;
    while (at < size && taught->kinds[text[at]] & OF_USER) at++;
    at = at < size && text[at] == '@' ? at + 1 : 4;
    return at != 5 && host_port(taught, text, at, size, &host_end, &port_above) == size;
}

/* ------------------------------------------------------------------------------------------------------ one message */

typedef struct {
    const byte *name;
    size_t length;
} Unknown;

typedef struct {
    int32_t head[HEAD];
    byte first[MOST_KNOWN + 1]; /* by code, the number of the first line with that name, counted from 1; 0: none */
    int32_t row[MOST_LINES][WIDTH];
} Table;

typedef struct {
    const byte *text;
    Taught *taught;
    Table table;
    int count; /* of lines */
    Unknown unknown[MOST_UNKNOWN];
    int unknown_count;
} Scan;

typedef byte Block __attribute__((vector_size(16)));

/* How many there are in `counts` of a block. */
static unsigned sum_of(Block counts) {
    const uint64_t evens = 0x00FF00FF00FF00FF, ones = 0x0001000100010001;
    uint64_t halves[2];
    memcpy(halves, &counts, sizeof halves);
    uint64_t sums = (halves[0] & evens) + (halves[0] >> 8 & evens) + (halves[1] & evens) + (halves[1] >> 8 & evens);
    return (unsigned)(sums * ones >> 48);
}

/* 0xFF in the place of each control character; TAB is none. */
static Block controls_in(Block block) {
    return (Block)(((block < 0x20) & (block != '\t')) | (block == 0x7F));
}

static size_t controls(const byte *at, size_t size) {
    enum { MOST_BLOCKS = 255 }; /* that a count of one byte can be of */
    size_t total = 0;
    Block block, none = {0}, counts = none;
    for (int blocks = 0; size >= sizeof block; at += sizeof block, size -= sizeof block) {
        memcpy(&block, at, sizeof block);
        counts -= controls_in(block);
        if (++blocks == MOST_BLOCKS) {
            total += sum_of(counts);
            counts = none;
            blocks = 0;
        }
    }
    memset(&block, ' ', sizeof block);
    memcpy(&block, at, size);
    return total + sum_of(counts) + sum_of(none - controls_in(block));
}

static int is_white(byte character) {
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* Note a name that is none of the known ones. 0 when one like it was before, or there are too many such. */
static int note_unknown(Scan *scan, const byte *name, size_t length) {
    for (int i = 0; i < scan->unknown_count; i++) {
        const Unknown *other = &scan->unknown[i];
        if (other->length == length && same(scan->taught->lower, other->name, name, length)) return 0;
    }
    if (scan->unknown_count == MOST_UNKNOWN) return 0;
    scan->unknown[scan->unknown_count].name = name;
    scan->unknown[scan->unknown_count++].length = length;
    return 1;
}

/* Note a known name that was there before. 0 when there are more that repeat than there is room for. */
static int note_repeated(int32_t *repeated, int32_t code) {
    for (int i = 0; i < MOST_REPEATED; i++) {
        if (repeated[i] == code) return 1;
        if (!repeated[i]) {
            repeated[i] = code;
            return 1;
        }
    }
    return 0;
}

static int is_call_id(const Taught *taught, const byte *at, size_t size) {
    int parts = 1;
    for (size_t i = 0; i < size; i++) {
        if (!(taught->kinds[at[i]] & OF_CALL_ID)) return 0;
        parts += at[i] == '@';
    }
    return size && parts <= 2;
}

/* Where the method begins, behind one to MOST_DIGITS digits and a space; 0 when it is no such value. */
static size_t cseq_method(const Taught *taught, const byte *at, size_t size) {
    size_t digits = 0;
    while (digits < size && digits <= MOST_DIGITS && at[digits] >= '0' && at[digits] <= '9') digits++;
    return digits && digits <= MOST_DIGITS && is_sole_token(taught, at, digits, size, " ") ? digits + 1 : 0;
}

/* Write where the parts of a value stand that begins at `from`. 0 when `places` says that it is not a usual one. */
static int set_parts(int32_t *parts, int64_t places, int32_t from) {
    if (places < 0) return 0;
    parts[0] = from + (int32_t)(places & 0xFFFF);
    parts[1] = from + (int32_t)((places >> 16) & 0xFFFF);
    parts[2] = (int32_t)(places >> 32);
    return 1;
}

/* The same for a From or To, `bit` being that of its URI. */
static int set_address(Scan *scan, int parts, int bit, int32_t from, size_t size) {
    const byte *at = scan->text + from;
    int64_t places = name_addr_parts(scan->taught, at, size);
    if (!set_parts(scan->table.head + parts, places, from)) return 0;
    size_t uri = ((size_t)(places >> 16) & 0xFFFF) + 1, close = (size_t)(places >> 32);
    scan->table.head[FOUND] |= is_usual_uri(scan->taught, at + uri, close - uri) << bit;
    return 1;
}

static int set_cseq(const Taught *taught, int32_t *parts, const byte *at, size_t size, int32_t from) {
    size_t method = cseq_method(taught, at, size);
    if (!method) return 0;
    parts[0] = short_number(at, method - 1);
    parts[1] = from + (int32_t)method;
    return 1;
}

static int set_hops(int32_t *hops, const byte *at, size_t size) {
    *hops = short_number(at, size);
    return *hops >= 0 && *hops <= MOST_HOPS;
}

/* Read what `role` says of the value; whether it is a usual one. */
static int read_value(Scan *scan, int role, int32_t from, int32_t to) {
    int32_t *head = scan->table.head;
    const Taught *taught = scan->taught;
    const byte *at = scan->text + from;
    size_t size = (size_t)(to - from);
    if (size > LONGEST_VALUE) return 0;
    switch (role) {
    case LENGTH: return (head[CONTENT_LENGTH] = short_number(at, size)) >= 0;
    case VIA: return set_parts(head + VIA_PARTS, via_parts(taught, at, size), from);
    case FROM: return set_address(scan, FROM_PARTS, FROM_URI, from, size);
    case TO: return set_address(scan, TO_PARTS, TO_URI, from, size);
    case CALL_ID: return is_call_id(taught, at, size);
    case CSEQ: return set_cseq(taught, head + CSEQ_PARTS, at, size, from);
    case MAX_FORWARDS: return set_hops(head + HOPS, at, size);
    default: return 0;
    }
}

/* Take the line that begins at `start`, whose last line end begins at `stop`. 0 when it is not a usual one. */
static int take_line(Scan *scan, int32_t start, int32_t stop) {
    Taught *taught = scan->taught;
    Table *table = &scan->table;
    const byte *text = scan->text, *name = text + start;
    size_t length = 0;
    while (taught->lower[name[length]]) length++; /* the CR at `stop` ends it at the latest */
    if (!length || name[length] != ':') return 0;
    const Name *known = length <= LONGEST_NAME ? place_of(taught, name, length) : NULL;
    int32_t code = known && known->length ? known->code : 0;
    int32_t from = start + (int32_t)length + 1, to = stop;
    while (from < to && is_white(text[from])) from++;
    while (to > from && is_white(text[to - 1])) to--;
    int32_t *row = table->row[scan->count++];
    row[0] = code, row[1] = start, row[2] = from, row[3] = to, row[4] = stop + 2;
    int is_first = !table->first[code];
    if (is_first) table->first[code] = (byte)scan->count;
    if (!code) return note_unknown(scan, name, length);
    int role = taught->roles[code];
    if (!is_first) return role != LENGTH && note_repeated(table->head + REPEATED, code);
    if (role == NOTHING) return 1;
    if (!read_value(scan, role, from, to)) return role != LENGTH;
    table->head[FOUND] |= 1 << role;
    return 1;
}

/* Take all lines up to the empty one. 0 when anything is unusual. */
static int take_lines(Scan *scan, int32_t first, int32_t length) {
    const byte *text = scan->text;
    int32_t start = first, stop = first, longest = 0;
    size_t line_ends = 0;
    for (;; start = stop + 2) {
        if (length - start < 2) return 0;
        if (text[start] == '\r' && text[start + 1] == '\n') break;
        for (stop = start;; stop += 2) { /* once more for each line it is continued on (RFC 3261 §7.3.1) */
            const byte *feed = memchr(text + stop, '\n', (size_t)(length - stop));
            if (!feed || feed == text + stop || feed[-1] != '\r') return 0;
            stop = (int32_t)(feed - text) - 1;
            line_ends++;
            if (stop + 2 == length) return 0;
            if (text[stop + 2] != ' ' && text[stop + 2] != '\t') break;
        }
        if (stop - start > longest) longest = stop - start;
        if (scan->count == MOST_LINES || !take_line(scan, start, stop)) return 0;
    }
    scan->table.head[BODY_START] = start + 2;
    scan->table.head[LONGEST_LINE] = longest;
    return controls(text + first, (size_t)(start - first)) == 2 * line_ends;
}

/* "METHOD URI SIP/2.0" with a URI of characters that need no enclosing (VISIBLE_TABLE of grammar.py). */
static int take_request_line(Scan *scan, int32_t stop) {
    static const char version[] = " SIP/2.0";
    const byte *text = scan->text;
    int32_t method_end = 0, uri_end = stop - (int32_t)sizeof version + 1;
    while (scan->taught->lower[text[method_end]]) method_end++; /* the CR at `stop` ends it at the latest */
    if (!method_end || text[method_end] != ' ' || method_end + 1 >= uri_end) return 0;
    if (memcmp(text + uri_end, version, sizeof version - 1)) return 0;
    for (int32_t at = method_end + 1; at < uri_end; at++)
        if (!(scan->taught->kinds[text[at]] & OF_LINE)) return 0;
    scan->table.head[METHOD_END] = method_end;
    scan->table.head[URI_END] = uri_end;
    return 1;
}

/* "SIP/2.0 STATUS REASON" without a control character. */
static int take_status_line(Scan *scan, int32_t stop) {
    const byte *text = scan->text;
    if (stop < 12 || text[11] != ' ') return 0;
    int32_t status = short_number(text + 8, 3);
    if (status < 100 || status > 699 || controls(text, (size_t)stop)) return 0;
    scan->table.head[METHOD_END] = status;
    return 1;
}

static int take_message(Scan *scan, int32_t length) {
    static const char version[] = "SIP/2.0 ";
    const byte *text = scan->text, *feed = memchr(text, '\n', (size_t)length);
    if (!feed || feed - text < (int)sizeof version || feed[-1] != '\r') return 0;
    int32_t stop = (int32_t)(feed - text) - 1;
    int is_response = !memcmp(text, version, sizeof version - 1);
    if (!(is_response ? take_status_line(scan, stop) : take_request_line(scan, stop))) return 0;
    scan->table.head[HEADERS_START] = stop + 2;
    return take_lines(scan, stop + 2, length);
}

#if PY_BIG_ENDIAN
static void turn(int32_t *numbers, int count) {
    for (int i = 0; i < count; i++) numbers[i] = (int32_t)__builtin_bswap32((uint32_t)numbers[i]);
}
#endif

static PyObject *scan(PyObject *module, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "a message is a str");
        return NULL;
    }
    if (PyUnicode_READY(text) < 0) return NULL;
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    Taught *taught = PyModule_GetState(module);
    if (PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND || length > INT32_MAX - 2 || !taught->count) Py_RETURN_NONE;
    Scan scan; /* the rows are written before they are read */
    Table *table = &scan.table;
    scan.text = PyUnicode_1BYTE_DATA(text);
    scan.taught = taught;
    scan.count = scan.unknown_count = 0;
    memset(table->head, 0, sizeof table->head);
    memset(table->first, 0, sizeof table->first);
    table->head[CONTENT_LENGTH] = -1;
    if (!take_message(&scan, (int32_t)length)) Py_RETURN_NONE;
#if PY_BIG_ENDIAN
    turn(table->head, HEAD);
    turn(table->row[0], scan.count * WIDTH);
#endif
    size_t size = offsetof(Table, row) + (size_t)scan.count * sizeof table->row[0];
    return PyBytes_FromStringAndSize((const char *)table, (Py_ssize_t)size);
}

/* --------------------------------------------------------------------------------------------- one message of a stream */

/* The value of the Content-Length line from `at` to its line end at `stop`, whose name has `length` letters; -1 when it is
   no usual one. */
static int32_t length_in(const byte *data, size_t at, size_t length, size_t stop) {
    if (data[at + length] != ':') return -1;
    size_t from = at + length + 1;
    while (from < stop && (data[from] == ' ' || data[from] == '\t')) from++;
    while (stop > from && (data[stop - 1] == ' ' || data[stop - 1] == '\t')) stop--;
    return short_number(data + from, stop - from);
}

/* The offset behind the message that begins at `start`; -1 when its headers are not all there, or anything in them that
   decides is unusual: a line that goes on, an end without CR, not one plain Content-Length. See framing.py. */
static int64_t end_of_message(Taught *taught, const byte *data, size_t start, size_t size) {
    int32_t body = -1;
    for (size_t at = start, next;; at = next) {
        const byte *feed = at < size ? memchr(data + at, '\n', size - at) : NULL;
        if (!feed || feed == data + at || feed[-1] != '\r') return -1;
        next = (size_t)(feed - data) + 1;
        if (next - at == 2) return at == start || body < 0 ? -1 : (int64_t)next + body;
        if (data[at] == ' ' || data[at] == '\t') return -1;
        if ((data[at] | 0x20) != 'c' && (data[at] | 0x20) != 'l') continue; /* neither Content-Length nor l */
        size_t length = 0;
        while (taught->lower[data[at + length]]) length++; /* the CR ends it at the latest */
        const Name *known = length <= LONGEST_NAME ? place_of(taught, data + at, length) : NULL;
        if (!known || !known->length || taught->roles[known->code] != LENGTH) continue;
        if (at == start || body >= 0 || (body = length_in(data, at, length, next - 2)) < 0) return -1;
    }
}

static PyObject *message_end(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    Taught *taught = PyModule_GetState(module);
    if (count != 2 || !PyBytes_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "message_end(data, start)");
        return NULL;
    }
    Py_ssize_t start = PyLong_AsSsize_t(arguments[1]), size = PyBytes_GET_SIZE(arguments[0]);
    if (PyErr_Occurred()) return NULL;
    if (start < 0 || start > size || !taught->count) return PyLong_FromLong(-1);
    const byte *data = (const byte *)PyBytes_AS_STRING(arguments[0]);
    return PyLong_FromLongLong(end_of_message(taught, data, (size_t)start, (size_t)size));
}

/* ---------------------------------------------------------------------------------------------- one value by itself */

typedef int64_t Parts(const Taught *, const byte *, size_t);

static PyObject *parts_of(PyObject *module, PyObject *text, Parts *parts) {
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "a value is a str");
        return NULL;
    }
    if (PyUnicode_READY(text) < 0) return NULL;
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    if (PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND || size > LONGEST_VALUE) return PyLong_FromLong(-1);
    return PyLong_FromLongLong(parts(PyModule_GetState(module), PyUnicode_1BYTE_DATA(text), (size_t)size));
}

static PyObject *name_addr(PyObject *module, PyObject *text) {
    return parts_of(module, text, name_addr_parts);
}

static PyObject *via(PyObject *module, PyObject *text) {
    return parts_of(module, text, via_parts);
}

/* --------------------------------------------------------------------------------------------------- what is known */

static int teach_name(Taught *taught, PyObject *spelling, PyObject *number) {
    Py_ssize_t length;
    const char *letters = PyUnicode_Check(spelling) ? PyUnicode_AsUTF8AndSize(spelling, &length) : NULL;
    long code = PyLong_AsLong(number);
    if (PyErr_Occurred()) return 0;
    int is_name = letters && length >= 1 && length <= LONGEST_NAME;
    if (!is_name || code < 1 || code > MOST_KNOWN || taught->count >= PLACES / 2) {
        PyErr_Format(PyExc_ValueError, "%R: %R cannot be the name of a header and its code", spelling, number);
        return 0;
    }
    Name *name = place_of(taught, (const byte *)letters, (size_t)length);
    memcpy(name->letters, letters, (size_t)length);
    name->length = (byte)length;
    name->code = (int32_t)code;
    taught->count++;
    return 1;
}

/* All bits of a character but that of a Call-ID. */
static byte kinds_of(byte c) {
    byte small = c | 0x20, kinds = 0;
    int is_word = (c >= '0' && c <= '9') || (small >= 'a' && small <= 'z') || c == '-' || c == '.' || c == '_';
    if (is_word) kinds |= OF_HOST;
    if (is_word || (c && strchr("!~*'()&=+$/", c))) kinds |= OF_USER;
    if (c > ' ' && c != 0x7F && c != '<' && c != '>' && c != '"') kinds |= OF_LINE;
    if (c != ' ' && c != '\t' && c != '<' && c != '>') kinds |= OF_BRACKETS;
    if (c >= ' ' && c != 0x7F && c != '<' && c != '"' && c != ',' && c != ';') kinds |= OF_NAME;
    return kinds;
}

static PyObject *teach(PyObject *module, PyObject *arguments) {
    PyObject *codes, *spelling, *number;
    const char *token, *of_call_id, *roles;
    Py_ssize_t place = 0, count;
    Taught *taught = PyModule_GetState(module);
    if (!PyArg_ParseTuple(arguments, "O!ssy#", &PyDict_Type, &codes, &token, &of_call_id, &roles, &count)) return NULL;
    memset(taught, 0, sizeof *taught);
    for (; *token; token++) {
        byte letter = (byte)*token;
        taught->lower[letter] = letter >= 'A' && letter <= 'Z' ? (byte)(letter + 32) : letter;
    }
    for (int c = 0; c < 256; c++) taught->kinds[c] = kinds_of((byte)c);
    for (; *of_call_id; of_call_id++) taught->kinds[(byte)*of_call_id] |= OF_CALL_ID;
    for (Py_ssize_t code = 0; code < count; code++) {
        if (code > MOST_KNOWN || (byte)roles[code] >= ROLES) {
            PyErr_SetString(PyExc_ValueError, "no such role, or too many");
            return NULL;
        }
        taught->roles[code] = (byte)roles[code];
    }
    while (PyDict_Next(codes, &place, &spelling, &number))
        if (!teach_name(taught, spelling, number)) return NULL;
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------------------------------------ the Python module */

static PyMethodDef methods[] = {
    {"scan", scan, METH_O, "scan(text): the table of its lines and values, None when it is not a usual message."},
    {"message_end", (PyCFunction)(void (*)(void))message_end, METH_FASTCALL,
     "message_end(data, start): the offset behind the usual message of a stream that begins there, or -1."},
    {"name_addr", name_addr, METH_O, "name_addr(text): where the parts of a usual name-addr stand, or -1."},
    {"via", via, METH_O, "via(text): where the parts of a usual Via value stand, or -1."},
    {"teach", teach, METH_VARARGS,
     "teach(codes, token, of_call_id, roles): the names and their codes; characters; what is read of values."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "scanning",
    .m_doc = "Finds the lines and some values of a usual message.",
    .m_size = sizeof(Taught),
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit_scanning(void) {
    return PyModuleDef_Init(&definition);
}
