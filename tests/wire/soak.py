"""Mixed traffic and faults for a long time, and whether the server holds more at the end.

After a warm-up, and at the end, all traffic rests until the server has nothing left to do, and it is asked what it
holds (inject/looking.py): bytes in use, objects, entries of containers. Bounded caches do not count, nor does free
memory, so what has grown between the two is a leak, and its share of a call can be told exactly. Memory as the system
sees it, threads and descriptors are noted every ten seconds beside that. `scripts/soak` is the way to call this
(`python -m tests.wire.soak --help`).
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luasip.sip.digest import compute_ha1
from luasip.storage import Databases
from luasip.storage.tables import subscriber_table
from tests.wire.faulty import Faulty, is_alive
from tests.wire.process import ROOT, free_port, wait_for
from tests.wire.soak_traffic import PASSWORD, Traffic, start_http

NOTED_EVERY = 10.0
KEPT = 512 * 1024
KEPT_A_CALL = 64
"""Bytes in use that may come between the two rests: so many, and so many for each call and message."""
KEPT_A_RUNTIME = 1_100_000
"""So many more for each Lua runtime there is more: its state, and what is known of its functions (see POOLED)."""
GROWTH = 2 * 1024 * 1024
GROWTH_AN_HOUR = 6 * 1024 * 1024
"""Bytes of memory, as the system sees it, that the second half may bring: so many, and so many more an hour."""
EXPIRED_AFTER = 12.0
"""Seconds after which the contacts and table entries of the traffic have expired and were removed."""
POOLED = 3
"""Threads, and descriptors, that may come after the warm-up: pools make theirs when they are needed first, and those of
SQL have a connection each. Replaced Lua runtimes may be as many: a resting thread may hold the one it was in last.
Whoever loses one with each reload, connection or dead thread loses dozens."""
LAST_TIMER = 36.0
"""Seconds after which a transaction that is still there has no timer any more that would end it."""
SHOWN = 12

SETTINGS = """
remove_latency = 5
[control]
http = "127.0.0.1:{control}"
[define]
HTTP_PORT = "{http}"
[pools.sql]
threads = 4
[pools.http]
threads = 4
[modules.tm]
fr_timer = 2000
fr_inv_timer = 3000
[modules.registrar]
min_expires = 1
[modules.usrloc]
db_url = "{database}"
db_mode = 2
timer_interval = 3
[modules.auth]
guess_table_size = 200
guess_limit_address = 1000000
[modules.auth_db]
db_url = "{database}"
calculate_ha1 = 1
password_column = "password"
[modules.sqlops]
sqlcon = ["db=>{database}"]
[modules.async]
workers = 1
ms_timer = 1
[modules.http_async_client]
[modules.http_client]
[modules.luasip_sql]
[modules.luasip_http]
[modules.app_lua]
[modules.cfgutils]
lock_set_size = 4
[modules.evapi]
bind_addr = "127.0.0.1:{evapi}"
event_callback = "ksr_evapi"
[modules.htable]
htable = ["kept=>size=8;autoexpire=5;", "ipban=>size=8;autoexpire=2;", "ipstrikes=>size=8;autoexpire=5;"]
timer_interval = 3
[modules.mqueue]
mqueue = ["name=jobs;size=1000;"]
[modules.xhttp_prom]
prom_counter = ["name=messages; label=way"]
[modules.acc]
"""


@dataclass(frozen=True)
class Note:
    """What the server held at an instant."""

    at: float
    memory: int
    threads: int
    files: int
    calls: int


@dataclass(frozen=True)
class Rest:
    """What it held when it had nothing to do; `held` is looking.py's answer."""

    note: Note
    transactions: int
    held: Mapping[str, Any]


class Soak:
    """The traffic of the kinds asked for, and the notes on the server."""

    def __init__(self, server: Faulty, traffic: Traffic, kinds: Sequence[str]) -> None:
        self.server = server
        self.traffic = traffic
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.notes: list[Note] = []
        self._began_at = time.monotonic()
        self._flows = threading.Event()
        self._ended = False
        known = traffic.kinds()
        self._threads = [
            threading.Thread(target=self._repeat, args=(name, *known[name]), daemon=True) for name in kinds
        ]

    def start(self) -> None:
        """Register the phones; the traffic waits."""
        self.traffic.register()
        wait_for(lambda: self._metric("luasip_contacts") >= 16, "the phones")
        for thread in self._threads:
            thread.start()

    def flow(self, seconds: float) -> None:
        """Traffic for so long."""
        ends_at = time.monotonic() + seconds
        self._flows.set()
        while (left := ends_at - time.monotonic()) > 0:
            time.sleep(min(NOTED_EVERY, left))
            self.notes.append(self.note())
        self._flows.clear()

    def rest(self) -> Rest:
        """No traffic, until the server has nothing to do."""
        time.sleep(3.0)
        left, since = -1, 0.0
        while left and (left < 0 or time.monotonic() - since < LAST_TIMER):
            now = self._metric("luasip_transactions") + self._metric("luasip_suspended_routes")
            left, since = (left, since) if now == left else (now, time.monotonic())
            time.sleep(2.0)
        time.sleep(EXPIRED_AFTER)
        transactions = self._metric("luasip_transactions")
        note = self.note()
        answer = self.server.folder / f"held-{len(self.notes)}.json"
        self.server.fault(f"look {answer}")
        wait_for(answer.exists, "what the server holds", 60.0)
        return Rest(note, transactions, json.loads(answer.read_text("utf-8")))

    def end(self) -> None:
        """No more traffic."""
        self._ended = True

    def _repeat(self, name: str, pause: float, action: Callable[[], object]) -> None:
        while not self._ended:
            time.sleep(pause)
            self._flows.wait()
            try:
                action()
                self.done[name] += 1
            except (OSError, AssertionError) as error:
                self.failed[f"{name}: {type(error).__name__} {error}".partition("\n")[0]] += 1

    def note(self) -> Note:
        """Memory, threads and descriptors now."""
        server = self.server
        calls = sum(count for name, count in self.done.items() if "call" in name or name == "message")
        at = time.monotonic() - self._began_at
        note = Note(at, server.memory(), server.threads(), server.files(), calls)
        print(
            f"{note.at:7.0f} s  {note.memory / 2**20:6.1f} MiB  {note.threads} threads  {note.files} files  "
            f"{note.calls} calls and messages",
            flush=True,
        )
        return note

    def _metric(self, name: str) -> int:
        try:
            page = self.traffic.metrics()
        except OSError:
            return 1
        return int(
            sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", page, re.MULTILINE))
        )


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> list[tuple[int, str]]:
    """What there is more of, the most first."""
    found = [(count - before.get(name, 0), name) for name, count in after.items()]
    return sorted((each for each in found if each[0] > 0), reverse=True)[:SHOWN]


def judged(notes: Sequence[Note], warm: Rest, end: Rest, killed: int = 0) -> list[str]:
    """Why the server is not sound; empty when it is.

    killed: threads that were, amid whatever they did: each may have lost the transaction it was at.
    """
    problems = []
    calls = end.note.calls - warm.note.calls
    kept = end.held["used"] - warm.held["used"]
    runtimes = max(0, end.held["runtimes"] - warm.held["runtimes"])
    allowed = KEPT + KEPT_A_CALL * calls + KEPT_A_RUNTIME * runtimes
    if kept > allowed:
        problems.append(
            f"{kept} bytes more are in use, {kept / max(calls, 1):.0f} for each call; allowed: {allowed}"
        )
    middle = len(notes) // 2
    quarter = max(1, middle // 2)
    early, late = notes[middle : middle + quarter], notes[-quarter:]
    memory = int(statistics.median(n.memory for n in late) - statistics.median(n.memory for n in early))
    most = int(GROWTH + GROWTH_AN_HOUR * (late[0].at - early[0].at) / 3600)
    if memory > most:
        problems.append(f"memory has grown by {memory} bytes in the second half; allowed: {most}")
    for what, before, after in (
        ("threads", warm.note.threads + POOLED, end.note.threads),
        ("descriptors", warm.note.files + POOLED, end.note.files),
        ("Lua runtimes", warm.held["runtimes"] + POOLED, end.held["runtimes"]),
        ("transactions", killed, end.transactions),
    ):
        if after > before:
            problems.append(f"{what}: {after} at the end, {before} are allowed")
    unbounded = [name for name, size in end.held["caches"].items() if size < 0 and name.startswith("luasip")]
    return [*problems, *(f"{name} is a cache without bound" for name in unbounded)]


def report(soak: Soak, warm: Rest, end: Rest) -> None:
    """Say what was done and what is held."""
    for title, counts in (("done", soak.done), ("failed", soak.failed)):
        for name, count in sorted(counts.items()):
            print(f"{count:8} {title}: {name}")
    calls = max(1, end.note.calls - warm.note.calls)
    for name in (
        "used",
        "used_after_all",
        "lua",
        "used_with_caches",
        "resident",
        "trimmed",
        "collected",
        "runtimes",
    ):
        before, after = warm.held[name], end.held[name]
        print(
            f"{name:>16} {before:12} {after:12} {after - before:+11} {(after - before) / calls:+9.1f} a call"
        )
    for kind in ("garbage", "objects", "lengths", "caches"):
        for count, name in grown(warm.held[kind], end.held[kind]):
            print(f"{count:+8} {kind}: {name}")
    for line in [line for line in soak.server.log if "nternal error" in line or "CRITICAL" in line][:SHOWN]:
        print(line.rstrip())


def table(first: Note, notes: Sequence[Note], end: Rest) -> None:
    """Start, half and end, as docs/operations.md shows them."""
    print("|  | memory | threads | descriptors | calls and messages |\n|---|---|---|---|---|")
    for name, note in (("start", first), ("half", notes[len(notes) // 2]), ("end", end.note)):
        print(f"| {name} | {note.memory / 2**20:.1f} MiB | {note.threads} | {note.files} | {note.calls} |")


def prepared(folder: Path) -> tuple[Faulty, int, int]:
    """The server, and its ports for control and evapi."""
    database = f"sqlite:///{folder}/soak.db"
    databases = Databases()
    databases.open(database).create_table(subscriber_table("subscriber"))
    row = ["alice", "127.0.0.1", PASSWORD, compute_ha1("alice", "127.0.0.1", PASSWORD)]
    statement = "insert into subscriber (username, domain, password, ha1) values (?, ?, ?, ?)"
    databases.open(database).execute_positional(statement, row)
    databases.close()
    control, evapi = free_port(), free_port()
    settings = SETTINGS.format(control=control, evapi=evapi, http=start_http(), database=database)
    server = Faulty(folder, settings, (Path(__file__).parent / "soak.lua").read_text("utf-8"))
    server.script = server.script.rename(server.script.with_name("soak.lua"))
    server.script.with_name("default.lua").write_text((ROOT / "lua/default.lua").read_text("utf-8"), "utf-8")
    server.config.write_text(
        server.config.read_text("utf-8").replace("lua/default.lua", "lua/soak.lua"), "utf-8"
    )
    return server, control, evapi


def main(minutes: float, without: Sequence[str], only: Sequence[str], leak: int) -> int:
    """Soak a server of its own and say how it went."""
    with tempfile.TemporaryDirectory(prefix="luasip-soak-") as folder:
        server, control, evapi = prepared(Path(folder))
        with server:
            traffic = Traffic(server, control, evapi)
            kinds = [name for name in only or traffic.kinds() if name not in without]
            soak = Soak(server, traffic, kinds)
            soak.start()
            first = soak.note()
            if leak:
                server.fault(f"leak {leak}")
            warm_up = min(300.0, max(45.0, minutes * 10))
            soak.flow(warm_up)
            warm = soak.rest()
            soak.notes.clear()
            soak.flow(max(30.0, minutes * 60 - warm_up))
            end = soak.rest()
            soak.end()
            report(soak, warm, end)
            table(first, soak.notes, end)
            problems = judged(soak.notes, warm, end, soak.done["kill"])
            if not (is_alive(server) and is_alive(server, "tcp")):
                problems.append("it does not answer any more")
    print("\n".join(["NOT sound", *problems]) if problems else "sound")
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/soak", description="Traffic and faults for a long time.")
    parser.add_argument("minutes", type=float, nargs="?", default=30.0)
    parser.add_argument(
        "--without", action="append", default=[], metavar="KIND", help="leave a kind out (again)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="KIND", help="these kinds only (again)"
    )
    parser.add_argument(
        "--leak", type=int, default=0, metavar="BYTES", help="lose so much with every transaction"
    )
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    sys.exit(main(given.minutes, given.without, given.only, given.leak))
