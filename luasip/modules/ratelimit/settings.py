"""ratelimit's settings: Kamailio's modparams, and the texts of pipes and queues read."""

import re
from dataclasses import dataclass, field
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.declare import Module
from luasip.modules.pipes import Algorithm, Pipe, algorithm_named

MAX_PIPES: Final = 32
MAX_QUEUES: Final = 32

_PIPE: Final = re.compile(r"([0-9]{1,4}):([^: ]+):([0-9]{1,9})")
_QUEUE: Final = re.compile(r"([0-9]{1,4}):([^: ]+)")


@dataclass
class RatelimitSettings(Module.Settings):
    """Pipes, and which methods go through them."""

    timer_interval: int = 10
    """Seconds of an interval."""
    pipe: list[str] = field(default_factory=list)
    """Pipes, "NUMBER:ALGORITHM:LIMIT": TAILDROP and RED requests a second, FEEDBACK percent of the processors'
    load (the same in all pipes), NETWORK bytes waiting to be read. Numbers 0 to 31."""
    queue: list[str] = field(default_factory=list)
    """Which pipe a method goes through, "NUMBER:METHOD"; method * for all others."""


@dataclass(slots=True)
class Queue:
    """Requests of a method go through a pipe."""

    pipe: int
    method: str


def read_pipes(settings: RatelimitSettings) -> tuple[list[Pipe], list[Queue]]:
    """The pipes by number, and the queues. Raises SettingsError."""
    problems: list[str] = []
    if settings.timer_interval <= 0:
        problems.append(
            f"modules.ratelimit.timer_interval: {settings.timer_interval} is not a positive number"
        )
    pipes = [Pipe() for _ in range(MAX_PIPES)]
    for text in settings.pipe:
        found = _PIPE.fullmatch(text)
        algorithm = algorithm_named(found[2]) if found else None
        if found is None or algorithm is None or int(found[1]) >= MAX_PIPES:
            names = ", ".join(Algorithm.__members__)
            allowed = f'"NUMBER:ALGORITHM:LIMIT", numbers 0 to {MAX_PIPES - 1}, algorithms {names}'
            problems.append(f"modules.ratelimit.pipe: {text!r}; allowed: {allowed}")
            continue
        pipes[int(found[1])] = Pipe(algorithm, int(found[3]))
    problems += [f"modules.ratelimit.pipe: {problem}" for problem in feedback_problems(pipes)]
    queues = []
    for text in settings.queue:
        found = _QUEUE.fullmatch(text)
        if found is None or int(found[1]) >= MAX_PIPES:
            problems.append(
                f'modules.ratelimit.queue: {text!r}; allowed: "NUMBER:METHOD", numbers 0 to {MAX_PIPES - 1}'
            )
            continue
        queues.append(Queue(int(found[1]), found[2]))
    if len(queues) > MAX_QUEUES:
        problems.append(f"modules.ratelimit.queue: {len(queues)} queues; allowed: {MAX_QUEUES}")
    if problems:
        raise SettingsError(problems)
    return pipes, queues


def feedback_problems(pipes: list[Pipe]) -> list[str]:
    """What is wrong with the limits of FEEDBACK pipes."""
    limits = {pipe.limit for pipe in pipes if pipe.algorithm is Algorithm.FEEDBACK}
    problems = [f"FEEDBACK limit {limit} is not from 0 to 100" for limit in limits if not 0 <= limit <= 100]
    if len(limits) > 1:
        problems.append(f"FEEDBACK limits differ: {', '.join(map(str, sorted(limits)))}")
    return problems


def setpoint(pipes: list[Pipe]) -> float:
    """The load that the FEEDBACK pipes are to keep."""
    return next((pipe.limit / 100 for pipe in pipes if pipe.algorithm is Algorithm.FEEDBACK), 0.0)
