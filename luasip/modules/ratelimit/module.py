"""The ratelimit module: requests counted by method, and the RPC commands."""

import logging
import threading

from luasip.errors import CommandError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.current import method_of
from luasip.kemi.declare import Module, command, function
from luasip.modules.pipes import Algorithm, Controller, Pipe, algorithm_named
from luasip.modules.ratelimit.settings import (
    MAX_PIPES,
    RatelimitSettings,
    feedback_problems,
    read_pipes,
    setpoint,
)
from luasip.modules.system_load import ProcessorLoad, bytes_waiting

_log = logging.getLogger("luasip.ratelimit")


class Ratelimit(Module):
    """ratelimit: how many requests of each method may pass."""

    name = "ratelimit"

    Settings = RatelimitSettings
    changeable = ("timer_interval", "pipe", "queue")

    def __init__(self, settings: RatelimitSettings, services: Services) -> None:
        """Raises SettingsError."""
        self.settings = settings
        self._pipes, self._queues = read_pipes(settings)
        self._services = services
        self._controller = Controller()
        self._controller.setpoint = setpoint(self._pipes)
        self._processors = ProcessorLoad()
        self._telling = False
        self._lock = threading.Lock()

    def settings_changed(self) -> None:
        """Read pipes and queues anew; a pipe that is as it was in the settings keeps its counters. SettingsError."""
        pipes, queues = read_pipes(self.settings)
        with self._lock:
            for number, (now, wanted) in enumerate(zip(self._pipes, pipes, strict=True)):
                if (now.algorithm, now.limit) != (wanted.algorithm, wanted.limit):
                    self._pipes[number] = wanted
            self._queues = queues
            self._controller.setpoint = setpoint(self._pipes)

    def start(self) -> None:
        """Begin counting by intervals."""
        self._services.every(lambda: float(self.settings.timer_interval), self.swap, "ratelimit")

    @function()
    def rl_check(self, ctx: RouteContext) -> int:
        """Count the message in the pipe of its method.

        Returns: 1 it may pass, -1 the limit is reached, or no queue is for this method.
        """
        method = method_of(ctx.message).lower()
        with self._lock:
            pipe = self._pipe_of(method)
        if pipe is None:
            _log.info("no queue is for %s", method.upper())
            return -1
        return self._push(pipe)

    @function()
    def rl_check_pipe(self, ctx: RouteContext, pipe: int) -> int:
        """Count the message in a pipe.

        Args:
            pipe: its number; negative for the pipe of the message's method.
        Returns: 1 it may pass, -1 the limit is reached, or there is no such pipe.
        """
        if pipe < 0:
            return self.rl_check(ctx)
        if pipe >= MAX_PIPES or self._pipes[pipe].algorithm is Algorithm.NOP:
            _log.error("there is no pipe %d", pipe)
            return -1
        return self._push(pipe)

    def _pipe_of(self, method: str) -> int | None:
        """The pipe of the queue for a method, else of the last one for all."""
        found: int | None = None
        for queue in self._queues:
            if queue.method.lower() == method:
                return queue.pipe
            if queue.method == "*":
                found = queue.pipe
        return found

    def _push(self, number: int) -> int:
        pipe = self._pipes[number]
        with self._lock:
            if pipe.algorithm is Algorithm.NOP:
                _log.error("pipe %d has no algorithm", number)
            passes = pipe.push(self._allowed(pipe), self._controller.drop_rate)
        return 1 if passes else -1

    def _allowed(self, pipe: Pipe) -> int:
        return pipe.limit * self.settings.timer_interval

    def swap(self) -> None:
        """Begin a new interval."""
        used = {pipe.algorithm for pipe in self._pipes}
        load = self._processors.read() if Algorithm.FEEDBACK in used else None
        waiting = 0
        if Algorithm.NETWORK in used:
            waiting = bytes_waiting({listener.port for listener in self._services.listeners})
        with self._lock:
            if load is not None:
                self._controller.update(load)
            if self._telling:
                _log.warning(
                    "counters of the pipes: %s", " ".join([str(pipe.counter) for pipe in self._pipes])
                )
            for pipe in self._pipes:
                pipe.swap(self._allowed(pipe), waiting)

    # Commands

    @command("rl.stats")
    def stats(self) -> list[str]:
        """Requests in the last interval, limit and drop rate of every pipe."""
        with self._lock:
            return [
                f"PIPE[{number}]: {pipe.last_counter}/{pipe.limit} (drop rate: {pipe.load})"
                for number, pipe in enumerate(self._pipes)
            ]

    @command("rl.get_pipes")
    def get_pipes(self) -> list[str]:
        """The pipes that have an algorithm."""
        with self._lock:
            return [
                f"PIPE[{number}]: {pipe.algorithm.value}:{pipe.algorithm.name} {pipe.last_counter}/{pipe.limit}"
                f" (drop rate: {pipe.load}) [{pipe.counter}]"
                for number, pipe in enumerate(self._pipes)
                if pipe.algorithm is not Algorithm.NOP
            ]

    @command("rl.set_pipe")
    def set_pipe(self, pipe_id: int, pipe_algorithm: str, pipe_limit: int) -> str:
        """Give a pipe another algorithm and limit.

        Args:
            pipe_id: number of the pipe.
            pipe_algorithm: NOP, RED, TAILDROP, FEEDBACK or NETWORK.
            pipe_limit: as the algorithm wants it.
        """
        algorithm = algorithm_named(pipe_algorithm)
        if algorithm is None:
            raise CommandError(400, "Unknown algorithm")
        if not 0 <= pipe_id < MAX_PIPES:
            raise CommandError(400, "Unknown pipe")
        with self._lock:
            changed = list(self._pipes)
            changed[pipe_id] = Pipe(algorithm, pipe_limit)
            if feedback_problems(changed):
                raise CommandError(400, "Feedback limits don't match")
            pipe = self._pipes[pipe_id]
            pipe.algorithm, pipe.limit = algorithm, pipe_limit
            self._controller.setpoint = setpoint(self._pipes)
        return "ok"

    @command("rl.get_queues")
    def get_queues(self) -> list[str]:
        """The queues: pipe and method."""
        with self._lock:
            return [
                f"QUEUE[{number}]: {queue.pipe}:{queue.method}" for number, queue in enumerate(self._queues)
            ]

    @command("rl.set_queue")
    def set_queue(self, queue_id: int, queue_method: str, pipe_id: int) -> str:
        """Give a queue of the settings another method and pipe.

        Args:
            queue_id: number of the queue, from 0.
            queue_method: the method, or *.
            pipe_id: number of the pipe.
        """
        if not 0 <= pipe_id < MAX_PIPES:
            raise CommandError(400, "Invalid pipe number")
        with self._lock:
            if not 0 <= queue_id < len(self._queues):
                raise CommandError(400, "MAX_QUEUES reached")
            queue = self._queues[queue_id]
            queue.method, queue.pipe = queue_method, pipe_id
        return "ok"

    @command("rl.get_pid")
    def get_pid(self) -> str:
        """The parameters of FEEDBACK's controller."""
        with self._lock:
            return self._controller.shown()

    @command("rl.set_pid")
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

    @command("rl.push_load")
    def push_load(self, load: float) -> str:
        """Tell FEEDBACK's controller a load, as if it had been measured.

        Args:
            load: from 0.0 to 1.0.
        """
        with self._lock:
            self._controller.push(load)
        return "ok"

    @command("rl.set_dbg")
    def set_dbg(self, dbg: int) -> str:
        """Log the counters of all pipes at the end of each interval, or do not.

        Args:
            dbg: 1 or 0.
        """
        self._telling = bool(dbg)
        return "ok"
