"""LuaSIP and Kamailio with the same script and the same calls: CPU a call, latency, memory, highest rate.

Both servers run during a workload and are loaded in turn. CPU is counted from the start of a run to the start of that
server's next one, so that what a call leaves to be done later (ending its transactions) counts.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.calls import Callee, Caller, Run
from benchmarks.contestants import Contestant, Server, kamailio, luasip
from benchmarks.processes import cpu_seconds
from benchmarks.results import Result, markdown, plot
from benchmarks.workloads import WORKLOADS, Workload
from tests.wire.process import ROOT

TAIL = 6.0
"""Seconds after which all transactions of a run have ended (Kamailio's wt_timer is 5 s)."""
STEP = 1.4
"""Factor from one rate to the next when the highest one is looked for."""


@dataclass
class Seat:
    """One server of a workload while it runs."""

    contestant: Contestant
    server: Server
    caller: Caller
    result: Result

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return cpu_seconds(self.server.pid)


class Comparison:
    """What is compared, and how long."""

    def __init__(
        self, contestants: Sequence[Contestant], folder: Path, rounds: int, seconds: float, climb: bool
    ) -> None:
        self._contestants = contestants
        self._folder = folder
        self._rounds = rounds
        self._seconds = seconds
        self._climb = climb

    def run(self, workload: Workload, rates: Sequence[int]) -> list[Result]:
        """Results rate by rate, in the order of the servers."""
        results: list[Result] = []
        folder = self._folder / workload.name
        with contextlib.ExitStack() as opened:
            callee = opened.enter_context(Callee(folder / "callee", workload)) if workload.callee else None
            seats = []
            for number, contestant in enumerate(self._contestants):
                place = folder / f"server{number}"
                server = opened.enter_context(contestant.make(workload, place))
                if callee:
                    callee.register(server.address)
                caller = Caller(place / "runs", workload, server.address, server.pid, callee)
                seats.append(Seat(contestant, server, caller, _result(workload, rates[0], contestant)))
            for seat in seats:
                seat.caller.run(rates[0], 2.0)
            time.sleep(TAIL)
            for rate in rates:
                for seat in seats:
                    seat.result = _result(workload, rate, seat.contestant)
                    results.append(seat.result)
                self._compare(seats, rate)
            if self._climb:
                for seat in seats:
                    self._find_highest(seat, rates)
        return results

    def _compare(self, seats: Sequence[Seat], rate: int) -> None:
        began = [0.0] * len(seats)
        for number in range(self._rounds + 1):
            if number == self._rounds:
                time.sleep(TAIL)
            for index, seat in enumerate(seats):
                now = seat.cpu()
                if number:
                    seat.result.cpu.append((now - began[index]) * 1e6 / max(1, seat.result.runs[-1].calls))
                began[index] = now
                if number < self._rounds:
                    seat.result.runs.append(seat.caller.run(rate, self._seconds))
            if number:
                shown = ", ".join(f"{seat.result.server} {seat.result.cpu[-1]:.0f}" for seat in seats)
                _say(f"  {rate}/s: {shown} µs a call")

    def _find_highest(self, seat: Seat, rates: Sequence[int]) -> None:
        """Go up from the rates that were compared until calls fail or something else is full."""
        result, rate = seat.result, rates[-1]
        if result.failed:
            return
        result.highest = rate
        while True:
            rate = round(rate * STEP, -2)
            run = seat.caller.run(rate, self._seconds)
            limit = run.limit(seat.contestant.cores)
            _say(f"  {result.server} at {rate}/s: {_outcome(run)}{f', limited by {limit}' if limit else ''}")
            if not run.counts.failed:
                result.highest = round(min(rate, run.achieved))
            if limit or run.counts.failed:
                result.stopped_by = limit
                return


def _result(workload: Workload, rate: int, contestant: Contestant) -> Result:
    return Result(workload.title, rate, contestant.name, contestant.cores)


def _outcome(run: Run) -> str:
    return (
        f"{run.counts.failed} of {run.calls} failed, {run.achieved:.0f}/s begun, server {run.server_cores:.2f}, "
        f"sipp {run.sipp_cores:.2f} cores, machine {run.machine_busy:.0%} busy"
    )


def _say(text: str) -> None:
    print(text, flush=True)


def contestants(options: argparse.Namespace) -> list[Contestant]:
    """Who takes part; the last one is what the others are compared with."""
    compiled = Path(sys.prefix) / "compiled"
    found = []
    if options.compiled or not options.plain:
        if not (compiled / "luasip").is_dir():
            sys.exit(f"there is no compiled LuaSIP in {compiled}: run scripts/bench, or use --plain")
        found.append(luasip("LuaSIP", compiled))
    if options.plain:
        found.append(luasip("LuaSIP, plain", ROOT))
    if not options.no_kamailio:
        found.append(kamailio(options.children))
    return found


def main() -> None:
    """Run what the command line asks for."""
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--workloads", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--rates", type=int, nargs="+", help="calls a second (default: each workload's own)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a run (default: %(default)s)")
    parser.add_argument("--compiled", action="store_true", help="the compiled LuaSIP (default)")
    parser.add_argument("--plain", action="store_true", help="the plain LuaSIP; with --compiled: both")
    parser.add_argument("--no-kamailio", action="store_true", help="LuaSIP alone")
    parser.add_argument("--children", type=int, default=2, help="workers of Kamailio (default: %(default)s)")
    parser.add_argument("--no-climb", action="store_true", help="do not look for the highest rate")
    parser.add_argument("--plot", type=Path, help="write an SVG there")
    options = parser.parse_args()
    began = time.monotonic()
    load = f"{os.getloadavg()[0]:.1f}"
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="luasip-bench-") as name:
        comparison = Comparison(
            contestants(options), Path(name), options.rounds, options.seconds, not options.no_climb
        )
        for workload in WORKLOADS:
            if workload.name in options.workloads:
                _say(f"{workload.title}:")
                results += comparison.run(workload, options.rates or workload.rates)
    _say(f"\n{os.cpu_count()} CPUs, load {load} before, {time.monotonic() - began:.0f} s\n")
    _say(markdown(results))
    if options.plot:
        options.plot.write_text(plot(results), "utf-8")


if __name__ == "__main__":
    main()
