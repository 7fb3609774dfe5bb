/* What a thread has for itself, found without a look-up; threading.local goes through three dictionaries for it.

   server/working.py and lock.py use it where it was built. The objects live as long as the process, also when their thread
   does not: threads of the server end with it, but for those that were written off.
*/

#include <Python.h>

static __thread PyObject *mine, *number;

static PyObject *own(PyObject *module, PyObject *make) {
    if (!mine) mine = PyObject_CallNoArgs(make);
    return Py_XNewRef(mine);
}

static PyObject *get_ident(PyObject *module, PyObject *nothing) {
    if (!number) number = PyLong_FromVoidPtr(&number);
    return Py_XNewRef(number);
}

static PyMethodDef methods[] = {
    {"own", own, METH_O, "own(make): the object of this thread, which make() has made when it first asked."},
    {"get_ident", get_ident, METH_NOARGS, "get_ident(): a number, not 0, that no other thread has. No new one each time."},
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
    .m_name = "own",
    .m_doc = "What a thread has for itself.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit_own(void) {
    return PyModuleDef_Init(&definition);
}
