"""What the kernel knows of this process and machine, read from /proc."""

from pathlib import Path


def memory_of_process() -> tuple[int, int]:
    """(bytes in memory now, most bytes so far)."""
    facts = _table("/proc/self/status")
    return facts.get("VmRSS", 0), facts.get("VmHWM", 0)


def memory_of_machine() -> tuple[int, int]:
    """(bytes in all, bytes that may still be had)."""
    facts = _table("/proc/meminfo")
    return facts.get("MemTotal", 0), facts.get("MemAvailable", 0)


def _table(file: str) -> dict[str, int]:
    """The lines "NAME: 123 kB" of a file, in bytes; {} where there is no such file."""
    try:
        lines = Path(file).read_text("ascii", "replace").splitlines()
    except OSError:
        return {}
    found: dict[str, int] = {}
    for line in lines:
        name, _, rest = line.partition(":")
        words = rest.split()
        if len(words) == 2 and words[1] == "kB" and words[0].isdecimal():
            found[name] = int(words[0]) * 1024
    return found
