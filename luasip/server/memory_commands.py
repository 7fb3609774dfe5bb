"""shm.* and pkg.*: memory. Shared is that of the process; as Kamailio's processes, Lua runtimes have their own."""

import os
from typing import Any

from luasip.errors import CommandError
from luasip.kemi.declare import command
from luasip.server.process_facts import memory_of_machine, memory_of_process
from luasip.server.scripts import Scripts

MEMORY_NAME = "system"


class MemoryCommands:
    """Commands about memory, in bytes."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    @command("core.shmmem")
    def memory(self, unit: str = "b") -> dict[str, int]:
        """Memory: total and free of the machine, used and at most used by the server.

        Args:
            unit: "b" bytes, "k" KiB, "m" MiB, "g" GiB.
        """
        divisor = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}.get(unit.lower())
        if divisor is None:
            raise CommandError(500, "bad parameter")
        used, most = memory_of_process()
        total, free = memory_of_machine()
        values = {"total": total, "free": free, "used": used, "real_used": used, "max_used": most}
        return {**{name: value // divisor for name, value in values.items()}, "fragments": 0}

    @command("shm.stats")
    def shared(self) -> dict[str, int]:
        """Memory, as core.shmmem shows it."""
        return self.memory()

    @command("shm.info")
    def shared_info(self) -> dict[str, Any]:
        """Whose memory it is, and how much the machine has."""
        return {"name": MEMORY_NAME, "size": memory_of_machine()[0]}

    @command("pkg.stats")
    def private(self, selector: str = "", value: int = -1) -> list[dict[str, Any]]:
        """The memory of each Lua runtime: used, and free below script.memory_limit (0: no limit).

        Args:
            selector: "index" or "rank" for one of them, "pid" for those of the server.
            value: its number.
        """
        if selector not in ("", "index", "rank", "pid"):
            raise CommandError(500, "Invalid filter type")
        entries = [self._entry(index) for index in range(len(self._scripts.slots))]
        if selector:
            key = "entry" if selector == "index" else selector
            entries = [entry for entry in entries if entry[key] == value]
            if not entries:
                raise CommandError(500, f"No such {selector}")
        return entries

    @command("pkg.info")
    def private_info(self) -> dict[str, Any]:
        """What the runtimes are, and how much memory each may have."""
        return {"name": self._scripts.options.lua, "size": self._scripts.options.memory_limit}

    def _entry(self, index: int) -> dict[str, Any]:
        runtime = self._scripts.slots[index].runtime
        with runtime.lock:
            used = runtime.memory_used()
        limit = runtime.options.memory_limit
        return {
            "entry": index,
            "pid": os.getpid(),
            "rank": index,
            "used": used,
            "free": max(limit - used, 0),
            "real_used": used,
            "total_size": limit,
            "total_frags": 0,
            "desc": f"{runtime.options.lua} runtime {index}",
        }
