/* The short way between Python and a Lua state that lupa made: what every message passes many times.

   lupa carries any object either way. A callback of a route script needs nil, booleans, numbers and strings only, and no
   look at attributes, so here a Lua function is a closure over a Python callable, and a Python callable a reference to a
   Lua function. Everything else, first of all the state itself, stays lupa's. Where this module was not built lupa does
   its work as well (script/runtime.py).

   Two rules hold throughout. Lua runs while this thread has let go of Python ("detached"), so that a script keeps no
   other thread waiting. And Lua's errors are jumps: what may raise one (anything that makes a string) is only called
   detached, and with no reference to a Python object that would then be lost.

   The limits of a script cost nothing while it keeps them: a hook that counts costs as much again as the instructions it
   counts, so it is set when a call has already run for some time (see "Calls that last").

   The module is both: Python imports it, and Lua loads it (package.loadlib), which is how it gets at the state. It has
   no Lua of its own but uses that inside lupa, whose functions it looks up by name. Lua 5.4 and Linux only. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <Python.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------ Lua 5.4, by name */

typedef struct lua_State lua_State;
typedef long long lua_Integer;
typedef int (*lua_CFunction)(lua_State *);
typedef int (*lua_KFunction)(lua_State *, int, ptrdiff_t);
typedef void (*lua_Hook)(lua_State *, void *);

enum { TYPE_NIL, TYPE_BOOLEAN, TYPE_LIGHTUSERDATA, TYPE_NUMBER, TYPE_STRING, TYPE_FUNCTION = 6 };
enum { REGISTRY = -1001000, MAIN_THREAD = 1, GLOBALS = 2, MASK_COUNT = 8, ALL_RESULTS = -1 };
enum { GC_COUNT = 3, GC_COUNT_REST }; /* KiB, and the bytes beyond */
enum { ENDED, YIELDED }; /* of lua_resume; anything else is a failure */
#define UPVALUE(number) (REGISTRY - (number))

#define LUA_FUNCTIONS(F)                                                  \
    F(int, lua_, gettop, (lua_State *))                                   \
    F(void, lua_, settop, (lua_State *, int))                             \
    F(int, lua_, checkstack, (lua_State *, int))                          \
    F(int, lua_, type, (lua_State *, int))                                \
    F(const char *, lua_, typename, (lua_State *, int))                   \
    F(int, lua_, isinteger, (lua_State *, int))                           \
    F(lua_Integer, lua_, tointegerx, (lua_State *, int, int *))           \
    F(double, lua_, tonumberx, (lua_State *, int, int *))                 \
    F(int, lua_, toboolean, (lua_State *, int))                           \
    F(const char *, lua_, tolstring, (lua_State *, int, size_t *))        \
    F(const char *, lua_, getupvalue, (lua_State *, int, int))            \
    F(void *, lua_, touserdata, (lua_State *, int))                       \
    F(lua_State *, lua_, tothread, (lua_State *, int))                    \
    F(void, lua_, pushnil, (lua_State *))                                 \
    F(void, lua_, pushboolean, (lua_State *, int))                        \
    F(void, lua_, pushinteger, (lua_State *, lua_Integer))                \
    F(void, lua_, pushnumber, (lua_State *, double))                      \
    F(const char *, lua_, pushlstring, (lua_State *, const char *, size_t)) \
    F(void, lua_, pushvalue, (lua_State *, int))                          \
    F(void, lua_, rotate, (lua_State *, int, int))                        \
    F(void, lua_, pushlightuserdata, (lua_State *, void *))               \
    F(void, lua_, pushcclosure, (lua_State *, lua_CFunction, int))        \
    F(void *, lua_, newuserdatauv, (lua_State *, size_t, int))            \
    F(void, lua_, createtable, (lua_State *, int, int))                   \
    F(void, lua_, setfield, (lua_State *, int, const char *))             \
    F(int, lua_, setmetatable, (lua_State *, int))                        \
    F(int, lua_, rawget, (lua_State *, int))                              \
    F(int, lua_, rawgeti, (lua_State *, int, lua_Integer))                \
    F(const void *, lua_, topointer, (lua_State *, int))                  \
    F(void, lua_, callk, (lua_State *, int, int, ptrdiff_t, lua_KFunction)) \
    F(int, lua_, pcallk, (lua_State *, int, int, int, ptrdiff_t, lua_KFunction)) \
    F(int, lua_, resume, (lua_State *, lua_State *, int, int *))          \
    F(void, lua_, xmove, (lua_State *, lua_State *, int))                 \
    F(void, lua_, sethook, (lua_State *, lua_Hook, int, int))             \
    F(lua_Hook, lua_, gethook, (lua_State *))                             \
    F(int, lua_, gc, (lua_State *, int, ...))                             \
    F(int, lua_, error, (lua_State *))                                    \
    F(int, luaL_, ref, (lua_State *, int))                                \
    F(void, luaL_, unref, (lua_State *, int, int))                        \
    F(int, luaL_, typeerror, (lua_State *, int, const char *))            \
    F(int, lua, L_error, (lua_State *, const char *, ...))

#define DECLARE(result, prefix, name, parameters) result(*name) parameters;
static struct {
    LUA_FUNCTIONS(DECLARE)
} lua;

static int may_watch(void);

static PyObject *use(PyObject *module, PyObject *path) {
    PyObject *bytes;
    if (!PyUnicode_FSConverter(path, &bytes)) return NULL;
    void *library = dlopen(PyBytes_AS_STRING(bytes), RTLD_NOW);
    Py_DECREF(bytes);
    if (!library) return PyErr_Format(PyExc_ImportError, "%s", dlerror());
#define LOOK_UP(result, prefix, name, parameters)                                              \
    if (!(*(void **)&lua.name = dlsym(library, #prefix #name)))                                 \
        return PyErr_Format(PyExc_ImportError, "%U has no function " #prefix #name, path);
    LUA_FUNCTIONS(LOOK_UP)
    if (!may_watch()) return PyErr_Format(PyExc_ImportError, "the system gives no timer of a thread's CPU time");
    Py_RETURN_NONE;
}

/* --------------------------------------------------------------------------------------- a state, and who is in it */

typedef struct Coroutine {
    lua_State *L;
    struct Coroutine *outer; /* what resumed it */
} Coroutine;

enum { MOST_IDLE = 16 };

/* A coroutine of ours and its number in the registry. */
typedef struct {
    lua_State *L;
    int number;
} Place;

typedef struct {
    PyThreadState *volatile thread; /* of the thread that runs Lua detached, entered from here; NULL while attached */
    Coroutine *volatile running;    /* NULL when none does */
    PyObject *held;                 /* what Lua was given last */
    int copying;                    /* Lua is copying it */
    int guard;                      /* the function that looks at limits, by its number in the registry; 0: no limits */
    PyObject *context;              /* the RouteContext of what runs, borrowed from who called enter(); NULL: none */
    long route;                     /* its kind, one bit of kemi.declare.Route; 0: none */
    const char *method;             /* of the message of what runs, borrowed as well; NULL: there is no message */
    size_t method_size;
    long level;                     /* of the script's logger */
    int settle, exit;               /* shims.lua's settle() and the error KSR.x.exit() is, by their numbers */
    const char *exit_text;          /* that error is a short string, so there is one of it */
    int soft_limit;                 /* KiB; 0: none */
    int take, outcome;              /* of runner.lua, by their numbers; 0: it does all by itself */
    const void *done;               /* what a coroutine yields whose callback has ended */
    int looked;                     /* the guard was called since Lua's start() was */
    int idle_count;
    Place idle[MOST_IDLE];          /* coroutines whose callback has ended */
} State;

typedef struct {
    enum { ATTACHED_BEFORE, BY_US, BY_OTHERS } how;
    PyGILState_STATE before;
} Attachment;

/* lupa, which knows nothing of `thread`, may have entered Lua too, or have attached this thread since we did. */
static Attachment attach(State *state) {
    Attachment attachment = {ATTACHED_BEFORE, PyGILState_LOCKED};
    PyThreadState *thread = state->thread;
    if (PyGILState_Check()) return attachment;
    if (thread) {
        attachment.how = BY_US;
        state->thread = NULL;
        PyEval_RestoreThread(thread);
    } else {
        attachment.how = BY_OTHERS;
        attachment.before = PyGILState_Ensure();
    }
    return attachment;
}

static void detach(State *state, Attachment attachment) {
    if (attachment.how == BY_US)
        state->thread = PyEval_SaveThread();
    else if (attachment.how == BY_OTHERS)
        PyGILState_Release(attachment.before);
}

/* -------------------------------------------------------------------------------------------------------- values */

/* Whether push() can take it; else 0 and an exception. Attached. */
static int is_plain(PyObject *value) {
    if (PyUnicode_Check(value)) {
        if (PyUnicode_READY(value) < 0) return 0;
        if (PyUnicode_KIND(value) == PyUnicode_1BYTE_KIND) return 1;
        PyErr_Format(PyExc_ValueError, "%R has characters that are no bytes", value);
        return 0;
    }
    if (PyLong_Check(value)) { /* bool too */
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow) PyErr_Format(PyExc_OverflowError, "%R does not fit into a number of Lua", value);
        return !overflow && !(number == -1 && PyErr_Occurred());
    }
    if (value == Py_None || PyFloat_Check(value)) return 1;
    PyErr_Format(PyExc_TypeError, "a %s cannot be handed to Lua", Py_TYPE(value)->tp_name);
    return 0;
}

/* Detached: such values do not change, and a string may be more than the memory limit of the state allows. */
static void push(lua_State *L, PyObject *value) {
    if (PyUnicode_Check(value))
        lua.pushlstring(L, PyUnicode_DATA(value), PyUnicode_GET_LENGTH(value));
    else if (value == Py_None)
        lua.pushnil(L);
    else if (PyBool_Check(value))
        lua.pushboolean(L, value == Py_True);
    else if (PyLong_Check(value))
        lua.pushinteger(L, PyLong_AsLongLong(value));
    else
        lua.pushnumber(L, PyFloat_AS_DOUBLE(value));
}

static int is_plain_in_lua(lua_State *L, int index) {
    int type = lua.type(L, index);
    return type <= TYPE_STRING && type != TYPE_LIGHTUSERDATA;
}

/* Of what is_plain_in_lua: a new reference, NULL with an exception. Attached; none of these functions of Lua raises. */
static PyObject *taken(lua_State *L, int index) {
    switch (lua.type(L, index)) {
    case TYPE_BOOLEAN:
        return PyBool_FromLong(lua.toboolean(L, index));
    case TYPE_NUMBER:
        if (lua.isinteger(L, index)) return PyLong_FromLongLong(lua.tointegerx(L, index, NULL));
        return PyFloat_FromDouble(lua.tonumberx(L, index, NULL));
    case TYPE_STRING: {
        size_t size;
        const char *bytes = lua.tolstring(L, index, &size);
        return PyUnicode_DecodeLatin1(bytes, (Py_ssize_t)size, NULL);
    }
    default:
        Py_RETURN_NONE;
    }
}

/* ------------------------------------------------------------------------------------------- Python called by Lua */

enum { FEW = 16 };

/* A function of a module, as bridge.Adapter describes it. */
typedef struct {
    State *state;
    PyObject *adapter;
    PyObject *method; /* of a bound one what it is bound to stands in `self`, else that is NULL */
    PyObject *self;
    PyObject *finish; /* makes an answer of what is not simple; NULL: whatever the method gives is one */
    long routes;
    Py_ssize_t large;
    int parameters; /* of these three only quick() knows */
    char kinds[FEW];
    char ending;
} Function;

static void drop(Function *function) {
    Py_CLEAR(function->adapter);
    Py_CLEAR(function->method);
    Py_CLEAR(function->self);
    Py_CLEAR(function->finish);
}

/* Whether Lua can be given `value` as it is, whatever function it comes from. Attached. */
static int is_simple(PyObject *value, Py_ssize_t large) {
    if (value == Py_None || PyBool_Check(value) || PyFloat_CheckExact(value)) return 1;
    if (PyUnicode_CheckExact(value))
        return PyUnicode_READY(value) == 0 && PyUnicode_IS_ASCII(value) && PyUnicode_GET_LENGTH(value) <= large;
    if (!PyLong_CheckExact(value)) return 0;
    int overflow;
    PyLong_AsLongLongAndOverflow(value, &overflow);
    return !overflow;
}

/* The answer for the current exception. A thread may be told to die anywhere, and that is none of the script's errors. */
static PyObject *failed(const Function *function) {
    if (!PyErr_ExceptionMatches(PyExc_Exception)) return NULL;
#if PY_VERSION_HEX >= 0x030C0000
    PyObject *error = PyErr_GetRaisedException();
#else
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    if (trace) PyException_SetTraceback(error, trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
#endif
    PyObject *answer = PyObject_CallMethod(function->adapter, "failed", "O", error);
    Py_DECREF(error);
    return answer;
}

/* What Adapter.__call__ does, with the first `count` values on the stack. */
static PyObject *called(lua_State *L, State *state, const Function *function, int count) {
    if (!(state->route & function->routes)) return PyObject_CallMethod(function->adapter, "refused", NULL);
    PyObject *few[FEW + 3], **arguments = few, *result = NULL;
    int before = function->self ? 3 : 2, made = 0;
    if (count > FEW && !(arguments = PyMem_New(PyObject *, (size_t)(count + 3)))) return PyErr_NoMemory();
    arguments[1] = function->self; /* the first one stays free for who is called */
    arguments[before - 1] = state->context;
    while (made < count && (arguments[before + made] = taken(L, made + 1))) made++;
    if (made == count) {
        size_t number = (size_t)(before - 1 + count) | PY_VECTORCALL_ARGUMENTS_OFFSET;
        result = PyObject_Vectorcall(function->method, arguments + 1, number, NULL);
    }
    for (int i = 0; i < made; i++) Py_DECREF(arguments[before + i]);
    if (arguments != few) PyMem_Free(arguments);
    if (result && function->finish && !is_simple(result, function->large)) {
        PyObject *unfinished = result;
        result = PyObject_CallOneArg(function->finish, unfinished);
        Py_DECREF(unfinished);
    }
    return result ? result : failed(function);
}

/* How many values of Lua `result` becomes; -1 and an exception when it is nothing for Lua. Attached. */
static int width(PyObject *result) {
    if (!PyTuple_CheckExact(result)) return is_plain(result) ? 1 : -1;
    Py_ssize_t size = PyTuple_GET_SIZE(result);
    for (Py_ssize_t i = 0; i < size; i++)
        if (!is_plain(PyTuple_GET_ITEM(result, i))) return -1;
    return (int)size;
}

/* The current exception as text, and no longer current: what was given is nothing for Lua, or a thread is told to die, which
   may be anywhere. As with lupa that ends the callback. */
static void describe_exception(char *text, size_t size) {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyObject *shown = value ? PyObject_Str(value) : NULL;
    const char *message = shown ? PyUnicode_AsUTF8(shown) : NULL;
    PyOS_snprintf(text, size, "%s: %s", ((PyTypeObject *)type)->tp_name, message ? message : "");
    PyErr_Clear();
    Py_XDECREF(shown);
    Py_DECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
}

/* Keep `result` while Lua copies it, in place of what was kept before, unless that is being copied: Lua collects garbage
   when it makes a string, and a script's __gc may get here. Takes the reference; 0 and an exception on failure. Attached. */
static int hold(State *state, PyObject *result) {
    if (state->copying && state->held) {
        PyObject *both = PyTuple_Pack(2, state->held, result);
        Py_DECREF(result);
        if (!both) return 0;
        result = both;
    }
    Py_XSETREF(state->held, result);
    return 1;
}

/* Call with the `count` values on the stack, which are plain: how many values were put on top of them; FEW at most, and
   Lua has given the C function that calls this room for 20. */
static int answer(lua_State *L, const Function *function, int count) {
    State *state = function->state;
    Attachment attachment = attach(state);
    PyObject *result = called(L, state, function, count);
    int values = result ? width(result) : -1;
    if (values > FEW) {
        PyErr_SetString(PyExc_ValueError, "too many results");
        values = -1;
    }
    if (values < 0) Py_CLEAR(result);
    if (!result || !hold(state, result)) {
        char text[256];
        describe_exception(text, sizeof text);
        detach(state, attachment);
        return lua.L_error(L, "%s", text);
    }
    detach(state, attachment);
    int copying = state->copying;
    state->copying = 1;
    if (!PyTuple_CheckExact(result)) {
        push(L, result);
    } else {
        for (int i = 0; i < values; i++) push(L, PyTuple_GET_ITEM(result, i));
    }
    state->copying = copying;
    return values;
}

/* An adapter as a function of Lua, for the shims. Upvalue 1 is the Function. */
static int cross(lua_State *L) {
    int count = lua.gettop(L);
    for (int i = 1; i <= count; i++)
        if (!is_plain_in_lua(L, i))
            return lua.L_error(L, "a %s cannot be handed to Python", lua.typename(L, lua.type(L, i)));
    return answer(L, lua.touserdata(L, UPVALUE(1)), count);
}

static int let_go(lua_State *L) {
    State *state = lua.touserdata(L, UPVALUE(1));
    Attachment attachment = attach(state);
    drop(lua.touserdata(L, 1));
    detach(state, attachment);
    return 0;
}

/* (address of give()) → a function of Lua. Upvalue 1 is the State, 2 the metatable of a Function. */
static int wrap(lua_State *L) {
    Function *given = (Function *)lua.tointegerx(L, 1, NULL), *function = lua.newuserdatauv(L, sizeof *function, 0);
    *function = *given;
    function->state = lua.touserdata(L, UPVALUE(1));
    PyMem_RawFree(given);
    lua.pushvalue(L, UPVALUE(2));
    lua.setmetatable(L, -2);
    lua.pushcclosure(L, cross, 1);
    return 1;
}

/* --------------------------------------------------------------------------------- exported functions without a shim

   What a shim (shims.py) does when its arguments are as they should be. Otherwise the shim does it: it knows how to
   coerce and to complain, and it has done the first call. */

enum { VALUE = 'v', STRING = 's', NONE = 'n', EXITS = 'e' }; /* how calls end; a STRING may need room in memory */

static int fits(lua_State *L, const Function *function) {
    for (int i = 1; i <= function->parameters; i++) {
        int type = lua.type(L, i);
        if (function->kinds[i - 1] == 's') {
            if (type != TYPE_STRING) return 0;
        } else {
            if (type != TYPE_NUMBER || !lua.isinteger(L, i)) return 0;
            lua_Integer number = lua.tointegerx(L, i, NULL);
            if (number < INT_MIN || number > INT_MAX) return 0;
        }
    }
    return 1;
}

static int has_room(lua_State *L, const Function *function) {
    int soft_limit = function->state->soft_limit;
    return function->ending != STRING || !soft_limit || lua.gc(L, GC_COUNT, 0) < soft_limit;
}

static int by_shim(lua_State *L, int status, ptrdiff_t context) {
    return lua.gettop(L);
}

/* Upvalue 2 is the shim; it gets all arguments. */
static int to_shim(lua_State *L) {
    lua.pushvalue(L, UPVALUE(2));
    lua.rotate(L, 1, 1);
    lua.callk(L, lua.gettop(L) - 1, ALL_RESULTS, 0, by_shim);
    return by_shim(L, ENDED, 0);
}

/* The end of a call that gives no value, `ok` unless it did nothing: there is no message. */
static int end_call(lua_State *L, const Function *function, int ok) {
    if (ok && function->ending == EXITS) {
        lua.rawgeti(L, REGISTRY, function->state->exit);
        return lua.error(L);
    }
    if (ok && function->parameters)
        lua.pushinteger(L, 0);
    else
        lua.pushboolean(L, 0);
    return 1;
}

/* What settle() gave stands behind the arguments. */
static int settled(lua_State *L, int status, ptrdiff_t context) {
    const Function *function = lua.touserdata(L, UPVALUE(1));
    int first = function->parameters + 1;
    if (function->ending == VALUE || function->ending == STRING) return lua.gettop(L) - function->parameters;
    int ok = lua.type(L, first) != TYPE_BOOLEAN || lua.toboolean(L, first);
    return end_call(L, function, ok);
}

/* Upvalue 1 is the Function, 2 the shim. */
static int quick(lua_State *L) {
    const Function *function = lua.touserdata(L, UPVALUE(1));
    if (!fits(L, function) || !has_room(L, function)) return to_shim(L);
    lua.settop(L, function->parameters);
    if (answer(L, function, function->parameters) > 1) {
        lua.rawgeti(L, REGISTRY, function->state->settle);
        lua.rotate(L, -3, 1);
        lua.callk(L, 2, ALL_RESULTS, 0, settled);
        return settled(L, ENDED, 0);
    }
    return function->ending == VALUE || function->ending == STRING ? 1 : end_call(L, function, 1);
}

/* (what wrap gave, its shim, kinds of the parameters, ending) → quick in the place of the shim. */
static int quicken(lua_State *L) {
    size_t parameters;
    const char *kinds = lua.tolstring(L, 3, &parameters), *ending = lua.tolstring(L, 4, NULL);
    lua.getupvalue(L, 1, 1);
    Function *function = lua.touserdata(L, -1);
    if (!function || !kinds || !ending || parameters > FEW) return lua.L_error(L, "no shape of a function");
    memcpy(function->kinds, kinds, parameters);
    function->parameters = (int)parameters;
    function->ending = *ending;
    lua.pushvalue(L, 2);
    lua.pushcclosure(L, quick, 2);
    return 1;
}

/* What needs no Python as long as there is a message (kemi.declare.Export). */
enum { IS_METHOD = 'm', HAS_LETTER = 'l', EXIT = 'x', QUIET = 'q' };

typedef struct {
    char letter;
    unsigned char size;
    char method[14];
} Row;

typedef struct {
    const State *state;
    char kind;
    long level;     /* QUIET: records up to this one may be left out */
    int parameters; /* that must be given */
    int count;
    Row rows[]; /* the methods in question */
} AtOnce;

static const Row *row_of(const AtOnce *function) {
    const State *state = function->state;
    for (const Row *row = function->rows, *end = row + function->count; row < end; row++)
        if (row->size == state->method_size && memcmp(row->method, state->method, row->size) == 0) return row;
    return NULL;
}

/* Whether the argument, a string, has the letter of the message's method, in either case. */
static int has_letter(lua_State *L, const AtOnce *function) {
    const Row *row = row_of(function);
    size_t size;
    const char *letters = lua.tolstring(L, 1, &size);
    for (size_t i = 0; row && i < size; i++)
        if ((letters[i] >= 'a' && letters[i] <= 'z' ? letters[i] - 'a' + 'A' : letters[i]) == row->letter) return 1;
    return 0;
}

/* Upvalue 1 is the AtOnce, 2 the shim. */
static int at_once(lua_State *L) {
    const AtOnce *function = lua.touserdata(L, UPVALUE(1));
    const State *state = function->state;
    if (!state->method) return to_shim(L);
    if (function->kind == IS_METHOD) {
        lua.pushboolean(L, row_of(function) != NULL);
        return 1;
    }
    if (function->kind == EXIT) {
        lua.rawgeti(L, REGISTRY, state->exit);
        return lua.error(L);
    }
    if (lua.gettop(L) < function->parameters) return to_shim(L);
    if (function->kind == HAS_LETTER && lua.type(L, 1) == TYPE_STRING) {
        lua.pushboolean(L, has_letter(L, function));
        return 1;
    }
    if (function->kind == QUIET && state->level > function->level) {
        lua.pushinteger(L, 0);
        return 1;
    }
    return to_shim(L);
}

/* (shim, kind, "letter and method, …" or "", level, parameters it needs) → at_once in the place of the shim. Upvalue 1 is
   the State. */
static int make_at_once(lua_State *L) {
    const char *kind = lua.tolstring(L, 2, NULL), *methods = lua.tolstring(L, 3, NULL);
    int count = 0;
    if (!kind || !methods) return lua.L_error(L, "no shape of a function");
    for (const char *p = methods; *p; p++) count += *p == ' ';
    AtOnce *function = lua.newuserdatauv(L, sizeof *function + (size_t)count * sizeof *function->rows, 0);
    function->state = lua.touserdata(L, UPVALUE(1));
    function->kind = *kind;
    function->level = (long)lua.tointegerx(L, 4, NULL);
    function->parameters = (int)lua.tointegerx(L, 5, NULL);
    function->count = count;
    for (Row *row = function->rows; *methods; row++) {
        const char *end = strchr(methods, ' ');
        size_t size = (size_t)(end - methods) - 1;
        if (end == methods || size > sizeof row->method) return lua.L_error(L, "too long a method");
        row->letter = *methods;
        row->size = (unsigned char)size;
        memcpy(row->method, methods + 1, size);
        methods = end + 1;
    }
    lua.pushvalue(L, 1);
    lua.pushcclosure(L, at_once, 2);
    return 1;
}

/* (settle, what KSR.x.exit() raises, KiB or nil): what calls end with. Upvalue 1 is the State. */
static int set_endings(lua_State *L) {
    State *state = lua.touserdata(L, UPVALUE(1));
    lua.settop(L, 3);
    state->soft_limit = (int)lua.tonumberx(L, 3, NULL);
    lua.settop(L, 2);
    state->exit_text = lua.tolstring(L, 2, NULL);
    state->exit = lua.ref(L, REGISTRY);
    state->settle = lua.ref(L, REGISTRY);
    return 0;
}

/* --------------------------------------------------------------------------------------------------- Calls that last

   A timer of the thread's own CPU time sends it a signal now and then. The first signal within a call marks it; at
   the next one, and every later one, the coroutines that run get the hook that counts, as lua_sethook may be called
   amid a signal. So a route that is done within a tick, as all are that do no harm, never meets a hook. */

#ifndef sigev_notify_thread_id /* glibc has the field and not its name */
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { TICK = 20000000 /* ns of CPU */, COUNT = 10000 /* instructions of Lua between two looks */ };
#define TICK_SIGNAL SIGURG /* ignored where nobody asks for it, so a late one is harmless */

static _Thread_local struct {
    State *volatile state; /* what this thread entered last */
    volatile unsigned long call, marked;
    int watched; /* it has its timer */
} here;
static pthread_key_t timer_key;

static void look(lua_State *L, void *record) {
    State *state = here.state;
    if (!state || !state->thread) return; /* a new coroutine has its maker's hook, and this call did not enter here */
    state->looked = 1;
    lua.rawgeti(L, REGISTRY, state->guard);
    lua.callk(L, 0, 0, 0, NULL);
}

static void tick(int number) {
    State *state = here.state;
    if (!state || !state->guard || !state->thread || !state->running) return;
    if (here.marked != here.call)
        here.marked = here.call;
    else
        for (Coroutine *each = state->running; each; each = each->outer)
            if (!lua.gethook(each->L)) lua.sethook(each->L, look, MASK_COUNT, COUNT);
}

static int make_timer(timer_t *timer) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIGNAL};
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    return timer_create(CLOCK_THREAD_CPUTIME_ID, &event, timer) == 0;
}

static void end_timer(void *timer) {
    timer_delete(*(timer_t *)timer);
    free(timer);
}

/* Whether this system can do it; the signal is this module's from now on. */
static int may_watch(void) {
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    timer_t timer;
    if (!make_timer(&timer)) return 0;
    timer_delete(timer);
    return sigaction(TICK_SIGNAL, &action, NULL) == 0 && pthread_key_create(&timer_key, end_timer) == 0;
}

/* 0 and an exception when there is no timer to be had. */
static int watch_thread(void) {
    struct itimerspec every = {{0, TICK}, {0, TICK}};
    timer_t *timer = malloc(sizeof *timer);
    if (!timer || !make_timer(timer)) {
        free(timer);
        PyErr_SetFromErrno(PyExc_OSError);
        return 0;
    }
    timer_settime(*timer, 0, &every, NULL);
    pthread_setspecific(timer_key, timer);
    return here.watched = 1;
}

/* Resume it with the `count` values at the top of L: whether it did not fail. What it gives is at its top. */
static int resumed(lua_State *L, State *state, lua_State *other, int count, int *results) {
    Coroutine coroutine = {other, state->running};
    if (!lua.checkstack(other, count)) return lua.L_error(L, "too many arguments for a coroutine");
    lua.xmove(L, other, count);
    atomic_signal_fence(memory_order_release); /* tick() reads what running points to */
    state->running = &coroutine;
    int status = lua.resume(other, L, count, results);
    state->running = coroutine.outer;
    if (lua.gethook(other) == look) lua.sethook(other, NULL, 0, 0);
    if (status == ENDED || status == YIELDED) return 1;
    *results = 1;
    return 0;
}

/* Whether it runs, or waits for one that it has resumed. */
static int is_active(lua_State *L, const State *state, const lua_State *other) {
    for (const Coroutine *each = state->running; each; each = each->outer)
        if (each->L == other) return 1;
    return other == L;
}

/* (coroutine, …) → true and its values, or false and the error, like coroutine.resume. Upvalue 1 is the State. */
static int resume(lua_State *L) {
    static const char refused[] = "cannot resume non-suspended coroutine"; /* its hook and its stack are in use */
    State *state = lua.touserdata(L, UPVALUE(1));
    lua_State *coroutine = lua.tothread(L, 1);
    if (!coroutine) return lua.typeerror(L, 1, "coroutine");
    if (is_active(L, state, coroutine)) {
        lua.pushboolean(L, 0);
        lua.pushlstring(L, refused, sizeof refused - 1);
        return 2;
    }
    int results, good = resumed(L, state, coroutine, lua.gettop(L) - 1, &results);
    if (!lua.checkstack(L, results + 1)) return lua.L_error(L, "too many results of a coroutine");
    lua.pushboolean(L, good);
    lua.xmove(coroutine, L, results);
    return results + 1;
}

/* (take_coroutine, outcome, what a coroutine yields when its callback has ended) of runner.lua. Upvalue 1 is the State. */
static int set_start(lua_State *L) {
    State *state = lua.touserdata(L, UPVALUE(1));
    lua.settop(L, 3);
    state->done = lua.topointer(L, 3);
    lua.settop(L, 2);
    state->outcome = lua.ref(L, REGISTRY);
    state->take = lua.ref(L, REGISTRY);
    return 0;
}

/* (function): look at the limits with it. Upvalue 1 is the State. */
static int set_guard(lua_State *L) {
    State *state = lua.touserdata(L, UPVALUE(1));
    lua.settop(L, 1);
    state->guard = lua.ref(L, REGISTRY);
    return 0;
}

/* ------------------------------------------------------------------------------------------- Lua called by Python */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    lua_State *L;
    State *state;
    int function;      /* its number in the registry */
    int starts;        /* it is start() of runner.lua */
    PyObject *runtime; /* lupa's, without which there is no state */
} LuaFunction;

typedef struct {
    const LuaFunction *function;
    Py_ssize_t count;
    PyObject *const *arguments; /* method, level, … */
} Call;

/* A coroutine that waits for a callback, out of those that are idle. */
static Place take_place(lua_State *L, State *state) {
    if (state->idle_count) return state->idle[--state->idle_count];
    lua.rawgeti(L, REGISTRY, state->take);
    lua.callk(L, 0, 1, 0, NULL);
    lua_State *coroutine = lua.tothread(L, -1);
    return (Place){coroutine, lua.ref(L, REGISTRY)};
}

/* Whether a callback was run that has ended in this coroutine as most do. What it gave is gone then. */
static int ended(lua_State *L, State *state, Place place, int good, int results) {
    if (good && results == 1 && lua.topointer(place.L, -1) == state->done) {
        lua.settop(place.L, -2);
        if (state->idle_count < MOST_IDLE)
            state->idle[state->idle_count++] = place;
        else
            lua.unref(L, REGISTRY, place.number);
        return 1;
    }
    if (good || lua.type(place.L, -1) != TYPE_STRING || lua.tolstring(place.L, -1, NULL) != state->exit_text) return 0;
    lua.unref(L, REGISTRY, place.number);
    return 1;
}

/* Lua may have no byte left to call what would do this. Describing a failure needs some; who is told it sets the limit again. */
static void lift_memory_limit(State *state, const LuaFunction *function) {
    Attachment attachment = attach(state);
    PyObject *none = PyObject_CallMethod(function->runtime, "set_max_memory", "i", 0);
    if (!none) PyErr_Clear();
    Py_XDECREF(none);
    detach(state, attachment);
}

/* What start() of runner.lua does, for a callback by its name (method, level, name, …) which ends or exits: two nils on the
   stack. For any other end its outcome() is asked, for any other call 0 is given and nothing was done. */
static int started(lua_State *L, State *state, const Call *call) {
    int count = (int)call->count - 3;
    if (!state->outcome || state->looked || count < 0 || !PyUnicode_Check(call->arguments[2])) return 0;
    int top = lua.gettop(L);
    lua.rawgeti(L, REGISTRY, GLOBALS);
    push(L, call->arguments[2]);
    if (lua.rawget(L, -2) != TYPE_FUNCTION) {
        lua.settop(L, top);
        return 0;
    }
    for (int i = 3; i < call->count; i++) push(L, call->arguments[i]);
    Place place = take_place(L, state);
    int results, good = resumed(L, state, place.L, count + 1, &results);
    if (ended(L, state, place, good, results)) {
        lua.pushnil(L);
        lua.pushnil(L);
        return 2;
    }
    if (!good && state->soft_limit) lift_memory_limit(state, call->function);
    lua.rawgeti(L, REGISTRY, state->outcome);
    lua.rawgeti(L, REGISTRY, place.number);
    lua.unref(L, REGISTRY, place.number);
    lua.pushnil(L);
    lua.pushboolean(L, good);
    lua.settop(place.L, -results);
    lua.xmove(place.L, L, 1);
    lua.callk(L, 4, 2, 0, NULL);
    return 2;
}

/* The protected part of a call: two results, the second nil where there is one. */
static int run(lua_State *L) {
    const Call *call = lua.touserdata(L, 1);
    State *state = call->function->state;
    if (!lua.checkstack(L, (int)call->count + 6)) return lua.L_error(L, "stack overflow");
    if (call->function->starts) {
        if (started(L, state, call)) return 2;
        state->looked = 0;
    }
    lua.rawgeti(L, REGISTRY, call->function->function);
    for (Py_ssize_t i = 0; i < call->count; i++) push(L, call->arguments[i]);
    lua.callk(L, (int)call->count, 2, 0, NULL);
    return 2;
}

static PyObject *failure(lua_State *L, int index) {
    PyObject *message = lua.type(L, index) == TYPE_STRING ? taken(L, index) : PyUnicode_FromString("no message");
    if (message) PyErr_SetObject(PyExc_RuntimeError, message);
    Py_XDECREF(message);
    return NULL;
}

static PyObject *results(lua_State *L, int first) {
    for (int i = first; i <= first + 1; i++)
        if (!is_plain_in_lua(L, i))
            return PyErr_Format(PyExc_TypeError, "a %s came from Lua", lua.typename(L, lua.type(L, i)));
    PyObject *value = taken(L, first);
    if (!value || lua.type(L, first + 1) == TYPE_NIL) return value;
    PyObject *second = taken(L, first + 1), *both = second ? PyTuple_Pack(2, value, second) : NULL;
    Py_DECREF(value);
    Py_XDECREF(second);
    return both;
}

static PyObject *enter(LuaFunction *self, PyObject *const *arguments, size_t flagged, PyObject *names) {
    State *state = self->state;
    lua_State *L = self->L;
    Call call = {self, PyVectorcall_NARGS(flagged) - 2, arguments + 2};
    if (names) return PyErr_Format(PyExc_TypeError, "Lua knows no keyword arguments");
    if (call.count < 2) return PyErr_Format(PyExc_TypeError, "a context, its route, a method and a level expected");
    long route = PyLong_AsLong(arguments[1]);
    if (route == -1 && PyErr_Occurred()) return NULL;
    long level = PyLong_AsLong(arguments[3]);
    if (level == -1 && PyErr_Occurred()) return NULL;
    for (Py_ssize_t i = 0; i < call.count; i++)
        if (!is_plain(call.arguments[i])) return NULL;
    PyObject *method = PyUnicode_Check(arguments[2]) ? arguments[2] : NULL;
    if (!here.watched && !watch_thread()) return NULL;
    int top = lua.gettop(L);
    if (!lua.checkstack(L, 4)) return PyErr_NoMemory();
    State *outer = here.state;
    PyThreadState *thread = state->thread; /* not NULL when lupa called what called this */
    int copying = state->copying;
    PyObject *context = state->context;
    const char *outer_method = state->method;
    size_t outer_size = state->method_size;
    long outer_route = state->route, outer_level = state->level;
    state->context = arguments[0];
    state->route = route;
    state->method = method ? PyUnicode_DATA(method) : NULL;
    state->method_size = method ? (size_t)PyUnicode_GET_LENGTH(method) : 0;
    state->level = level;
    here.state = state;
    here.call++;
    state->thread = PyEval_SaveThread();
    lua.pushcclosure(L, run, 0);
    lua.pushlightuserdata(L, &call);
    int status = lua.pcallk(L, 1, 2, 0, 0, NULL);
    PyEval_RestoreThread(state->thread);
    state->thread = thread;
    here.state = outer;
    state->context = context;
    state->route = outer_route;
    state->method = outer_method;
    state->method_size = outer_size;
    state->level = outer_level;
    state->copying = copying; /* a failure amid a copy leaves it set */
    if (!copying) Py_CLEAR(state->held);
    PyObject *result = status ? failure(L, top + 1) : results(L, top + 1);
    lua.settop(L, top);
    return result;
}

/* Bytes Lua holds; never raises. */
static PyObject *memory_used(LuaFunction *self, PyObject *none) {
    return PyLong_FromLong((long)lua.gc(self->L, GC_COUNT, 0) * 1024 + lua.gc(self->L, GC_COUNT_REST, 0));
}

static PyMethodDef function_methods[] = {
    {"memory_used", (PyCFunction)memory_used, METH_NOARGS, "memory_used(): bytes its Lua state holds."},
    {NULL},
};

static int visit(LuaFunction *self, visitproc visit, void *arg) {
    Py_VISIT(self->runtime);
    return 0;
}

static int clear(LuaFunction *self) {
    Py_CLEAR(self->runtime);
    return 0;
}

/* The number in the registry stays taken until the state ends, and a state has few such functions. */
static void deallocate(LuaFunction *self) {
    PyObject_GC_UnTrack(self);
    clear(self);
    PyObject_GC_Del(self);
}

static PyTypeObject LuaFunctionType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "luasip.script.crossing.LuaFunction",
    .tp_doc = "A function of Lua: (context, route, method, level, *values). It takes and gives plain values.",
    .tp_methods = function_methods,
    .tp_basicsize = sizeof(LuaFunction),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(LuaFunction, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_traverse = (traverseproc)visit,
    .tp_clear = (inquiry)clear,
    .tp_dealloc = (destructor)deallocate,
};

/* (function, whether it is start()) → light userdata's number: a LuaFunction without its runtime, for take(). Upvalue 1 is
   the State. */
static int reach(lua_State *L) {
    State *state = lua.touserdata(L, UPVALUE(1));
    int starts = lua.toboolean(L, 2);
    lua.settop(L, 1);
    int number = lua.ref(L, REGISTRY);
    lua.rawgeti(L, REGISTRY, MAIN_THREAD);
    lua_State *main_thread = lua.tothread(L, -1);
    Attachment attachment = attach(state);
    LuaFunction *function = PyObject_GC_New(LuaFunction, &LuaFunctionType);
    if (function) {
        function->vectorcall = (vectorcallfunc)enter;
        function->L = main_thread;
        function->state = state;
        function->function = number;
        function->starts = starts;
        function->runtime = NULL;
        PyObject_GC_Track(function);
    } else {
        PyErr_Clear();
    }
    detach(state, attachment);
    if (!function) return lua.L_error(L, "not enough memory");
    lua.pushinteger(L, (lua_Integer)function);
    return 1;
}

/* The Lua state ends, and with it what held points to. */
static int end(lua_State *L) {
    State *state = lua.touserdata(L, 1);
    Attachment attachment = attach(state);
    Py_CLEAR(state->held);
    detach(state, attachment);
    return 0;
}

/* A table with one field, __gc: the function with the value at the top of the stack, if any, as upvalue. */
static void push_metatable(lua_State *L, lua_CFunction collect, int upvalues) {
    lua.pushcclosure(L, collect, upvalues);
    lua.createtable(L, 0, 1);
    lua.pushvalue(L, -2);
    lua.setfield(L, -2, "__gc");
}

static void push_function(lua_State *L, lua_CFunction function, int state) {
    lua.pushvalue(L, state);
    lua.pushcclosure(L, function, 1);
}

/* What package.loadlib finds: functions for this state. */
Py_EXPORTED_SYMBOL int luasip_crossing(lua_State *L) {
    State *state = lua.newuserdatauv(L, sizeof *state, 0);
    memset(state, 0, sizeof *state);
    int index = lua.gettop(L);
    push_metatable(L, end, 0);
    lua.setmetatable(L, index);
    lua.pushvalue(L, index);
    lua.ref(L, REGISTRY); /* LuaFunctions point to it */
    lua.pushvalue(L, index);
    push_metatable(L, let_go, 1);
    int metatable = lua.gettop(L);
    lua.pushvalue(L, index);
    lua.pushvalue(L, metatable);
    lua.pushcclosure(L, wrap, 2);
    push_function(L, reach, index);
    push_function(L, quicken, index);
    push_function(L, make_at_once, index);
    push_function(L, set_endings, index);
    push_function(L, resume, index);
    push_function(L, set_guard, index);
    push_function(L, set_start, index);
    return 8;
}

/* ------------------------------------------------------------------------------------------------ the Python module */

static PyObject *attribute(PyObject *adapter, const char *name) {
    PyObject *value = PyObject_GetAttrString(adapter, name);
    if (value == Py_None) Py_CLEAR(value);
    return value;
}

static long number(PyObject *adapter, const char *name) {
    PyObject *value = attribute(adapter, name);
    long number = value ? PyLong_AsLong(value) : 0;
    Py_XDECREF(value);
    return number;
}

static PyObject *give(PyObject *module, PyObject *adapter) {
    Function *function = PyMem_RawCalloc(1, sizeof *function);
    if (!function) return PyErr_NoMemory();
    function->adapter = Py_NewRef(adapter);
    function->routes = number(adapter, "routes");
    function->large = number(adapter, "large");
    function->finish = attribute(adapter, "finish");
    function->method = attribute(adapter, "method");
    if (function->method && PyMethod_Check(function->method)) {
        PyObject *bound = function->method;
        function->self = Py_NewRef(PyMethod_GET_SELF(bound));
        function->method = Py_NewRef(PyMethod_GET_FUNCTION(bound));
        Py_DECREF(bound);
    }
    PyObject *address = PyErr_Occurred() ? NULL : PyLong_FromVoidPtr(function);
    if (address) return address;
    drop(function);
    PyMem_RawFree(function);
    return NULL;
}

static PyObject *take(PyObject *module, PyObject *arguments) {
    PyObject *address, *runtime;
    if (!PyArg_ParseTuple(arguments, "OO", &address, &runtime)) return NULL;
    LuaFunction *function = PyLong_AsVoidPtr(address);
    if (!function) return NULL;
    function->runtime = Py_NewRef(runtime);
    return (PyObject *)function;
}

static PyMethodDef methods[] = {
    {"use", use, METH_O, "use(path): take Lua's functions from this library. Raises ImportError."},
    {"give", give, METH_O, "give(adapter): the number with which Lua's wrap() makes a function of it, once."},
    {"take", take, METH_VARARGS, "take(number, runtime): the LuaFunction Lua's reach() made, once."},
    {NULL},
};

static int execute(PyObject *module) {
    return PyType_Ready(&LuaFunctionType);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "crossing",
    .m_doc = "The short way between Python and a Lua state that lupa made.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit_crossing(void) {
    return PyModuleDef_Init(&definition);
}
