/* UDP datagrams, several in one system call: those that wait are taken together, and what they led to is sent together.

   transport/datagram_socket.py uses it where it was built. Between two datagrams the system's own code and data would
   push a message's out of the processor's caches, and back.

   What a thread receives into is made once and lives as long as the process; threads that receive end with it.
*/

#define _GNU_SOURCE
#include <Python.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <time.h>

#define MOST 16 /* datagrams in one call */
#define LARGEST 65536
#define LONGEST_AGE 60.0 /* seconds beyond which it is the clock that has jumped */
#define NO_LITERAL -1 /* in place of an errno */
#define CONTROL CMSG_SPACE(sizeof(struct timespec))

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

struct inbox {
    struct mmsghdr messages[MOST];
    struct iovec parts[MOST];
    union address sources[MOST];
    _Alignas(struct cmsghdr) char control[MOST][CONTROL];
    char room[MOST][LARGEST];
};

static __thread struct inbox *inbox;

static struct inbox *own_inbox(void) {
    if (inbox) return inbox;
    struct inbox *made = PyMem_RawCalloc(1, sizeof *made);
    if (!made) return (struct inbox *)PyErr_NoMemory();
    for (int i = 0; i < MOST; i++) {
        made->parts[i] = (struct iovec){made->room[i], LARGEST};
        made->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &made->sources[i], .msg_iov = &made->parts[i], .msg_iovlen = 1, .msg_control = made->control[i]};
    }
    return inbox = made;
}

/* Seconds a datagram has waited since the system took it, 0 when it does not say. */
static double age(struct msghdr *message, const struct timespec *now) {
    for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one; one = CMSG_NXTHDR(message, one)) {
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_TIMESTAMPNS) continue;
        struct timespec then;
        memcpy(&then, CMSG_DATA(one), sizeof then);
        double waited = (double)(now->tv_sec - then.tv_sec) + (double)(now->tv_nsec - then.tv_nsec) * 1e-9;
        return waited > 0 && waited < LONGEST_AGE ? waited : 0;
    }
    return 0;
}

static PyObject *host_of(const union address *source, socklen_t size) {
    char text[NI_MAXHOST];
    if (!size) text[0] = '\0';
    else if (source->any.sa_family == AF_INET) {
        const unsigned char *octets = (const unsigned char *)&source->four.sin_addr;
        char *end = text;
        for (int i = 0; i < 4; i++) {
            unsigned octet = octets[i];
            if (octet >= 100) *end++ = (char)('0' + octet / 100);
            if (octet >= 10) *end++ = (char)('0' + octet / 10 % 10);
            *end++ = (char)('0' + octet % 10);
            *end++ = '.';
        }
        end[-1] = '\0';
    } else if (getnameinfo(&source->any, size, text, sizeof text, NULL, 0, NI_NUMERICHOST)) text[0] = '\0';
    return PyUnicode_FromString(text);
}

static PyObject *received(struct mmsghdr *one, const struct timespec *now) {
    const union address *source = one->msg_hdr.msg_name;
    socklen_t size = one->msg_hdr.msg_namelen; /* 0 when the socket was shut down */
    uint16_t port = !size ? 0 : source->any.sa_family == AF_INET6 ? source->six.sin6_port : source->four.sin_port;
    PyObject *data = PyBytes_FromStringAndSize(one->msg_hdr.msg_iov->iov_base, one->msg_len);
    PyObject *host = host_of(source, size);
    PyObject *number = PyLong_FromLong(ntohs(port)), *waited = PyFloat_FromDouble(age(&one->msg_hdr, now));
    PyObject *made = data && host && number && waited ? PyTuple_Pack(4, data, host, number, waited) : NULL;
    Py_XDECREF(data);
    Py_XDECREF(host);
    Py_XDECREF(number);
    Py_XDECREF(waited);
    return made;
}

static PyObject *receive(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 2) return PyErr_Format(PyExc_TypeError, "receive(fd, flags)");
    int fd = (int)PyLong_AsLong(args[0]), flags = (int)PyLong_AsLong(args[1]), taken;
    struct inbox *in = own_inbox();
    if (!in || PyErr_Occurred()) return NULL;
    for (int i = 0; i < MOST; i++) {
        in->messages[i].msg_hdr.msg_namelen = sizeof(union address);
        in->messages[i].msg_hdr.msg_controllen = CONTROL;
    }
    Py_BEGIN_ALLOW_THREADS
    do taken = recvmmsg(fd, in->messages, MOST, flags | MSG_WAITFORONE, NULL);
    while (taken < 0 && errno == EINTR); /* crossing.c has each thread signalled now and then */
    Py_END_ALLOW_THREADS
    if (taken < 0) return PyErr_SetFromErrno(PyExc_OSError);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    PyObject *list = PyList_New(taken);
    for (int i = 0; list && i < taken; i++) {
        PyObject *one = received(&in->messages[i], &now);
        if (one) PyList_SET_ITEM(list, i, one);
        else Py_CLEAR(list);
    }
    return list;
}

/* The address of a datagram (data, host, port); 0 when that is not a plain literal and a port. */
static socklen_t read_target(PyObject *datagram, union address *target) {
    Py_ssize_t size;
    const char *host = PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(datagram, 1), &size);
    long port = PyLong_AsLong(PyTuple_GET_ITEM(datagram, 2));
    if (!host || strlen(host) != (size_t)size || port < 0 || port > 65535) {
        PyErr_Clear();
        return 0;
    }
    memset(target, 0, sizeof *target);
    if (inet_pton(AF_INET, host, &target->four.sin_addr) == 1) {
        target->four.sin_family = AF_INET;
        target->four.sin_port = htons((uint16_t)port);
        return sizeof target->four;
    }
    if (inet_pton(AF_INET6, host, &target->six.sin6_addr) == 1) {
        target->six.sin6_family = AF_INET6;
        target->six.sin6_port = htons((uint16_t)port);
        return sizeof target->six;
    }
    return 0;
}

static int is_datagram(PyObject *one) {
    return PyTuple_Check(one) && PyTuple_GET_SIZE(one) == 3 && PyBytes_Check(PyTuple_GET_ITEM(one, 0)) &&
           PyUnicode_Check(PyTuple_GET_ITEM(one, 1)) && PyLong_Check(PyTuple_GET_ITEM(one, 2));
}

/* Send what has a target; each one's errno goes into `errors`. */
static void send_all(int fd, struct mmsghdr *messages, int count, int *errors) {
    int at = 0;
    while (at < count) {
        int sent = sendmmsg(fd, messages + at, count - at, MSG_DONTWAIT);
        for (int i = 0; i < sent; i++) errors[at++] = 0;
        if (sent < 0 && errno != EINTR) errors[at++] = errno;
    }
}

/* Send at most MOST datagrams; what failed is added to `failed`, and numbered from `first`. */
static int send_some(int fd, PyObject *const *datagrams, int count, PyObject *failed, Py_ssize_t first) {
    struct mmsghdr messages[MOST];
    struct iovec parts[MOST];
    union address targets[MOST];
    int errors[MOST], sent_errors[MOST], places[MOST], ready = 0;
    for (int i = 0; i < count; i++) {
        if (!is_datagram(datagrams[i])) {
            PyErr_Format(PyExc_TypeError, "(bytes, host, port), not %R", datagrams[i]);
            return -1;
        }
        errors[i] = NO_LITERAL;
        socklen_t size = read_target(datagrams[i], &targets[ready]);
        if (!size) continue;
        PyObject *data = PyTuple_GET_ITEM(datagrams[i], 0);
        parts[ready] = (struct iovec){PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data)};
        messages[ready].msg_hdr = (struct msghdr){
            .msg_name = &targets[ready], .msg_namelen = size, .msg_iov = &parts[ready], .msg_iovlen = 1};
        places[ready++] = i;
    }
    Py_BEGIN_ALLOW_THREADS
    send_all(fd, messages, ready, sent_errors);
    Py_END_ALLOW_THREADS
    for (int i = 0; i < ready; i++) errors[places[i]] = sent_errors[i];
    for (int i = 0; i < count; i++) {
        if (!errors[i]) continue;
        PyObject *told = Py_BuildValue("(ni)", first + i, errors[i]);
        int added = told ? PyList_Append(failed, told) : -1;
        Py_XDECREF(told);
        if (added < 0) return -1;
    }
    return 0;
}

static PyObject *send_datagrams(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 2 || !PyTuple_Check(args[1])) return PyErr_Format(PyExc_TypeError, "send(fd, tuple of datagrams)");
    int fd = (int)PyLong_AsLong(args[0]);
    PyObject *failed = PyErr_Occurred() ? NULL : PyList_New(0), *const *datagrams = &PyTuple_GET_ITEM(args[1], 0);
    Py_ssize_t size = PyTuple_GET_SIZE(args[1]);
    for (Py_ssize_t at = 0; failed && at < size; at += MOST) {
        int some = size - at < MOST ? (int)(size - at) : MOST;
        if (send_some(fd, datagrams + at, some, failed, at) < 0) Py_CLEAR(failed);
    }
    return failed;
}

static PyMethodDef methods[] = {
    {"receive", (PyCFunction)(void (*)(void))receive, METH_FASTCALL,
     "receive(fd, flags): a list of (data, host, port, seconds waited), at least one unless MSG_DONTWAIT says so."},
    {"send", (PyCFunction)(void (*)(void))send_datagrams, METH_FASTCALL,
     "send(fd, ((data, host, port), ...)): (place, errno) of each that was not sent, errno -1 for no plain literal."},
    {NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "datagrams",
    .m_doc = "UDP datagrams, several in one system call.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit_datagrams(void) {
    return PyModuleDef_Init(&definition);
}
