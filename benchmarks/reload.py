"""Calls through a server whose script is loaded again and again: none may fail, and nothing may be left behind."""

import argparse
import json
import statistics
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import sources
from benchmarks.calls import Callee, Caller, Run
from benchmarks.comparison import say
from benchmarks.load import percentile
from benchmarks.luasip_server import LuaSip
from benchmarks.processes import memory_mib
from benchmarks.results import table
from benchmarks.section import Circumstances, write_section
from benchmarks.workloads import WORKLOADS
from tests.wire.process import ROOT, free_port

HEADING = "Reloads"
METHOD = """\
    scripts/bench_reload

sipp makes calls (INVITE, ACK, BYE) through a server while the script is loaded anew every second by `script.reload`.
*Growth* is the median of the server's resident memory in the last third of the time beside that in the second one, for
each reload; a Lua state, of which a reload makes one for each thread, takes 1.1 MiB. *Limit* is what kept the rate
down, where something did: the server, sipp or the machine's CPUs."""

MOST_GROWTH = 0.1
"""MiB the server may grow by for each reload: a Lua state that is kept takes ten times as much."""

CORES = 1.0
"""CPUs the server can use: Python runs one thread at a time."""


@dataclass
class Reloads:
    """What the reloads of one run took."""

    milliseconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """MiB of the server after each."""
    errors: list[str] = field(default_factory=list)

    def growth(self) -> float:
        """MiB a reload."""
        third = len(self.memory) // 3
        if not third:
            return 0.0
        middle, last = self.memory[third : 2 * third], self.memory[2 * third :]
        return (statistics.median(last) - statistics.median(middle)) / third


class Reloader:
    """Loads the script of a server again every so often, on a thread, while the `with` block runs."""

    def __init__(self, port: int, pid: int, every: float) -> None:
        self.done = Reloads()
        self._url = f"http://127.0.0.1:{port}/RPC"
        self._pid = pid
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Reloads:
        self._thread.start()
        return self.done

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        at = time.monotonic() + self._every
        while not self._over.wait(max(0.0, at - time.monotonic())):
            at += self._every
            began = time.monotonic()
            try:
                self._reload()
            except (OSError, ValueError) as error:
                self.done.errors.append(str(error))
            self.done.milliseconds.append((time.monotonic() - began) * 1000)
            self.done.memory.append(memory_mib(self._pid))

    def _reload(self) -> None:
        document = json.dumps({"jsonrpc": "2.0", "method": "script.reload", "id": 1}).encode("ascii")
        with urllib.request.urlopen(self._url, document, timeout=30) as answer:
            found = json.load(answer)
        if "error" in found:
            raise ValueError(found["error"]["message"])


def measure(folder: Path, source: Path, options: argparse.Namespace) -> tuple[Run, Reloads]:
    """One run."""
    workload = next(one for one in WORKLOADS if one.name == "invite")
    port = free_port()
    settings = f'[control]\nhttp = "127.0.0.1:{port}"\n'
    script = Path(__file__).with_name("route.lua")
    with (
        Callee(folder / "callee", workload) as callee,
        LuaSip(folder / "server", script, free_port(), source, settings) as server,
    ):
        callee.register(server.address)
        caller = Caller(folder / "caller", workload, server.address, server.pid, callee)
        with Reloader(port, server.pid, options.every) as reloads:
            run = caller.run(options.rate, options.seconds)
        for line in server.log().splitlines():
            if "ERROR" in line or "CRITICAL" in line:
                reloads.errors.append(line)
    return run, reloads


OTHER_LIMITS = {
    "sipp": "sipp could not make that many calls; choose a lower --rate",
    "CPUs": "the machine's CPUs were busy with all of it; let it do nothing else, or choose a lower --rate",
}
"""What it means when not the server was the limit."""


def faults(run: Run, reloads: Reloads) -> list[str]:
    """What should not have happened."""
    found = [f"a reload failed: {error}" for error in reloads.errors[:5]]
    if run.counts.failed:
        found.append(f"{run.counts.failed} of {run.calls} calls failed")
    if run.unanswered:
        found.append(f"{run.unanswered} plain OPTIONS had no answer")
    limit = run.limit(CORES)
    if limit in ("sipp", "CPUs"):
        found.append(f"nothing is shown: {OTHER_LIMITS[limit]}")
    if reloads.growth() > MOST_GROWTH:
        found.append(f"the server grew by {reloads.growth():.2f} MiB a reload")
    if not reloads.milliseconds:
        found.append("nothing was reloaded")
    return found


HEADINGS = (
    *("calls a second", "calls", "failed", "sent again", "reloads", "ms a reload", "longest"),
    *("OPTIONS p50 ms", "p99", "server CPU", "growth a reload", "limit"),
)


def row(run: Run, reloads: Reloads) -> list[str]:
    """Cells for the table."""
    return [
        f"{run.achieved:.0f}",
        f"{run.calls:,}",
        str(run.counts.failed),
        str(run.counts.retransmissions),
        str(len(reloads.milliseconds)),
        f"{statistics.median(reloads.milliseconds or [0.0]):.0f}",
        f"{max(reloads.milliseconds, default=0.0):.0f}",
        f"{percentile(run.times, 50):.1f}",
        f"{percentile(run.times, 99):.1f}",
        f"{run.server_cores:.2f}",
        f"{reloads.growth():+.2f} MiB",
        run.limit(CORES) or "none",
    ]


def main() -> int:
    """Run what the command line asks for; 1 when a call failed or the server grew."""
    parser = argparse.ArgumentParser(prog="scripts/bench_reload", description=__doc__)
    add = parser.add_argument
    add("--rate", type=int, default=500, help="calls a second (default: %(default)s)")
    add("--seconds", type=float, default=30.0, help="length of the run (default: %(default)s)")
    add("--every", type=float, default=1.0, help="seconds between two reloads (default: %(default)s)")
    add("--plain", action="store_true", help="the plain LuaSIP, not the compiled one")
    add("--write", type=Path, metavar="MARKDOWN", help="put the section into this file")
    options = parser.parse_args()
    circumstances = Circumstances()
    with tempfile.TemporaryDirectory(prefix="luasip-bench-") as name:
        run, reloads = measure(Path(name), ROOT if options.plain else sources.compiled(), options)
    text = f"{circumstances.text()}\n\n{table(HEADINGS, [row(run, reloads)])}"
    say(text)
    if options.write:
        write_section(options.write, HEADING, f"{METHOD}\n\n{text}")
    wrong = faults(run, reloads)
    for one in wrong:
        say(one)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
