"""scripts/soak would see a leak: what a server that loses something tells, and what becomes of that."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tests.wire.faulty import Faulty
from tests.wire.peer import Peer
from tests.wire.process import wait_for
from tests.wire.soak import KEPT, KEPT_A_RUNTIME, Note, Rest, judged

MEMORY = 100 * 2**20
CALLS = 20_000
HELD: dict[str, Any] = {
    "used": 70 * 2**20,
    "runtimes": 4,
    "caches": {"luasip.sip.uri.parse": 4096, "other": -1},
}
WARM = Rest(Note(300.0, MEMORY, 20, 30, 5_000), 0, HELD)
END = Rest(Note(1800.0, MEMORY, 20, 30, 5_000 + CALLS), 0, HELD)


def notes(growth: int = 0) -> list[Note]:
    """One every ten seconds; memory grows by so many bytes from the first to the last."""
    return [Note(at * 10.0, MEMORY + growth * at // 150, 20, 30, 0) for at in range(151)]


def changed(note: dict[str, int] | None = None, transactions: int = 0, **held: Any) -> Rest:
    """The end, with some figures changed."""
    return Rest(dataclasses.replace(END.note, **(note or {})), transactions, {**HELD, **held})


@pytest.mark.parametrize(
    ("memory", "end", "problem"),
    [
        (0, END, ""),
        (2**20, changed({"threads": 22, "files": 32}, 3, used=HELD["used"] + KEPT), ""),
        (0, changed(runtimes=5, used=HELD["used"] + KEPT + KEPT_A_RUNTIME + 64 * CALLS), ""),
        (0, changed(runtimes=3, used=HELD["used"] + KEPT + 65 * CALLS), "bytes more are in use, 91 for each call"),
        (0, changed(used=HELD["used"] + 1024 * CALLS), "bytes more are in use, 1024 for each call"),
        (0, changed(used=HELD["used"] + 128 * CALLS), "bytes more are in use, 128 for each call"),
        (20 * 2**20, END, "memory has grown by"),
        (0, changed({"threads": 24}), "threads: 24 at the end"),
        (0, changed({"files": 34}), "descriptors: 34 at the end"),
        (0, changed(transactions=4), "transactions: 4 at the end"),
        (0, changed(runtimes=8), "Lua runtimes: 8 at the end"),
        (0, changed(caches={"luasip.sip.uri.parse": -1}), "luasip.sip.uri.parse is a cache without bound"),
    ],
)
def test_what_is_not_sound(memory: int, end: Rest, problem: str) -> None:
    found = judged(notes(memory), WARM, end, killed=3)
    assert len(found) == bool(problem)
    assert not problem or problem in found[0]


def held(server: Faulty, name: str) -> dict[str, Any]:
    """What the server says it holds."""
    answer = server.folder / name
    server.fault(f"look {answer}")
    wait_for(answer.exists, "what the server holds", 60.0)
    found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
    return found


def test_what_a_server_holds(tmp_path: Path) -> None:
    size, count = 8192, 300
    with Faulty(tmp_path) as server, Peer(server.address) as peer:
        peer.register("bob", f"sip:bob@{peer.address}")
        before = held(server, "before.json")
        assert before["lengths"]["luasip.modules.usrloc.table.LocationTable._contacts"] >= 1
        assert before["runtimes"] == before["objects"]["luasip.script.runtime.Runtime"] > 0
        assert 0 < before["lua"] < before["used"] <= before["used_with_caches"]
        server.fault(f"leak {size}")
        for _ in range(count):
            peer.send(peer.request("MESSAGE", "bob"))
            while getattr(peer.receive(), "method", "") != "MESSAGE":
                pass
        after = held(server, "after.json")
        assert after["used"] - before["used"] > size * count * 0.8
