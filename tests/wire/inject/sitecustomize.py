"""Faults within a server process of the tests: Python loads this file by itself when its folder is in PYTHONPATH.

Each line that a test adds to the file named by LUASIP_FAULTS is done at once:

    kill NAME       the thread dies of SystemExit, wherever it is
    dns dead        looking up a host name never ends
    clock SECONDS   the wall clock jumps
    look FILE       what the process holds is written to a file (looking.py)
    leak BYTES      from now on so many bytes are kept for every transaction
"""

import ctypes
import importlib
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any


def kill(name: str) -> None:
    """Raise SystemExit in every thread of this name."""
    for thread in threading.enumerate():
        if thread.name == name and thread.ident is not None:
            identity = ctypes.c_ulong(thread.ident)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(SystemExit))


def dead(*_: Any, **__: Any) -> Any:
    """Never answer."""
    threading.Event().wait()


def leak(amount: int) -> None:
    """Keep something for every transaction."""
    table: Any = importlib.import_module("luasip.server.transactions.table").TransactionTable
    add, kept = table.add, []

    def adding(self: Any, transaction: Any) -> Any:
        kept.append(bytearray(amount))
        return add(self, transaction)

    table.add = adding


def do(line: str) -> None:
    """One line of the file."""
    verb, _, argument = line.partition(" ")
    if verb == "kill":
        kill(argument)
    elif line == "dns dead":
        socket.getaddrinfo = dead  # type: ignore[assignment]
    elif verb == "look":
        importlib.import_module("looking").look(Path(argument))
    elif verb == "leak":
        leak(int(argument))
    elif verb == "clock":
        real, offset = time.time, float(argument)
        time.time = lambda: real() + offset


def follow(file: Path) -> None:
    """Do what is added to the file, for as long as the process lives."""
    done = 0
    while True:
        lines = file.read_text("utf-8").splitlines(keepends=True)
        for line in [line for line in lines if line.endswith("\n")][done:]:
            do(line.rstrip("\n"))
            done += 1
        time.sleep(0.02)


if os.environ.get("LUASIP_FAULTS"):
    threading.Thread(
        target=follow, args=(Path(os.environ["LUASIP_FAULTS"]),), daemon=True, name="faults"
    ).start()
