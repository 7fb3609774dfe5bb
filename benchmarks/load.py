"""Load on a SIP server: MESSAGE requests by sipp at a rate, plain OPTIONS one by one meanwhile."""

import csv
import os
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SCENARIO = Path(__file__).with_name("message.xml")


def percentile(values: list[float], percent: float) -> float:
    """A percentile of some values; not a number without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


@dataclass(frozen=True)
class Measured:
    """One run. Times are milliseconds."""

    rate: int
    successful: int
    failed: int
    retransmissions: int
    response_times: list[float]
    options: list[float]
    """Times of the plain OPTIONS that were answered."""
    unanswered: int
    """Plain OPTIONS without an answer in 2 s."""

    def __str__(self) -> str:
        p, times, options = percentile, self.response_times, self.options
        return (
            f"{self.rate:5d}/s  failed {self.failed:4d} of {self.failed + self.successful:5d}"
            f"  retransmissions {self.retransmissions:4d}"
            f"  response p50 {p(times, 50):6.0f} p99 {p(times, 99):6.0f} ms"
            f"  OPTIONS p50 {p(options, 50):7.1f} p99 {p(options, 99):7.1f} ms, {self.unanswered} unanswered"
        )


class Options:
    """Asks one plain OPTIONS after the other, 50 a second, on a thread."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(server)
        self._server = server
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
        while not self._over.wait(0.02):
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


def run(server: tuple[str, int], folder: Path, rate: int, seconds: float) -> Measured:
    """MESSAGEs at `rate` a second for so long, and the plain OPTIONS meanwhile."""
    folder.mkdir(parents=True)
    command = [
        "sipp", "-sf", str(SCENARIO), "-s", "load", "-i", "127.0.0.1", "-t", "u1", "-nostdin", "-nd",
        "-r", str(rate), "-rp", "1000", "-m", str(int(rate * seconds)), "-l", "1000000", "-recv_timeout", "2000",
        "-trace_stat", "-stf", "stat.csv", "-fd", "1", "-trace_rtt", "-rtt_freq", "1",
        f"{server[0]}:{server[1]}",
    ]  # fmt: skip
    with Options(server) as options, open(folder / "screen", "wb") as screen:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"TERM": "dumb"},
            stdin=subprocess.DEVNULL,
            stdout=screen,
            stderr=screen,
        )
        try:
            process.wait(seconds + 30)
        finally:
            process.kill()
            process.wait()
    with open(folder / "stat.csv", encoding="ascii") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    times: list[float] = []
    for file_name in folder.glob("*_rtt.csv"):
        lines = file_name.read_text("ascii").splitlines()[1:]
        times += [float(line.split(";")[1]) for line in lines]
    return Measured(
        rate,
        int(last["SuccessfulCall(C)"]),
        int(last["FailedCall(C)"]),
        int(last["Retransmissions(C)"]),
        times,
        options.times,
        options.unanswered,
    )
