"""Load on a SIP server: MESSAGE requests by sipp at a rate, plain OPTIONS one by one meanwhile."""

import csv
import os
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import cpu_seconds

SCENARIO = Path(__file__).with_name("message.xml")

PATIENCE = 2.0
"""Seconds until a MESSAGE without an answer has failed."""


def percentile(values: list[float], percent: float) -> float:
    """A percentile of some values; not a number without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


@dataclass(frozen=True)
class Measured:
    """One run. Times are milliseconds."""

    rate: int
    counts: "Counts"
    response_times: list[float]
    options: list[float]
    """Times of the plain OPTIONS that were answered."""
    unanswered: int
    """Plain OPTIONS without an answer in 2 s."""

    def __str__(self) -> str:
        p, times, options, counts = percentile, self.response_times, self.options, self.counts
        return (
            f"{self.rate:5d}/s  failed {counts.failed:4d} of {counts.failed + counts.successful:5d}"
            f"  retransmissions {counts.retransmissions:4d}"
            f"  response p50 {p(times, 50):6.0f} p99 {p(times, 99):6.0f} ms"
            f"  OPTIONS p50 {p(options, 50):7.1f} p99 {p(options, 99):7.1f} ms, {self.unanswered} unanswered"
        )


class Options:
    """Asks one plain OPTIONS after the other, 50 a second unless told otherwise, on a thread."""

    def __init__(self, server: tuple[str, int], pause: float = 0.02) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(server)
        self._server = server
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.times: list[float] = []
        self.unanswered = 0

    def __enter__(self) -> "Options":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _ask(self) -> None:
        host, port = self._socket.getsockname()
        number = 0
        while not self._over.wait(self._pause):
            number += 1
            branch = f"z9hG4bKo{port}-{number}"
            text = (
                f"OPTIONS sip:{self._server[0]}:{self._server[1]} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {host}:{port};branch={branch}\r\nMax-Forwards: 70\r\n"
                f"From: <sip:o@{host}>;tag={number}\r\nTo: <sip:{host}>\r\nCall-ID: {branch}\r\n"
                "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            )
            began = time.monotonic()
            self._socket.send(text.encode("ascii"))
            if self._answered(branch, began + 2.0):
                self.times.append((time.monotonic() - began) * 1000)
            else:
                self.unanswered += 1

    def _answered(self, branch: str, until: float) -> bool:
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                if branch.encode("ascii") in self._socket.recv(65535):
                    return True
            except TimeoutError:
                return False
        return False


@dataclass(frozen=True)
class Counts:
    """What sipp counted."""

    successful: int
    failed: int
    retransmissions: int


class Sipp:
    """A running sipp; it ends by itself, or with the `with` block.

    Once it was waited for, `took` says how many seconds it ran and `cpu` how many of a core's it used.
    """

    took = 0.0
    cpu = 0.0

    def __init__(self, folder: Path, command: list[str]) -> None:
        self._folder = folder
        self._screen = open(folder / "screen", "wb")  # noqa: SIM115 - closed with the process
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"TERM": "dumb"},
            stdin=subprocess.DEVNULL,
            stdout=self._screen,
            stderr=self._screen,
        )

    def __enter__(self) -> "Sipp":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._screen.close()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def wait(self, seconds: float) -> None:
        """Wait until it has ended. Raises subprocess.TimeoutExpired."""
        ends_at = self._began + seconds
        # WNOWAIT: what an ended process has used can be read until it is waited for.
        while not (ended := os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)):
            if time.monotonic() > ends_at:
                break
            time.sleep(0.01)
        self.took = time.monotonic() - self._began
        self.cpu = cpu_seconds(self.pid)
        if not ended:
            raise subprocess.TimeoutExpired("sipp", seconds)
        self._process.wait()

    def poll(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def counts(self) -> Counts:
        """What it counted; it has ended."""
        with open(self._folder / "stat.csv", encoding="ascii") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        names = ("SuccessfulCall(C)", "FailedCall(C)", "Retransmissions(C)")
        return Counts(*(int(last[name]) for name in names))

    def response_times(self) -> list[float]:
        """Milliseconds from each MESSAGE to its final response."""
        lines = [
            line
            for path in self._folder.glob("*_rtt.csv")
            for line in path.read_text("ascii").splitlines()[1:]
        ]
        return [float(line.split(";")[1]) for line in lines]


def start(server: tuple[str, int], folder: Path, rate: int, calls: int, patience: float) -> Sipp:
    """Begin to send MESSAGEs; one without an answer after `patience` seconds has failed."""
    folder.mkdir(parents=True)
    scenario = SCENARIO.read_text("ascii").replace("PATIENCE", str(int(patience * 1000)))
    (folder / "message.xml").write_text(scenario, "ascii")
    command = [
        "sipp", "-sf", "message.xml", "-s", "load", "-i", "127.0.0.1", "-t", "u1", "-nostdin", "-nd",
        "-r", str(rate), "-rp", "1000", "-m", str(calls), "-l", "1000000",
        "-recv_timeout", str(int(patience * 1000)),
        "-trace_stat", "-stf", "stat.csv", "-fd", "1", "-trace_rtt", "-rtt_freq", "1",
        f"{server[0]}:{server[1]}",
    ]  # fmt: skip
    return Sipp(folder, command)


def run(server: tuple[str, int], folder: Path, rate: int, seconds: float) -> Measured:
    """MESSAGEs at `rate` a second for so long, and the plain OPTIONS meanwhile."""
    with Options(server) as options, start(server, folder, rate, int(rate * seconds), PATIENCE) as sipp:
        sipp.wait(seconds + 30)
    counts = sipp.counts()
    return Measured(rate, counts, sipp.response_times(), options.times, options.unanswered)
