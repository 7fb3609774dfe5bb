"""One Lua state with one route script: load it, start its callbacks, suspend and resume them.

One thread at a time may use a Runtime: it holds `lock`, which is re-entrant because a blocking call may start
another route. Nothing here is global: a second Runtime can be built beside a running one and be swapped in.
"""

import contextlib
import importlib
import logging
import sysconfig
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from luasip.errors import ScriptError, SettingsError
from luasip.kemi.declare import Module
from luasip.kemi.route_context import RouteContext
from luasip.lock import ReentrantLock, new_reentrant_lock
from luasip.script.bridge import Adapter, Block, Current, adapter
from luasip.script.crossings import crossing_of
from luasip.script.explain import Names, explain, whole_file_names
from luasip.script.plain_data import FunctionName
from luasip.script.shims import functions_of
from luasip.script.steps import State, Steps

FLAVOURS: Final = ("lua51", "lua52", "lua53", "lua54", "lua55", "luajit20", "luajit21")
"""Lua versions lupa may bring, as script.lua names them."""

LOAD_TIME_FACTOR: Final = 30
"""Loading the script may take this many times the limit of a callback."""

_LIMITED: Final = ("start", "resume", "start_code", "load")
"""Functions of runner.lua that run the script: `(context, route, method, level, …)`."""
_RETIREMENT: Final = 1.0
"""Seconds a runtime that is replaced is waited for."""
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ScriptOptions:
    """How a script is run."""

    path: Path
    lua: str = "lua54"
    time_limit: float = 1.0
    """CPU seconds one step of a callback (start or resume to end or suspension) may take; 0: no limit."""
    memory_limit: int = 256 * 1024 * 1024
    """Bytes the Lua state may hold; 0: no limit."""
    suspend: str = "auto"
    """"auto", or "explicit": KSR functions that would suspend the route block its thread, as in Kamailio."""
    more: tuple[Path, ...] = ()
    """Files run after the script, in the same state."""


class Runtime(State):
    """A Lua state and the script in it."""

    crosses = True
    """It takes the short way into Lua where there is one."""

    def __init__(
        self,
        options: ScriptOptions,
        modules: Sequence[Module],
        *,
        block: Block,
        log: logging.Logger,
        known_modules: Sequence[type[Module]] = (),
        version: int = 0,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        """Build the state; the script is not loaded yet.

        Args:
            modules: the loaded modules; a module missing here is nil in KSR.
            block: drives a suspending generator to its end on this thread, where Lua cannot yield.
            known_modules: every module there is, for error messages about modules that are not loaded.
            version: number of this script version, for the server's use.
            clock: seconds, of which a step may take options.time_limit.

        Raises SettingsError when there is no such Lua.
        """
        super().__init__()
        self.options = options
        self.version = version
        self._lock = new_reentrant_lock()
        self.files: set[Path] = {options.path, *options.more}
        self.log = log
        self._script: weakref.ref[Runtime] | None = None
        self._clock = clock
        self._build_apart = partial(
            Runtime, options, modules, block=block, log=log, known_modules=known_modules, version=version
        )
        self._apart: Runtime | None = None
        self._names = Names(modules, known_modules)
        self._warned: set[str] = set()
        self._reserve = _reserve(options.memory_limit)
        self._soft_limit = options.memory_limit - self._reserve
        self._current = Current(
            block, log, explicit=options.suspend == "explicit", large=self._reserve // 4
        )
        self._lua = _new_state(options)
        self._crossing = crossing_of(self._lua, options.lua) if self.crosses else None
        runner, shims, support = self._run_own_files()
        self._runner: dict[str, Any] = dict(runner)
        """Fetched now: while Lua runs its tables cannot be read from here, but functions in hand can be called."""
        reached = self._crossing.reached if self._crossing else _without_context
        self._runner |= {name: reached(name, runner[name]) for name in _LIMITED}
        self._describe = partial(_described, self.files, self._names, self._current)
        self.steps = Steps(
            self._lua,
            self._runner["start"].memory_used if self._crossing else self._lua.get_memory_used,
            self._runner,
            self._current,
            options.path,
            options.memory_limit,
            self._soft_limit,
            log,
            self._describe,
            self._lock,
        )
        self._install(modules, shims, support)

    def _run_own_files(self) -> tuple[Any, Any, Any]:
        host = self._lua.table_from(self._host())
        runner, support = self._own_file("runner.lua")(host)
        cjson, null = self._own_file("cjson.lua")(support["raise"])
        decode, encode = self._own_file("plain_data.lua")(support["keep"], null)
        popen = self._own_file("popen.lua")(support["raise"])
        self._own_file("prelude.lua")(host, support, cjson, popen)
        return runner, self._own_file("shims.lua")(host, support, decode, encode), support

    def _own_file(self, name: str) -> Any:
        return self._own_text(_own_source(name))

    def _own_text(self, source: str) -> Any:
        return self._lua.compile(_bytecode(self.options.lua, source), name="=[luasip]")

    def _host(self) -> dict[str, Any]:
        """What the Lua files may call or read. These functions must not call Lua."""
        current, options = self._current, self.options
        limit = options.time_limit
        log, warned, files, clock = self.log, self._warned, self.files, self._clock
        weak = weakref.ref(self)

        def over_time() -> bool:
            if not limit:
                return False
            if not current.overrun_at:
                current.overrun_at = clock() + limit
            return clock() > current.overrun_at

        def lift_memory_limit() -> None:
            if runtime := weak():
                runtime._lua.set_max_memory(0)

        def block(where: str) -> Any:
            if where not in warned:
                warned.add(where)
                log.warning("%s%s cannot suspend here: it blocks the thread", where, current.name)
            return current.blocked()

        def global_written(name: str, where: str) -> None:
            if name not in warned:
                warned.add(name)
                log.warning("%snew global '%s' in a route: routes share globals, make it local", where, name)

        def called_while_loading(name: str, where: str) -> None:
            log.error("%s%s called while the script is loading: there is no message", where, name)

        return {
            **(self._crossing.for_lua if self._crossing else {}),
            "soft_limit": self._soft_limit / 1024 if options.memory_limit else None,
            "time_limited": bool(limit),
            "folder": str(options.path.parent),
            "libraries": f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}",
            "over_time": over_time,
            "lift_memory_limit": lift_memory_limit,
            "block": block,
            "fetch": current.fetch,
            "print": lambda text: log.info("%s", text),
            "read": lambda path: files.add(Path(path)),
            "global_written": global_written,
            "called_while_loading": called_while_loading,
        }

    def _install(self, modules: Sequence[Module], shims: Any, support: Any) -> None:
        """Put the functions of the modules into the state."""
        limited = bool(self.options.memory_limit)
        functions, source = functions_of(tuple(type(module) for module in modules), limited=limited)
        current, installed = self._current, tuple(modules)

        def bind(number: int) -> Adapter:
            index, export = functions[number]
            return adapter(current, installed[index], export)

        wrapped = self._crossing.wrapping(bind) if self._crossing else bind
        tables = dict(zip(("KSR", "luasip"), self._own_text(source)(shims, wrapped), strict=True))
        for name, table in tables.items():
            self._lua.globals()[name] = table
        if tables["luasip"].spawn is not None:
            self._own_file("luasip.lua")(tables["luasip"], support["raise"])

    def load(self) -> None:
        """Run the script file. Raises ScriptError with file and line; the Runtime is of no use then."""
        for path in (self.options.path, *self.options.more):
            self._current.overrun_at = self._clock() + LOAD_TIME_FACTOR * self.options.time_limit
            failure = self._runner["load"](None, 0, None, 0, str(path))
            self.steps.restore_memory_limit()
            if failure is not None:
                raise self._describe(*failure)
        self.functions = frozenset(self._runner["functions"]().values())
        self._runner["watch_globals"]()

    def has(self, name: str) -> bool:
        """Whether the script has a global function `name`."""
        found: bool = self._runner["has"](name.number if isinstance(name, FunctionName) else name)
        return found

    def has_global(self, name: str) -> bool:
        """Whether the script's globals have `name`, of any type."""
        found: bool = self._runner["has_global"](name)
        return found

    @property
    def lock(self) -> ReentrantLock:
        """Held by who uses the state."""
        return self.steps.lock

    @property
    def script(self) -> "Runtime":
        """The state with the script: this one, unless it is the one apart."""
        return (self._script and self._script()) or self

    @property
    def apart(self) -> "Runtime":
        """A second state with the same modules and nothing of the script; made when it is first needed."""
        if self.steps.is_apart:
            return self
        if self._apart is None:
            self._apart = self._build_apart()
            self._apart._script = weakref.ref(self)
            self._apart.steps.is_apart = True
            self._apart.functions = self.functions
            # One lock for both: a call that blocks may go from either to the other.
            self._apart._lock, self._apart.steps.lock = self._lock, self.steps.lock
        return self._apart

    def retire(self) -> None:
        """Another runtime has taken this one's place; the routes that wait here still end here.

        lupa keeps an exception that passed through Lua, as the exit of a thread that is to die, until another one
        leaves Lua, and by its traceback the runtime keeps itself; Lua keeps it as the error it became. So another one
        leaves Lua here, and Lua collects, unless the runtime is busy.
        """
        if not self._lock.acquire(timeout=_RETIREMENT):
            return
        try:
            for state in filter(None, (self, self._apart)):
                if state._current.ctx is not None:  # the script itself had it replaced
                    continue
                with contextlib.suppress(BaseException):  # what it is does not matter, only that it leaves Lua
                    state._lua.execute("(...)()", _leave)
                state._runner["collect"]()
        finally:
            self._lock.release()

    def abandon(self, coroutine: int) -> None:
        """Forget a suspended route; its generator is the caller's to close."""
        self._runner["abandon"](coroutine)

    def position(self, coroutine: int) -> str:
        """Where in the script a suspended route waits, "file:line"; "" when it is unknown."""
        found: str = self._runner["position"](coroutine)
        return found

    def forget(self, name: FunctionName) -> None:
        """Drop a function that was given as an argument and will not be started."""
        self._runner["forget"](name.number)

    def memory_used(self) -> int:
        """Bytes the Lua state holds."""
        used: float = self._runner["memory_used"]()
        return int(used)

    @property
    def suspended(self) -> int:
        """How many routes are suspended."""
        count: int = self._runner["suspended"]()
        return count


def _without_context(_name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Lua called like what the short way reaches; adapters find the context in Current."""

    def call(_context: RouteContext | None, _route: int, *arguments: Any) -> Any:
        return function(*arguments)

    return call


def _leave() -> None:
    """Called by Lua to be left."""
    raise ScriptError("")


def _described(files: set[Path], names: Names, current: Current, message: str, traceback: str) -> ScriptError:
    """A failure of Lua as the error of a script, with what can be said about its cause."""
    message = explain(whole_file_names(message, files), names, _sources(files))
    traceback = whole_file_names(traceback, files)
    python_error, current.python_error = current.python_error, None
    if python_error and python_error[0] in message:
        traceback = f"{traceback}\n{python_error[1]}"
    return ScriptError(message, traceback)


def _sources(files: set[Path]) -> dict[str, str]:
    sources = {}
    for file in files:
        try:
            sources[str(file)] = file.read_text("latin-1")
        except OSError:
            continue
    return sources


def _reserve(memory_limit: int) -> int:
    """How many bytes below its limit a script is stopped, so that Python can still hand over strings."""
    return min(memory_limit // 4, 4 * 1024 * 1024)


def _lupa(lua: str) -> Any:
    """lupa with this version of Lua. Raises SettingsError when there is none."""
    if lua not in FLAVOURS:
        raise SettingsError([f"script.lua: {lua!r} is not one of {', '.join(FLAVOURS)}"])
    try:
        return importlib.import_module(f"lupa.{lua}")
    except ImportError as error:
        raise SettingsError([f"script.lua: this lupa has no {lua} ({error})"]) from error


@lru_cache(maxsize=64)
def _own_source(name: str) -> str:
    return (_HERE / name).read_text("latin-1")


@lru_cache(maxsize=64)
def _bytecode(lua: str, source: str) -> bytes:
    """Source of ours compiled, with its line numbers: every runtime and every reload loads the same."""
    state = _lupa(lua).LuaRuntime(encoding="latin-1", register_eval=False, register_builtins=False)
    dumped: str = state.eval("string.dump")(state.compile(source.encode("latin-1"), name="=[luasip]"))
    return dumped.encode("latin-1")


def _new_state(options: ScriptOptions) -> Any:
    lupa = _lupa(options.lua)
    try:
        return lupa.LuaRuntime(
            encoding="latin-1",
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            max_memory=options.memory_limit or None,
        )
    except lupa.LuaError as error:
        limit = " with a memory limit (script.memory_limit)" if options.memory_limit else ""
        raise SettingsError([f"script.lua: {options.lua} cannot start here{limit}: {error}"]) from error
