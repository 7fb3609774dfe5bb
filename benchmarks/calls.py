"""Calls through a server by sipp, and what one run of them took."""

import contextlib
import csv
import itertools
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Counts, Sipp
from benchmarks.probe import Probe
from benchmarks.processes import cpu_seconds, cpus, memory_mib
from benchmarks.workloads import Workload
from tests.wire.peer import Peer
from tests.wire.process import free_port, wait_for

SCENARIOS = Path(__file__).with_name("scenarios")
PATIENCE = 2.0
"""Seconds until a call whose next message has not come has failed."""
CALLEE = "callee"


@dataclass(frozen=True)
class Run:
    """One run. Times of the probe are milliseconds."""

    rate: int
    """Calls a second that were asked for."""
    achieved: float
    """Calls a second that sipp began."""
    counts: Counts
    took: float
    """Seconds sipp ran."""
    server_cpu: float
    """Seconds of CPU the server used meanwhile."""
    sipp_cores: float
    """Cores of the caller or the callee, whichever used more; each has one thread."""
    machine_busy: float
    """Share of all CPUs' time that was not idle."""
    memory: float
    """MiB of the server at the end."""
    times: list[float]
    unanswered: int

    @property
    def server_cores(self) -> float:
        """Cores the server used, on average while sipp ran."""
        return self.server_cpu / self.took

    @property
    def calls(self) -> int:
        """Calls that ended, well or not."""
        return self.counts.successful + self.counts.failed

    def limit(self, cores: float) -> str:
        """What kept the rate down: "sipp", "CPUs" of the machine, "server", or "" where nothing did."""
        if self.sipp_cores >= 0.9:
            return "sipp"
        if self.achieved < 0.95 * self.rate and self.server_cores < 0.8 * cores:
            return "CPUs" if self.machine_busy >= 0.95 else "sipp"
        if not self.counts.failed and self.achieved >= 0.95 * self.rate:
            return ""
        return "server" if self.server_cores >= 0.8 * cores or self.machine_busy < 0.95 else "CPUs"


def read_rate(text: str, calls: int) -> float:
    """Calls a second that sipp began, by its statistics: the last record before all were begun, or the first after."""
    found = math.nan
    for record in csv.DictReader(text.splitlines(), delimiter=";"):
        created, elapsed = int(record["TotalCallCreated"]), _seconds(record["ElapsedTime(C)"])
        if elapsed > 0 and (created < calls or math.isnan(found)):
            found = created / elapsed
        if created >= calls:
            break
    return found


def _seconds(text: str) -> float:
    hours, minutes, seconds = text.split(":")[:3]
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def command(scenario: str, user: str, tcp: bool, *more: str) -> list[str]:
    """A sipp without a screen. TCP: one connection for all calls."""
    return [
        "sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", user, "-i", "127.0.0.1",
        "-t", "t1" if tcp else "u1", "-nostdin", "-nd", "-buff_size", "4000000", "-timer_resol", "1",
        "-deadcall_wait", "1000", "-recv_timeout", str(int(PATIENCE * 1000)), *more,
    ]  # fmt: skip


class Callee:
    """A sipp that answers, registered at servers."""

    def __init__(self, folder: Path, workload: Workload) -> None:
        folder.mkdir(parents=True)
        self._tcp = workload.tcp
        self.port = free_port()
        self._sipp = Sipp(folder, command(workload.callee, CALLEE, workload.tcp, "-p", str(self.port)))
        self.pid = self._sipp.pid

    def __enter__(self) -> "Callee":
        return self

    def __exit__(self, *_: object) -> None:
        self._sipp.__exit__()

    def register(self, server: tuple[str, int]) -> None:
        """Make it known to a server as `callee`."""
        name = "tcp" if self._tcp else "udp"
        wait_for(lambda: _listens(name, self.port), "sipp to listen")
        transport = ";transport=tcp" if self._tcp else ""
        with Peer(server) as phone:
            contact = f"sip:{CALLEE}@127.0.0.1:{self.port}{transport}"
            assert phone.register(CALLEE, contact, 3600).status == 200


def _listens(protocol: str, port: int) -> bool:
    with open(f"/proc/net/{protocol}", encoding="ascii") as table:
        return any(line.split()[1].endswith(f":{port:04X}") for line in table.readlines()[1:])


class Caller:
    """Loads one server, run after run."""

    _numbers = itertools.count(1)

    def __init__(
        self, folder: Path, workload: Workload, server: tuple[str, int], pid: int, callee: Callee | None
    ):
        self._folder = folder
        self._workload = workload
        self._server = server
        self._pid = pid
        self._callee = callee

    def run(self, rate: int, seconds: float) -> Run:
        """Calls at a rate for so long."""
        folder = self._folder / str(next(self._numbers))
        folder.mkdir(parents=True)
        users = "".join(f"user{number};\n" for number in range(self._workload.users))
        (folder / "users.csv").write_text(f"SEQUENTIAL\n{users}", "ascii")
        calls = int(rate * seconds)
        host, port = self._server
        line = command(
            self._workload.caller, CALLEE, self._workload.tcp, "-r", str(rate), "-m", str(calls), "-l", "1000000",
            "-inf", "users.csv", "-trace_stat", "-stf", "stat.csv", "-fd", "1",
            "-auth_uri", f"{CALLEE}@{host}:{port}", f"{host}:{port}",
        )  # fmt: skip
        relayed = bool(self._workload.callee)
        server_before, cpus_before = cpu_seconds(self._pid), cpus()
        callee_before = cpu_seconds(self._callee.pid) if self._callee else 0.0
        with Probe(self._server, relayed) as probe, Sipp(folder, line) as sipp:
            with contextlib.suppress(subprocess.TimeoutExpired):  # what has not ended by then has failed
                sipp.wait(seconds + 20)
            server, cpus_after = cpu_seconds(self._pid) - server_before, cpus()
            callee = cpu_seconds(self._callee.pid) - callee_before if self._callee else 0.0
        took, counts = sipp.took, sipp.counts()
        return Run(
            rate,
            read_rate((folder / "stat.csv").read_text("ascii"), calls),
            Counts(counts.successful, calls - counts.successful, counts.retransmissions),
            took,
            server,
            max(sipp.cpu, callee) / took,
            (cpus_after.busy - cpus_before.busy) / (cpus_after.total - cpus_before.total),
            memory_mib(self._pid),
            probe.times,
            probe.unanswered,
        )
