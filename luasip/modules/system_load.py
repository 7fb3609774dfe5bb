"""How busy the machine is, as Linux tells it in /proc: processors, and bytes that wait in the server's sockets."""

import logging
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

_log = logging.getLogger("luasip.load")

_PROC: Final = Path("/proc")
_CPU: Final = re.compile(r"^cpu +((?:\d+ +){7}\d+)", re.M)
_IDLE: Final = 3
_TABLES: Final = ("udp", "udp6", "tcp", "tcp6")


class ProcessorLoad:
    """The share of time in which the processors were busy since it was asked for last. Not for several threads."""

    def __init__(self, proc: Path = _PROC) -> None:
        self._file = proc / "stat"
        self._last: list[int] | None = None
        self._failed = False

    def read(self) -> float | None:
        """From 0.0 to 1.0; 0.0 the first time, None when the system does not tell."""
        times = self._times()
        if times is None:
            return None
        last, self._last = self._last or times, times
        spent = [now - before for now, before in zip(times, last, strict=True)]
        total = sum(spent)
        return min(max(1.0 - spent[_IDLE] / total, 0.0), 1.0) if total > 0 else 0.0

    def _times(self) -> list[int] | None:
        try:
            found = _CPU.search(self._file.read_text("ascii"))
        except OSError:
            found = None
        if found is None:
            if not self._failed:
                _log.error("%s cannot be read: the load is not known", self._file)
            self._failed = True
            return None
        return [int(number) for number in found.group(1).split()]


def bytes_waiting(ports: Collection[int], proc: Path = _PROC) -> int:
    """Bytes that have arrived at local ports and were not read yet; 0 when the system does not tell."""
    total = 0
    for table in _TABLES:
        try:
            lines = (proc / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if int(columns[1].rpartition(":")[2], 16) in ports:
                total += int(columns[4].partition(":")[2], 16)
    return total
