"""What a call costs a LuaSIP that has much to remember, beside one that has not; and what remembering takes.

Two servers run at a time, one empty and one full, and are loaded in turn: ratios are of pairs of runs. CPU is counted
while the load runs.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import sources
from benchmarks.calls import Callee, Caller
from benchmarks.comparison import say
from benchmarks.filling import Connections, Filler, write_contacts
from benchmarks.luasip_server import LuaSip
from benchmarks.processes import cpu_seconds, memory_mib
from benchmarks.results import table
from benchmarks.section import Circumstances, write_section
from benchmarks.workloads import Workload
from tests.wire.process import ROOT, free_port

HEADING = "Cost growth"
METHOD = """\
    scripts/bench_growth

Two servers with the script of `scripts/bench`, one with little and one with much to remember, are loaded in turn with
the same calls. *CPU* is the median of the rounds, *ratio* that of the pairs, with the smallest and the largest one.
Live transactions are INVITEs that ring; suspended routes are in `luasip.sleep`; contacts come from an SQLite database.
Memory is what a server's resident memory grew by."""

MESSAGE = Workload("message", "MESSAGE, relayed", "message_many", "message_callee", users=100)
REGISTER = Workload("register", "REGISTER, saved", "register", users=100)
FOREVER = 3_600_000
"""Milliseconds: longer than a benchmark runs."""
SETTINGS = f"""
[server.overload]
transactions = 0
[server.workers]
max_suspended = 1000000
[server.tcp]
connections = 10000
[modules.tm]
fr_timer = {FOREVER}
fr_inv_timer = {FOREVER}
max_inv_lifetime = {FOREVER}
max_noninv_lifetime = {FOREVER}
"""

Load = Callable[[], tuple[float, int]]
"""A run: seconds of CPU the server used, and calls."""


@dataclass
class Growth:
    """CPU a call, in microseconds, of pairs of runs."""

    what: str
    calls: str
    small: int
    big: int
    pairs: list[tuple[float, float]] = field(default_factory=list)

    def row(self) -> list[str]:
        """Cells for the table."""
        few, many = (statistics.median(pair[index] for pair in self.pairs) for index in (0, 1))
        ratios = [big / small for small, big in self.pairs]
        shown = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        return [self.what, self.calls, f"{self.small:,}", f"{few:.0f}", f"{self.big:,}", f"{many:.0f}", shown]


ROW_HEADINGS = ("what grows", "calls", "from", "CPU µs a call", "to", "CPU µs a call", "ratio")


def each(name: str, count: int, before: float, after: float) -> list[str]:
    """Cells about memory: MiB before and after `count` things were added."""
    return [name, f"{count:,}", f"{(after - before) * 1024 / max(1, count):.2f} KiB each"]


class Bench:
    """Makes servers, loads them and keeps what was found."""

    def __init__(self, folder: Path, source: Path, options: argparse.Namespace) -> None:
        self._folder = folder
        self._source = source
        self._options = options
        self._script = folder / "route.lua"
        here = Path(__file__).parent
        self._script.write_text(
            "".join((here / name).read_text("ascii") for name in ("route.lua", "growth.lua"))
        )
        self.growths: list[Growth] = []
        self.facts: list[list[str]] = []

    @contextmanager
    def server(self, name: str, callee: Callee, settings: str = "", tcp: bool = False) -> Iterator[LuaSip]:
        """A server that knows user0 … user99, who are all at the callee."""
        folder = self._folder / name
        database = folder / "location.db"
        if not database.exists():
            write_contacts(database, MESSAGE.users, f"127.0.0.1:{callee.port}")
        location = f'[modules.usrloc]\ndb_url = "sqlite:///{database}"\ndb_mode = 2\n'
        with LuaSip(
            folder, self._script, free_port(), self._source, SETTINGS + settings + location, tcp
        ) as server:
            yield server

    def caller(self, server: LuaSip, callee: Callee | None, workload: Workload = MESSAGE) -> Load:
        """Calls of sipp."""
        folder = self._folder / "runs" / f"{server.pid}-{workload.name}"
        caller = Caller(folder, workload, server.address, server.pid, callee)

        def load() -> tuple[float, int]:
            run = caller.run(self._options.rate, self._options.seconds)
            if run.counts.failed:
                say(f"  {run.counts.failed} of {run.calls} calls failed: choose a lower --rate")
            return run.server_cpu, run.calls

        return load

    def compare(self, growth: Growth, small: Load, big: Load) -> None:
        """Load both in turn."""
        small()
        big()
        for _ in range(self._options.rounds):
            few, many = (cpu * 1e6 / max(1, calls) for cpu, calls in (small(), big()))
            growth.pairs.append((few, many))
        self.growths.append(growth)
        say(f"  {' | '.join(growth.row())}")

    def fact(self, row: list[str]) -> None:
        """Keep something that is no ratio."""
        self.facts.append(row)
        say(f"  {' | '.join(row)}")

    def contacts(self, callee: Callee) -> None:
        """Contacts from a database."""
        count = self._options.contacts
        write_contacts(self._folder / "many" / "location.db", count, f"127.0.0.1:{callee.port}")
        with self.server("few", callee):
            pass  # What Python compiles and the system reads from disk once is ready now.
        with self.server("few", callee) as few, self.server("many", callee) as many:
            self.fact([f"{count:,} contacts loaded", "", f"{many.started_in - few.started_in:.1f} s"])
            added = count - MESSAGE.users
            self.fact(each("contact", added, memory_mib(few.pid), memory_mib(many.pid)))
            for workload, who in ((MESSAGE, callee), (REGISTER, None)):
                growth = Growth("contacts", workload.title, MESSAGE.users, count)
                self.compare(growth, self.caller(few, who, workload), self.caller(many, who, workload))

    def completed(self, callee: Callee) -> None:
        """Transactions that have ended and absorb retransmissions."""
        count = self._options.completed
        with (
            self.server("completed", callee, f"wt_timer = {FOREVER}\n") as server,
            closing(Filler(server.address)) as filler,
        ):
            filler.fill("completed", 2000)
            before = memory_mib(server.pid)
            filler.fill("completed", count)
            self.fact(each("completed transaction", count, before, memory_mib(server.pid)))

    def transactions(self, callee: Callee, empty: LuaSip) -> None:
        """INVITEs that ring."""
        count = self._options.transactions
        with self.server("live", callee) as full, closing(Filler(full.address)) as filler:
            big = self.caller(full, callee)
            big()
            before, began = memory_mib(full.pid), time.monotonic()
            filler.fill("live", count)
            say(f"  {filler.statistic('current')} live transactions after {time.monotonic() - began:.0f} s")
            self.fact(each("live transaction (INVITE relayed, ringing)", count, before, memory_mib(full.pid)))
            self.compare(
                Growth("live transactions", MESSAGE.title, 0, count), self.caller(empty, callee), big
            )
            longest = filler.statistic("longest_pause_us") / 1000
            passes = filler.statistic("passes")
            self.fact(
                [
                    f"longest pause of the garbage collector, {passes} passes",
                    f"{count:,}",
                    f"{longest:.1f} ms",
                ]
            )

    def suspended(self, callee: Callee, empty: LuaSip) -> None:
        """Routes that wait."""
        count = self._options.suspended
        with self.server("suspended", callee) as full, closing(Filler(full.address)) as filler:
            big = self.caller(full, callee)
            big()
            before = memory_mib(full.pid)
            filler.fill("held", count)
            say(f"  {filler.statistic('current')} transactions")
            held = memory_mib(full.pid)
            filler.fill("asleep", count)
            after = memory_mib(full.pid)
            say(f"  {filler.statistic('suspended')} suspended routes")
            self.fact(each("live transaction without branches", count, before, held))
            self.fact(each("the same with a suspended route", count, held, after))
            beyond = (after - held) - (held - before)
            self.fact(each("so a suspended route beyond its transaction", count, 0.0, beyond))
            self.compare(Growth("suspended routes", MESSAGE.title, 0, count), self.caller(empty, callee), big)

    def connections(self, callee: Callee, empty: LuaSip) -> None:
        """TCP connections, all in use."""
        count = self._options.connections
        with self.server("connected", callee, tcp=True) as full, ExitStack() as opened:
            loads = []
            for server, number in ((empty, 1), (full, count)):
                connections = opened.enter_context(closing(Connections(server.address, number)))
                loads.append(self._asking(server, connections))
            self.compare(Growth("TCP connections", "OPTIONS, answered", 1, count), loads[0], loads[1])

    def _asking(self, server: LuaSip, connections: Connections) -> Load:
        def load() -> tuple[float, int]:
            before = cpu_seconds(server.pid)
            answered = connections.ask(self._options.rate, self._options.seconds)
            return cpu_seconds(server.pid) - before, answered

        return load


def run(bench: Bench, folder: Path, wanted: Sequence[str]) -> None:
    """What is wanted, with a callee for all."""
    with Callee(folder / "callee", MESSAGE) as callee:
        if "contacts" in wanted:
            say("contacts:")
            bench.contacts(callee)
        if "completed" in wanted:
            say("completed transactions:")
            bench.completed(callee)
        with bench.server("empty", callee, tcp=True) as empty:
            for name, measure in (
                ("transactions", bench.transactions),
                ("suspended", bench.suspended),
                ("connections", bench.connections),
            ):
                if name in wanted:
                    say(f"{name}:")
                    measure(callee, empty)


def main() -> None:
    """Run what the command line asks for."""
    names = ["contacts", "completed", "transactions", "suspended", "connections"]
    parser = argparse.ArgumentParser(prog="scripts/bench_growth", description=__doc__)
    add = parser.add_argument
    add("--what", nargs="+", choices=names, default=names)
    add("--contacts", type=int, default=100_000)
    add("--completed", type=int, default=20_000)
    add("--transactions", type=int, default=50_000)
    add("--suspended", type=int, default=10_000)
    add("--connections", type=int, default=1_000)
    add("--rate", type=int, default=300, help="calls a second (default: %(default)s)")
    add("--seconds", type=float, default=3.0, help="length of a run (default: %(default)s)")
    add("--rounds", type=int, default=4, help="pairs of runs (default: %(default)s)")
    add("--plain", action="store_true", help="the plain LuaSIP, not the compiled one")
    add("--write", type=Path, metavar="MARKDOWN", help="put the section into this file")
    options = parser.parse_args()
    circumstances = Circumstances()
    with tempfile.TemporaryDirectory(prefix="luasip-bench-") as name:
        folder = Path(name)
        bench = Bench(folder, ROOT if options.plain else sources.compiled(), options)
        run(bench, folder, options.what)
    parts = [circumstances.text()]
    if bench.growths:
        parts.append(table(ROW_HEADINGS, [growth.row() for growth in bench.growths]))
    parts.append(table(("what", "number", "takes"), bench.facts))
    text = "\n\n".join(parts)
    say(f"\n{text}")
    if options.write:
        write_section(options.write, HEADING, f"{METHOD}\n\n{text}")


if __name__ == "__main__":
    main()
