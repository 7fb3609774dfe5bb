"""What processes use, read from /proc: CPU time of a process with its children, memory, what the CPUs do."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Stat:
    """What /proc/PID/stat says."""

    parent: int
    cpu: float
    """Seconds of user and system time of all threads, also those that have ended."""


def parse_stat(text: str) -> Stat:
    """The fields of /proc/PID/stat; the name of the program may contain blanks and parentheses."""
    fields = text[text.rindex(")") + 2 :].split()
    return Stat(int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS)


def _stats() -> dict[int, Stat]:
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found[int(name)] = parse_stat(Path(f"/proc/{name}/stat").read_text("latin-1"))
            except OSError:  # it ended meanwhile
                continue
    return found


def tree(root: int, stats: dict[int, Stat]) -> list[int]:
    """A process and all below it."""
    found = [root]
    for pid in found:
        found += [child for child, stat in stats.items() if stat.parent == pid]
    return found


def cpu_seconds(root: int) -> float:
    """CPU time of a process and all below it so far. A process that has ended and was not waited for still counts."""
    stats = _stats()
    return sum(max(stats[pid].cpu, _scheduled(pid)) for pid in tree(root, stats) if pid in stats)


def _scheduled(pid: int) -> float:
    """CPU time of the threads a process has now, to the nanosecond; 0.0 where the kernel does not tell.

    /proc/PID/stat counts those that have ended too, but whole ticks: a tenth of what a short run takes.
    """
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text("ascii").split()[0])
    except OSError:
        return 0.0
    return total / 1e9


def memory_mib(root: int) -> float:
    """Resident memory of a process and all below it in MiB; what several share counts once (proportional set size)."""
    total = 0
    for pid in tree(root, _stats()):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


@dataclass(frozen=True)
class Cpus:
    """Seconds of all CPUs together since the machine started."""

    busy: float
    stolen: float
    """Of the busy ones, those in which the host ran something else."""
    total: float


def parse_cpus(text: str) -> Cpus:
    """The first line of /proc/stat."""
    numbers = [int(number) for number in text.partition("\n")[0].split()[1:9]]
    idle = numbers[3] + numbers[4]
    return Cpus((sum(numbers) - idle) / TICKS, numbers[7] / TICKS, sum(numbers) / TICKS)


def cpus() -> Cpus:
    """Those of this machine so far."""
    return parse_cpus(Path("/proc/stat").read_text("ascii"))
