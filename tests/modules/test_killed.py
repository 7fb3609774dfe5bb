"""What acc and a durable queue have accepted is there once, wherever in their work the process was killed."""

import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

_ACC = """
import sys
from pathlib import Path
from luasip.modules.acc import AccSettings
from luasip.modules.acc.store import AccountingStore
from luasip.modules.acc.writer import RecordWriter
from luasip.storage import Databases
from tests.bench import FakeServices

folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
services = FakeServices(databases=Databases())
columns = AccSettings().column_names
store = AccountingStore(services.databases.open(f"sqlite:///{folder}/acc.db"), columns, [])
writer = RecordWriter(folder / "journal", store, services)
writer.start()

def write():
    for name in [name for name in services.timers if name.startswith("after")]:
        services.timers.pop(name)()

print("ready", flush=True)
row = {column: "" for column in columns.values()} | {"time": 1700000000}
for number in range(first, last):
    writer.add("acc", row | {"callid": str(number), "sip_reason": "x" * 5000})
    print(number, flush=True)
    if number % 7 == 0:
        write()
writer.stop()
print("ended", flush=True)
"""

_QUEUE = """
import sys
from pathlib import Path
from luasip.modules.mqueue.item_log import ItemLog
from luasip.modules.mqueue.queue import ItemQueue

folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
queue = ItemQueue("q")
queue.keep_in(ItemLog(folder, 20000))
print("ready", flush=True)
for number in range(first, last):
    queue.add(str(number), "x" * 500)
    print(number, flush=True)
    if number % 3 == 0:
        item = queue.take(60)
        queue.done(item[0])
        print("done", item[0], item[1], flush=True)
    if number % 10 == 0:
        queue.give_back_late()
while first == last and (found := queue.fetch()) is not None:
    print("left", found[0], flush=True)
print("ended", flush=True)
"""


def run(code: str, folder: Path, first: int, last: int, kill_after: int = -1) -> list[str]:
    """What the process said; it is killed when it has said `kill_after` things."""
    command = [sys.executable, "-c", code, str(folder), str(first), str(last)]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.strip())
            if len(said) == kill_after:
                process.send_signal(signal.SIGKILL)
                break
        said += [line.strip() for line in process.stdout if line.endswith("\n")]
    return said


@pytest.mark.timeout(120)
def test_rows_of_acc(tmp_path: Path) -> None:
    chance = random.Random(5)
    accepted: list[int] = []
    for turn in range(6):
        said = run(_ACC, tmp_path, turn * 10_000, (turn + 1) * 10_000, chance.randrange(1, 150))
        assert said[0] == "ready"
        accepted += [int(line) for line in said[1:]]
    assert run(_ACC, tmp_path, 0, 0)[-1] == "ended"
    with sqlite3.connect(tmp_path / "acc.db") as connection:
        rows = [int(row[0]) for row in connection.execute("select callid from acc")]
    assert len(rows) == len(set(rows))
    assert set(accepted) <= set(rows)
    assert len(rows) <= len(accepted) + 6  # one in each process may be written and not be told
    assert list((tmp_path / "journal").glob("*.journal")) == []


@pytest.mark.timeout(120)
def test_items_of_a_queue(tmp_path: Path) -> None:
    chance = random.Random(7)
    accepted: set[str] = set()
    done: list[str] = []
    for turn in range(6):
        said = run(_QUEUE, tmp_path, turn * 10_000, (turn + 1) * 10_000, chance.randrange(1, 300))
        assert said[0] == "ready"
        accepted |= {line for line in said[1:] if line.isdecimal()}
        done += [line.split()[2] for line in said if line.startswith("done")]
    said = run(_QUEUE, tmp_path, 0, 0)
    assert said[-1] == "ended"
    left = [line.split()[1] for line in said if line.startswith("left")]
    assert len(left) == len(set(left))
    assert len(done) == len(set(done))
    assert not set(left) & set(done)
    lost = accepted - set(left) - set(done)
    assert len(lost) <= 6  # one in each process may be done and not be told
    assert len(set(left) - accepted) <= 6
