"""The pipelimit module: requests counted in pipes that have names, refusals, and the RPC commands."""

import logging
import secrets
import threading
from typing import Any

from luasip.errors import CommandError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, Route, command, function
from luasip.modules.pipelimit.pipes import NamedPipes, load_pipes
from luasip.modules.pipelimit.settings import PipelimitSettings, check
from luasip.modules.pipes import Algorithm, Controller, Pipe, algorithm_named
from luasip.modules.system_load import ProcessorLoad, bytes_waiting

_log = logging.getLogger("luasip.pipelimit")

_DROPPING = Route.REQUEST | Route.BRANCH | Route.FAILURE | Route.ONSEND

_REACHED = -1
_NO_PIPE = -2
_NO_ALGORITHM = 2


class Pipelimit(Module):
    """pipelimit: limits with names."""

    name = "pipelimit"

    Settings = PipelimitSettings
    changeable = ("timer_interval", "load_fetch", "reply_code", "reply_reason", "clean_unused")

    def __init__(self, settings: PipelimitSettings, services: Services) -> None:
        """Raises SettingsError."""
        check(settings)
        self.settings = settings
        self._services = services
        self._pipes = NamedPipes(settings.max_pipes)
        self._controller = Controller()
        self._processors = ProcessorLoad()
        self._lock = threading.Lock()

    def settings_changed(self) -> None:
        """Refuse values there are not. SettingsError."""
        check(self.settings)

    def start(self) -> None:
        """Load the pipes and begin counting by intervals. Raises StorageError."""
        if self.settings.db_url:
            loaded = load_pipes(self._services.databases.open(self.settings.db_url), self.settings)
            for name, pipe in loaded.items():
                self._pipes.keep(name, pipe)
            self._find_setpoint()
        self._services.every(lambda: float(self.settings.timer_interval), self.swap, "pipelimit")

    @function()
    def pl_check(self, ctx: RouteContext, pipeid: str) -> int:
        """Count the message in a pipe.

        Args:
            pipeid: name of the pipe.
        Returns: 1 it may pass, 2 the pipe has no algorithm, -1 its limit is reached, -2 there is no such pipe.
        """
        with self._lock:
            pipe = self._pipes.find(pipeid)
            if pipe is not None:
                return self._push(pipe)
        _log.error("there is no pipe %r", pipeid)
        return _NO_PIPE

    @function()
    def pl_check_limit(self, ctx: RouteContext, pipeid: str, alg: str, limit: int) -> int:
        """Count the message in a pipe, which is made when it is not there.

        Args:
            pipeid: name of the pipe.
            alg: algorithm of a new pipe: TAILDROP, RED, FEEDBACK or NETWORK.
            limit: requests in an interval; also of a pipe there is, when above 0.
        Returns: 1 it may pass, -1 the limit is reached, -2 there is no such algorithm, 2 it is NOP.
        """
        with self._lock:
            pipe = self._pipes.find(pipeid)
            if pipe is not None:
                if limit > 0:
                    pipe.limit = limit
                return self._push(pipe)
            algorithm = algorithm_named(alg)
            if algorithm is not None:
                pipe = Pipe(algorithm, limit)
                self._pipes.make(pipeid, pipe)
                return self._push(pipe)
        _log.error("pipe %r: there is no algorithm %r", pipeid, alg)
        return _NO_PIPE

    @function()
    def pl_active(self, ctx: RouteContext, pipeid: str) -> int:
        """Tell whether there is a pipe.

        Args:
            pipeid: its name.
        Returns: 1 or -1.
        """
        with self._lock:
            return -1 if self._pipes.find(pipeid) is None else 1

    @function(_DROPPING)
    def pl_drop(self, ctx: RouteContext) -> int:
        """Refuse the request with reply_code.

        Returns: 1, or -1 when no reply can be sent.
        """
        return self._drop(ctx, 0, 0)

    @function(_DROPPING)
    def pl_drop_retry(self, ctx: RouteContext, rafter: int) -> int:
        """Refuse the request with reply_code and Retry-After.

        Args:
            rafter: seconds; 0 for no Retry-After.
        Returns: 1, or -1 when no reply can be sent.
        """
        return self._drop(ctx, rafter, rafter)

    @function(_DROPPING)
    def pl_drop_range(self, ctx: RouteContext, rmin: int, rmax: int) -> int:
        """Refuse the request with reply_code and a Retry-After by chance, so that not all come back at once.

        Args:
            rmin: least seconds.
            rmax: most seconds.
        Returns: 1, or -1 when no reply can be sent.
        """
        return self._drop(ctx, rmin, rmax)

    def _drop(self, ctx: RouteContext, low: int, high: int) -> int:
        if low > 0 and high > 0:
            seconds = low + secrets.randbelow(high - low + 1) if high > low else low
            ctx.reply_headers.append(f"Retry-After: {seconds}\r\n")
        return self._services.reply(ctx, self.settings.reply_code, self.settings.reply_reason)

    def _push(self, pipe: Pipe) -> int:
        passes = pipe.push(pipe.limit, self._controller.drop_rate)
        if pipe.algorithm is Algorithm.NOP:
            return _NO_ALGORITHM
        return 1 if passes else _REACHED

    def swap(self) -> None:
        """Begin a new interval."""
        with self._lock:
            used = {pipe.algorithm for _, pipe in self._pipes.items()}
        fetch = bool(self.settings.load_fetch)
        load = self._processors.read() if fetch and Algorithm.FEEDBACK in used else None
        waiting = 0
        if fetch and Algorithm.NETWORK in used:
            waiting = bytes_waiting({listener.port for listener in self._services.listeners})
        with self._lock:
            if load is not None:
                self._find_setpoint()
                self._controller.update(load)
            for _, pipe in self._pipes.items():
                pipe.swap(pipe.limit, waiting)
            if self.settings.clean_unused:
                self._pipes.forget_unused(self.settings.clean_unused)

    def _find_setpoint(self) -> None:
        """The load to keep is the limit of the FEEDBACK pipes."""
        for _, pipe in self._pipes.items():
            if pipe.algorithm is Algorithm.FEEDBACK:
                self._controller.setpoint = pipe.limit / 100
                return

    # Commands

    @command("pl.list")
    def list_pipes(self, name: str = "") -> list[dict[str, Any]]:
        """One pipe, or all that have an algorithm.

        Args:
            name: of the pipe; all without.
        """
        with self._lock:
            if name and self._pipes.find(name) is None:
                raise CommandError(400, f"Unknown pipe id {name}")
            return [
                _shown(one, pipe)
                for one, pipe in self._pipes.items()
                if name in ("", one) and pipe.algorithm is not Algorithm.NOP
            ]

    @command("pl.stats")
    def stats(self) -> list[str]:
        """Load and requests in the last interval of each pipe."""
        with self._lock:
            return [
                f"PIPE: id={name} load={pipe.load} counter={pipe.last_counter}"
                for name, pipe in self._pipes.items()
                if pipe.algorithm is not Algorithm.NOP
            ]

    @command("pl.get_pipes")
    def get_pipes(self) -> list[str]:
        """Algorithm, limit and requests in this interval of each pipe."""
        with self._lock:
            return [
                f"PIPE: id={name} algorithm={pipe.algorithm.name} limit={pipe.limit} counter={pipe.counter}"
                for name, pipe in self._pipes.items()
                if pipe.algorithm is not Algorithm.NOP
            ]

    @command("pl.set_pipe")
    def set_pipe(self, pipe_id: str, pipe_algorithm: str, pipe_limit: int) -> str:
        """Give a pipe another algorithm and limit.

        Args:
            pipe_id: name of the pipe.
            pipe_algorithm: NOP, RED, TAILDROP, FEEDBACK or NETWORK.
            pipe_limit: as the algorithm wants it.
        """
        algorithm = algorithm_named(pipe_algorithm)
        if algorithm is None:
            raise CommandError(400, "Unknown algorithm")
        with self._lock:
            pipe = self._known(pipe_id)
            if algorithm is Algorithm.FEEDBACK and not self._may_feed_back(pipe, pipe_limit):
                raise CommandError(400, "Feedback limits don't match")
            pipe.algorithm, pipe.limit = algorithm, pipe_limit
            self._find_setpoint()
        return "ok"

    @command("pl.reset_pipe")
    def reset_pipe(self, pipe_id: str) -> str:
        """Forget what a pipe has counted.

        Args:
            pipe_id: name of the pipe.
        """
        with self._lock:
            self._known(pipe_id).reset()
        return "ok"

    @command("pl.rm_pipe")
    def remove_pipe(self, pipe_id: str) -> str:
        """Forget a pipe.

        Args:
            pipe_id: name of the pipe.
        """
        with self._lock:
            self._known(pipe_id)
            self._pipes.remove(pipe_id)
        return "ok"

    @command("pl.get_pid")
    def get_pid(self) -> str:
        """The parameters of FEEDBACK's controller."""
        with self._lock:
            return self._controller.shown()

    @command("pl.set_pid")
    def set_pid(self, ki: float, kp: float, kd: float) -> str:
        """Set the parameters of FEEDBACK's controller.

        Args:
            ki: of the integral part.
            kp: of the proportional part.
            kd: of the derivative part.
        """
        with self._lock:
            self._controller.tune(ki, kp, kd)
        return "ok"

    @command("pl.push_load")
    def push_load(self, load: float) -> str:
        """Tell FEEDBACK's controller a load, as if it had been measured.

        Args:
            load: from 0.0 to 1.0.
        """
        with self._lock:
            self._find_setpoint()
            self._controller.push(load)
        return "ok"

    def _known(self, name: str) -> Pipe:
        pipe = self._pipes.find(name)
        if pipe is None:
            raise CommandError(400, f"Unknown pipe id {name}")
        return pipe

    def _may_feed_back(self, changed: Pipe, limit: int) -> bool:
        others = [pipe for _, pipe in self._pipes.items() if pipe is not changed]
        return 0 <= limit <= 100 and all(
            pipe.limit == limit for pipe in others if pipe.algorithm is Algorithm.FEEDBACK
        )


def _shown(name: str, pipe: Pipe) -> dict[str, Any]:
    return {
        "name": name,
        "algorithm": pipe.algorithm.name,
        "limit": pipe.limit,
        "counter": pipe.counter,
        "last_counter": pipe.last_counter,
        "unused_intervals": pipe.unused,
    }
