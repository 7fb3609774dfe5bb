"""Servers under the same calls in turn: what a call takes of each, and how fast each goes at most.

All servers run during a workload and are loaded one after the other. CPU is counted from the start of a run to the
start of that server's next one, so that what a call leaves to be done later (ending its transactions) counts.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.calls import Callee, Caller, Run
from benchmarks.contestants import Contestant, Server
from benchmarks.processes import cpu_seconds
from benchmarks.results import Result
from benchmarks.workloads import Workload

TAIL = 6.0
"""Seconds after which all transactions of a run have ended (wt_timer is 5 s in both servers)."""
STEP = 1.4
"""Factor from one rate to the next when the highest one is looked for."""
OVERLOADED = 0.1
"""Share of failed calls at which a rate is too much for a server, so that more rounds say nothing."""
CLIMBING = 2.0
"""Seconds of a run when the highest rate is looked for."""
LOWEST = 50
"""Calls a second below which the search for a rate that works is given up."""


@dataclass
class Seat:
    """One server of a workload while it runs."""

    contestant: Contestant
    server: Server
    caller: Caller

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return cpu_seconds(self.server.pid)

    def load(self, rate: int, seconds: float) -> Run:
        """One run. After a failed call the server is given time to get rid of what waits."""
        run = self.caller.run(rate, seconds)
        if run.counts.failed:
            self._calm_down()
        return run

    def _calm_down(self) -> None:
        for _ in range(10):
            before = self.cpu()
            time.sleep(0.5)
            if self.cpu() - before < 0.05:
                return


class Comparison:
    """Who is compared, and how long."""

    def __init__(
        self, contestants: Sequence[Contestant], folder: Path, rounds: int, seconds: float, climb: bool
    ) -> None:
        self._contestants = contestants
        self._folder = folder
        self._rounds = rounds
        self._seconds = seconds
        self._climb = climb

    def run(self, workload: Workload, rates: Sequence[int]) -> list[Result]:
        """Results rate by rate, each time in the order of the servers."""
        results: list[Result] = []
        folder = self._folder / workload.name
        with contextlib.ExitStack() as opened:
            callee = opened.enter_context(Callee(folder / "callee", workload)) if workload.callee else None
            seats = [
                opened.enter_context(seated(contestant, workload, folder / f"server{number}", callee))
                for number, contestant in enumerate(self._contestants)
            ]
            for seat in seats:
                seat.load(min(rates), 2.0)
            time.sleep(TAIL)
            for rate in rates:
                results += self._compare(workload, seats, rate)
            if self._climb:
                for seat, last in zip(seats, results[-len(seats) :], strict=True):
                    mine = [result for result in results if result.server == seat.contestant.name]
                    last.highest, last.stopped_by = self._find_highest(seat, mine)
        return results

    def _compare(self, workload: Workload, seats: Sequence[Seat], rate: int) -> list[Result]:
        results = [
            Result(workload.title, rate, seat.contestant.name, seat.contestant.cores) for seat in seats
        ]
        began = [0.0] * len(seats)
        number, rounds = 0, self._rounds
        while True:
            if number == rounds:
                time.sleep(TAIL)
            for index, (seat, result) in enumerate(zip(seats, results, strict=True)):
                now = seat.cpu()
                if number:
                    result.cpu.append((now - began[index]) * 1e6 / result.runs[-1].calls)
                began[index] = now
                if number < rounds:
                    result.runs.append(seat.load(rate, self._seconds))
            if number:
                shown = ", ".join(f"{result.server} {result.cpu[-1]:.0f}" for result in results)
                say(f"  {rate}/s: {shown} µs a call")
            if number == rounds:
                return results
            number += 1
            if any(result.failed > OVERLOADED * sum(run.calls for run in result.runs) for result in results):
                rounds = number

    def _find_highest(self, seat: Seat, compared: Sequence[Result]) -> tuple[int, str]:
        """The highest rate without a failed call, and what kept it from more.

        Upwards from the compared rates; where calls failed at the lowest of them, downwards.
        """
        good = [result.rate for result in compared if not result.failed]
        if not good:
            return self._descend(seat, min(result.rate for result in compared)), "server"
        highest = rate = max(good)
        while True:
            rate = next_rate(rate)
            run = self._try(seat, rate)
            limit = run.limit(seat.contestant.cores)
            if not run.counts.failed:
                highest = round(min(rate, run.achieved))
            if limit or run.counts.failed:
                return highest, limit or "server"

    def _descend(self, seat: Seat, rate: int) -> int:
        while (rate := round(rate / STEP)) >= LOWEST:
            if not self._try(seat, rate).counts.failed:
                return rate
        return 0

    def _try(self, seat: Seat, rate: int) -> Run:
        run = seat.load(rate, CLIMBING)
        limit = run.limit(seat.contestant.cores)
        say(
            f"  {seat.contestant.name} at {rate}/s: {run.counts.failed} of {run.calls} failed, "
            f"{run.achieved:.0f}/s begun, server {run.server_cores:.2f}, sipp {run.sipp_cores:.2f} cores, "
            f"machine {run.machine_busy:.0%} busy{f', limited by {limit}' if limit else ''}"
        )
        return run


@contextlib.contextmanager
def seated(contestant: Contestant, workload: Workload, folder: Path, callee: Callee | None) -> Iterator[Seat]:
    """A server that runs, the callee registered at it, and a caller for it."""
    with contestant.make(workload, folder) as server:
        if callee:
            callee.register(server.address)
        yield Seat(contestant, server, Caller(folder / "runs", workload, server.address, server.pid, callee))


def next_rate(rate: int) -> int:
    """The rate to try after this one."""
    return max(rate + 10, int(round(rate * STEP, -1)))


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, flush=True)
