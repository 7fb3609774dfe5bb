"""Three times as many calls as a server can do: how many still succeed, what it costs, and what is left afterwards.

First the highest rate is looked for at which every call succeeds. Then half of it goes on all the time, and more is
added for a while. sipp makes the calls, in several processes: each call is INVITE, ACK and BYE through the server.
"""

import argparse
import os
import re
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import sources
from benchmarks.calls import CALLEE, PATIENCE, Callee, command
from benchmarks.comparison import say
from benchmarks.contestants import ROUTE
from benchmarks.load import Options, Sipp, percentile
from benchmarks.luasip_server import LuaSip
from benchmarks.processes import cpu_seconds
from benchmarks.results import table
from benchmarks.section import Circumstances, write_section
from benchmarks.workloads import Workload
from tests.wire.process import ROOT, free_port

HEADING = "Three times too many calls"
METHOD = f"""\
    scripts/bench_overload

The script of `scripts/bench` relays calls of 100 ms, INVITE, ACK and BYE, with the default settings. *Capacity* is
the highest rate at which all calls succeed. Then half of that rate goes on, and as many calls are added as make the
multiple. A call succeeds when each of its messages is answered within {PATIENCE:g} s; callers repeat what is not
answered, as phones do, and take 503 for an answer. *Recovered* is how long after the last added call a new one was
turned away, or an INVITE answered only after 500 ms. A monitor sends OPTIONS all the time, one after the other."""
CALL = Workload("overload", "INVITE and BYE", "overload", "invite_callee")
MONITOR_PAUSE = 0.25
"""Seconds between two OPTIONS of the monitor."""
SUCCEED = 0.995
"""Share of calls that must succeed for a rate to be no overload: sipp itself may be late now and then."""
SETTLED_AFTER = 3.0
"""Seconds of overload that do not count: buffers fill, and calls that began before it end."""
CALM = 7.0
"""Seconds after which nothing is left of a run: transactions are kept for 5 s."""
LATE = 500.0
"""Milliseconds after which callers repeat an INVITE: an answer that comes later came too late."""
LOOK_AFTER = 0.25
"""Seconds between two looks at the server's counters."""


@dataclass
class Ended:
    """What callers saw: (seconds since they began, milliseconds it took) of each."""

    answered: list[tuple[float, float]] = field(default_factory=list)
    completed: list[tuple[float, float]] = field(default_factory=list)
    retransmissions: int = 0

    def rate(self, begin: float, end: float) -> float:
        """Calls completed a second between two instants."""
        return sum(begin <= at < end for at, _ in self.completed) / (end - begin)


def read_times(text: str) -> Ended:
    """What sipp's log of response times says; rtd 1 is the answer to the INVITE, rtd 2 the end of the call."""
    ended = Ended()
    for line in text.splitlines()[1:]:
        at, took, name = line.split(";")
        (ended.answered if name == "1" else ended.completed).append((float(at) / 1000, float(took)))
    return ended


class Callers:
    """Several sipps that call through a server at a rate; they end by themselves or with the `with` block."""

    def __init__(self, folder: Path, server: tuple[str, int], rate: float, seconds: float, count: int) -> None:
        self.calls = 0
        self._folders: list[Path] = []
        self._sipps: list[Sipp] = []
        self._opened = ExitStack()
        for number in range(count):
            own = folder / str(number)
            own.mkdir(parents=True)
            share = max(1, round(rate / count))
            calls = round(share * seconds)
            line = command(
                CALL.caller, CALLEE, False, "-r", str(share), "-m", str(calls), "-l", "1000000",
                "-trace_stat", "-stf", "stat.csv", "-fd", "1", "-trace_rtt", "-rtt_freq", "1",
                f"{server[0]}:{server[1]}",
            )  # fmt: skip
            self.calls += calls
            self._folders.append(own)
            # Who makes the load gives way to who carries it, where there are too few CPUs for both.
            self._sipps.append(self._opened.enter_context(Sipp(own, ["nice", "-n", "10", *line])))

    def __enter__(self) -> "Callers":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def wait(self, seconds: float) -> Ended:
        """Wait for all; what they saw."""
        found = Ended()
        for folder, sipp in zip(self._folders, self._sipps, strict=True):
            sipp.wait(seconds)
            found.retransmissions += sipp.counts().retransmissions
            for path in folder.glob("*_rtt.csv"):
                one = read_times(path.read_text("ascii"))
                found.answered += one.answered
                found.completed += one.completed
        return found


def last_late(ended: Ended, since: float) -> float:
    """Seconds from `since` to the last answer to an INVITE that came too late; 0.0 when none did."""
    return max((at - since for at, took in ended.answered if took > LATE and at > since), default=0.0)


def lost_datagrams(port: int) -> int:
    """Datagrams the system has dropped because the buffer of a UDP port was full."""
    lines = Path("/proc/net/udp").read_text("ascii").splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines if line.split()[1].endswith(f":{port:04X}"))


def resident(pid: int) -> float:
    """MiB of memory a process holds."""
    pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


class Bench:
    """One server, its callee, and what is done to it."""

    def __init__(self, folder: Path, server: LuaSip, pages: int, options: argparse.Namespace) -> None:
        self._folder = folder
        self._server = server
        self._pages = pages
        self._options = options
        self._runs = 0
        self._cpu = 0.0  # seconds a call at the highest rate at which all succeeded

    def _callers(self, rate: float, seconds: float, count: int = 1) -> Callers:
        self._runs += 1
        return Callers(self._folder / f"run{self._runs}", self._server.address, rate, seconds, count)

    def capacity(self) -> float:
        """The highest rate at which all calls succeed: upwards in large steps, then by halves."""
        if self._options.capacity:
            self._succeeds(self._options.capacity)
            return float(self._options.capacity)
        good, rate = 0.0, float(self._options.begin)
        while self._succeeds(rate):
            good, rate = rate, rate * 1.3
        if not good:
            raise SystemExit(f"calls fail at {rate:.0f}/s already: choose a lower --begin")
        bad = rate
        for _ in range(3):
            middle = (good + bad) / 2
            if self._succeeds(middle):
                good = middle
            else:
                bad = middle
        return good

    def _succeeds(self, rate: float) -> bool:
        before = cpu_seconds(self._server.pid)
        with self._callers(rate, self._options.step) as callers:
            ended = callers.wait(self._options.step + 30)
        say(f"  {rate:.0f}/s: {len(ended.completed)} of {callers.calls} calls, {ended.retransmissions} repeated")
        time.sleep(CALM)
        if len(ended.completed) < SUCCEED * callers.calls:
            return False
        self._cpu = (cpu_seconds(self._server.pid) - before) / callers.calls
        return True

    def _turned_away(self) -> tuple[int, int]:
        """New requests that were refused, and dropped, so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._pages}/metrics", timeout=10) as page:
            text = page.read().decode()
        drops = dict(re.findall(r'^luasip_drops_total\{reason="(\w+)"\} (\S+)$', text, re.MULTILINE))
        # "backlog" is there once something found no room among what waits to be looked at.
        dropped = float(drops["overload"]) + float(drops.get("backlog", 0))
        return int(float(drops["overload_refused"])), int(dropped)

    def _last_turned_away(self, since: float, until: float) -> float:
        """Seconds from one instant to the last refusal or drop before another; 0.0 when there was none."""
        found, counted = 0.0, self._turned_away()
        while (now := time.monotonic()) < until:
            time.sleep(LOOK_AFTER)
            if counted != (counted := self._turned_away()):
                found = now + LOOK_AFTER - since
        return found

    def overload(self, capacity: float) -> list[list[str]]:
        """Rows about an overload."""
        options = self._options
        base, offered = capacity / 2, capacity * options.times
        seconds, after = options.seconds, options.after
        refused, dropped = self._turned_away()
        port = self._server.address[1]
        lost, before = lost_datagrams(port), resident(self._server.pid)
        most = before
        began, cpu = time.monotonic(), cpu_seconds(self._server.pid)
        with (
            self._callers(base, seconds + after) as steady,
            self._callers(offered - base, seconds, options.callers) as added,
        ):
            with Options(self._server.address, MONITOR_PAUSE) as monitor:
                while time.monotonic() < began + seconds:
                    most = max(most, resident(self._server.pid))
                    time.sleep(0.1)
            cpu = cpu_seconds(self._server.pid) - cpu
            with Options(self._server.address, MONITOR_PAUSE) as later:
                recovered = self._last_turned_away(began + seconds, began + seconds + after)
            most = max(most, resident(self._server.pid))
            few, many = (callers.wait(seconds + after + 30) for callers in (steady, added))
        refused, dropped = (now - then for now, then in zip(self._turned_away(), (refused, dropped), strict=True))
        time.sleep(CALM)
        goodput = sum(one.rate(SETTLED_AFTER, seconds) for one in (few, many))
        answered, completed = (
            sum(map(len, found))
            for found in ((few.answered, many.answered), (few.completed, many.completed))
        )
        ended = sum(at < seconds for one in (few, many) for at, _ in one.completed)
        setup = [took for one in (few, many) for at, took in one.answered if at < seconds]
        say(f"  {goodput:.0f} of {capacity:.0f} calls/s")
        return [
            ["capacity: all calls succeed", f"{capacity:.0f} calls/s"],
            [f"offered for {seconds:g} s", f"{offered:.0f} calls/s ({offered / capacity:.1f} times)"],
            ["calls that succeed", f"{goodput:.0f}/s: **{goodput / capacity:.0%} of capacity**"],
            [
                "CPU of the server a successful call, at capacity / meanwhile",
                f"{self._cpu * 1000:.2f} / {cpu / max(1, ended) * 1000:.2f} ms",
            ],
            ["their INVITE answered after, p50 / p99", _times(setup)],
            ["calls once answered that also ended well", f"{completed / max(1, answered):.1%}"],
            [
                "refused with 503 / dropped unread / lost in the socket's buffer",
                f"{refused:,} / {dropped:,} / {lost_datagrams(port) - lost:,}",
            ],
            ["repeated by callers", f"{few.retransmissions + many.retransmissions:,}"],
            ["OPTIONS of a monitor meanwhile, p50 / p99", _asked(monitor)],
            ["the same afterwards", _asked(later)],
            ["recovered", f"{max(recovered, last_late(few, seconds)):.1f} s after the last added call"],
            [
                f"memory before / at most / {CALM:g} s afterwards",
                f"{before:.0f} / {most:.0f} / {resident(self._server.pid):.0f} MiB",
            ],
        ]


def _times(milliseconds: Sequence[float]) -> str:
    values = list(milliseconds)
    return f"{percentile(values, 50):.0f} / {percentile(values, 99):.0f} ms"


def _asked(monitor: Options) -> str:
    asked = len(monitor.times) + monitor.unanswered
    return f"{_times(monitor.times)}, {len(monitor.times)} of {asked} answered"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench_overload", description=__doc__)
    add = parser.add_argument
    add("--times", type=float, default=3.0, help="offered calls by capacity (default: %(default)s)")
    add("--seconds", type=float, default=20.0, help="length of the overload (default: %(default)s)")
    add("--after", type=float, default=10.0, help="seconds watched afterwards (default: %(default)s)")
    add("--callers", type=int, default=2, help="sipps that add calls (default: %(default)s)")
    add("--capacity", type=float, help="calls a second, instead of looking for it")
    add("--begin", type=int, default=100, help="rate the search begins with (default: %(default)s)")
    add("--step", type=float, default=5.0, help="seconds of each rate tried (default: %(default)s)")
    add("--plain", action="store_true", help="the plain LuaSIP, not the compiled one")
    add("--write", type=Path, metavar="MARKDOWN", help="put the section into this file")
    return parser.parse_args(arguments)


def main() -> None:
    """Run what the command line asks for."""
    options = parse()
    circumstances = Circumstances()
    with tempfile.TemporaryDirectory(prefix="luasip-bench-") as name:
        folder, pages = Path(name), free_port()
        source = ROOT if options.plain else sources.compiled()
        settings = f'[control]\nhttp = "127.0.0.1:{pages}"\n'
        with (
            Callee(folder / "callee", CALL) as callee,
            LuaSip(folder / "server", ROUTE, free_port(), source, settings) as server,
        ):
            callee.register(server.address)
            bench = Bench(folder, server, pages, options)
            say("capacity:")
            capacity = bench.capacity()
            say("overload:")
            rows = bench.overload(capacity)
            assert "Traceback" not in server.log(), server.log()
    text = "\n\n".join([circumstances.text(), table(("", ""), rows)])
    say(f"\n{text}")
    if options.write:
        write_section(options.write, HEADING, f"{METHOD}\n\n{text}")


if __name__ == "__main__":
    main()
