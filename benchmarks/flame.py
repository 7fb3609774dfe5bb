"""Where a LuaSIP under load spends its time: a flame graph and a list of the functions, by py-spy."""

import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from benchmarks.calls import Callee
from benchmarks.comparison import say, seated
from benchmarks.contestants import luasip
from benchmarks.workloads import Workload

IDLE = ("Condition.wait", "Event.wait", "watch (", "select", "epoll", "poll (")
"""Frames of threads that wait although py-spy takes them for busy."""


def record(pid: int, file: Path, form: str, seconds: float, native: bool) -> subprocess.Popen[bytes]:
    """A py-spy that looks at a process 100 times a second.

    It stops the process each time: otherwise it would see little but the calls that let go of the global lock.
    """
    program = Path(sys.prefix) / "bin" / "py-spy"
    command = [
        str(program),
        "record",
        "-p",
        str(pid),
        "-d",
        f"{seconds:g}",
        "-r",
        "100",
        "-f",
        form,
        "-o",
        str(file),
    ]
    command += ["--native"] * native
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def shares(stacks: str, count: int) -> list[tuple[float, float, str]]:
    """The functions that cost most: share by themselves, share with what they call, name.

    `stacks` has a line a stack: frames from the outermost on with ";" between, a blank, how often it was seen.
    """
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    total = 0
    for line in stacks.splitlines():
        stack, _, seen = line.rpartition(" ")
        frames = [frame.rpartition(":")[0] + ")" if ":" in frame else frame for frame in stack.split(";")]
        if not stack or frames[-1].startswith(IDLE):
            continue
        total += int(seen)
        own[frames[-1]] += int(seen)
        for frame in set(frames):
            whole[frame] += int(seen)
    return [(seen / total, whole[name] / total, name) for name, seen in own.most_common(count)]


def profile(workload: Workload, source: Path, native: bool, rate: int, seconds: float, target: Path) -> str:
    """Write the flame graph of one workload to `target`; gives the list as text."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="luasip-bench-") as name:
        folder = Path(name)
        stacks = folder / "stacks.txt"
        with (
            Callee(folder / "callee", workload) if workload.callee else nullcontext() as callee,
            seated(luasip("LuaSIP", source), workload, folder / "server", callee) as seat,
        ):
            seat.load(rate, 2.0)
            for file, form in ((target.resolve(), "flamegraph"), (stacks, "raw")):
                spy = record(seat.server.pid, file, form, seconds, native)
                run = seat.load(rate, seconds)
                if spy.wait(60):
                    sys.exit("py-spy cannot look at the server: it needs root, or kernel.yama.ptrace_scope=0")
                say(f"  {run.counts.failed} of {run.calls} calls failed, server {run.server_cores:.2f} cores")
        found = shares(stacks.read_text("utf-8"), 40)
    lines = [f"{own:7.1%} {whole:7.1%}  {function}" for own, whole, function in found]
    return "\n".join([" itself    with  function", *lines])
