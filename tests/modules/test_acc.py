import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError, StorageError
from luasip.modules.acc import Acc, AccSettings
from luasip.modules.acc.record import Record, SecondTime, split_comment
from luasip.modules.acc.settings import parse_extra
from luasip.modules.acc.store import AccountingStore
from luasip.modules.acc.writer import RecordWriter
from luasip.storage import Databases
from tests.bench import FakeServices, context

COLUMNS = AccSettings().column_names

# Settings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("ua=$ua", (("ua", "$ua"),)),
        (" a = $avp(x) ;b=$(hdr(X){s.select,0,;}); ", (("a", "$avp(x)"), ("b", "$(hdr(X){s.select,0,;})"))),
        ("e=$err.class;m=$rm", (("e", "$err.class"), ("m", "$rm"))),
    ],
)
def test_extra(text: str, found: tuple[tuple[str, str], ...]) -> None:
    assert parse_extra(text, "log_extra") == found


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"log_flag": 32}, "log_flag: 32"),
        ({"db_missed_flag": -2}, "db_missed_flag: -2"),
        ({"failed_filter": "404,4x4"}, "failed_filter"),
        ({"time_mode": 5}, "time_mode: 5"),
        ({"log_extra": "ua"}, "log_extra"),
        ({"db_extra": "a=b"}, "db_extra"),
        ({"db_extra": "=$rm"}, "db_extra"),
        ({"db_url": "oracle://h/d"}, "db_url"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Acc(AccSettings(**settings), FakeServices(databases=Databases()))
    assert problem in caught.value.problems[0]


def test_direction_needs_rr() -> None:
    module = Acc(AccSettings(detect_direction=1), FakeServices())
    with pytest.raises(SettingsError, match="rr is not loaded"):
        module.start()


@pytest.mark.parametrize(
    ("level", "python"), [(3, 10), (9, 10), (2, 20), (1, 25), (0, 30), (-1, 40), (-4, 50)]
)
def test_levels(level: int, python: int) -> None:
    assert AccSettings(log_level=level).python_level == python


# Records

RECORD = Record("INVITE", "f", "t", "id", "200", "OK", 1_700_000_000.25)


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        (0, ""),
        (1, ";second=250000"),
        (2, ";second=1700000000.250"),
        (4, ";second=2023-11-14 22:13:20"),
    ],
)
def test_line(mode: int, shown: str) -> None:
    second = SecondTime(mode, "second", "%Y-%m-%d %H:%M:%S")
    line = RECORD.line("ACC: x: ", second, [("n", 5), ("null", None)])
    core = "method=INVITE;from_tag=f;to_tag=t;call_id=id;code=200;reason=OK;n=5;null="
    assert line == f"ACC: x: timestamp=1700000000{shown};{core}"


def test_row() -> None:
    row = RECORD.row({**COLUMNS, "callid": "call"}, SecondTime(1, "us", ""), [("n", 5), ("null", None)])
    assert row == {
        "method": "INVITE",
        "from_tag": "f",
        "to_tag": "t",
        "call": "id",
        "sip_code": "200",
        "sip_reason": "OK",
        "time": 1_700_000_000.25,
        "us": 250000,
        "n": "5",
        "null": None,
    }


@pytest.mark.parametrize(
    ("comment", "parts"),
    [
        ("404 Not Found", ("404", "Not Found")),
        ("404", ("404", "")),
        ("200OK", ("200", "OK")),
        ("40 x", ("", "40 x")),
        ("", ("", "")),
    ],
)
def test_comments(comment: str, parts: tuple[str, str]) -> None:
    assert split_comment(comment) == parts


def test_a_message_that_cannot_be_accounted() -> None:
    module = Acc(AccSettings(), FakeServices())
    ctx = context(
        "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <\r\nTo: <sip:a>\r\nCall-ID: 1\r\n\r\n"
    )
    assert module.acc_log_request(ctx, "200 OK") == -1


# Writing


@pytest.fixture
def databases() -> Iterator[Databases]:
    opened = Databases()
    yield opened
    opened.close()


class Bench:
    """A writer over SQLite; `timers` of the services are run by hand."""

    def __init__(self, folder: Path, databases: Databases) -> None:
        self.folder = folder
        self.services = FakeServices(databases=databases)
        self.database = databases.open(f"sqlite:///{folder}/acc.db")
        self.file = folder / "acc.db"
        self.store = AccountingStore(self.database, COLUMNS, ["src"])
        self.writer = self.new_writer()

    def new_writer(self) -> RecordWriter:
        self.services.timers.clear()
        writer = RecordWriter(self.folder / "journal", self.store, self.services)
        writer.start()
        return writer

    def add(self, call_id: str, table: str = "acc", **more: Any) -> bool:
        row = {COLUMNS[key]: "" for key in COLUMNS} | {"callid": call_id, "time": 1_700_000_000.5, "src": ""}
        return self.writer.add(table, row | more)

    def run(self, turns: int = 5) -> None:
        """Let what is due happen, a few times."""
        for _ in range(turns):
            due = {name: action for name, action in self.services.timers.items() if name.startswith("after")}
            for name, action in due.items():
                del self.services.timers[name]
                action()

    def calls(self, table: str = "acc") -> list[str]:
        with sqlite3.connect(self.file) as connection:
            return [row[0] for row in connection.execute(f"select callid from {table} order by id")]

    def execute(self, statement: str) -> None:
        self.database.execute(statement)

    @property
    def segments(self) -> list[str]:
        return sorted(file.name for file in (self.folder / "journal").glob("*.journal"))


@pytest.fixture
def bench(tmp_path: Path, databases: Databases) -> Bench:
    return Bench(tmp_path, databases)


def test_records_are_written_in_order(bench: Bench) -> None:
    for number in range(1200):
        bench.add(str(number), "acc" if number % 2 else "other")
    bench.run()
    assert bench.calls() == [str(number) for number in range(1200) if number % 2]
    assert len(bench.calls("other")) == 600
    assert bench.services.counters["acc:db_written"] == 1200


def test_nothing_is_written_twice_by_the_next_process(bench: Bench) -> None:
    """A process that dies between the commit and the deletion of the segment leaves the segment."""
    bench.add("1")
    bench.run()
    (segment,) = bench.segments
    text = (bench.folder / "journal" / segment).read_bytes()
    bench.writer.stop()
    assert bench.segments == []
    left = bench.database.execute("select * from luasip_journal").rows
    assert left == []
    bench.execute(f"insert into luasip_journal values ('{segment}', {len(text)})")
    second = json.dumps(["acc", {"callid": "2", "time": 1_700_000_000}]).encode() + b"\n"
    (bench.folder / "journal" / segment).write_bytes(text + second)
    bench.writer = bench.new_writer()
    bench.run()
    bench.writer.stop()
    assert bench.calls() == ["1", "2"]
    assert bench.segments == []


def test_what_an_earlier_process_left_is_written(bench: Bench) -> None:
    bench.add("1")
    bench.writer._journal.close()  # it is killed
    bench.writer._refused.close()
    bench.writer = bench.new_writer()
    bench.add("2")
    bench.run()
    assert bench.calls() == ["1", "2"]
    assert len(bench.segments) == 1


def test_the_database_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.add("1")
    bench.run()
    with monkeypatch.context() as away:
        away.setattr(bench.database, "transaction", fails)
        away.setattr(bench.database, "execute", fails)
        bench.add("2")
        bench.run(10)
        assert bench.services.timers.keys() >= {"after 30"}
        bench.add("3")
    bench.run()
    assert bench.calls() == ["1", "2", "3"]
    assert bench.services.counters == {"acc:db_written": 3}


def test_the_state(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench.writer.state() == {"waiting": 0, "refused": 0, "failures": 0}
    bench.add("1")
    bench.run()
    assert bench.writer.state() == {"waiting": 0, "refused": 0, "failures": 0}
    refusing(bench)
    for call in ("bad", "2", "bad"):
        bench.add(call)
    bench.run()
    state = bench.writer.state()
    assert state["waiting"] == state["refused"] > 0
    assert state["failures"] > 0


def test_the_state_without_a_database() -> None:
    with pytest.raises(CommandError, match="No database"):
        Acc(AccSettings(), FakeServices()).journal()


def fails(*arguments: Any) -> Any:
    raise StorageError("database: away")


def test_the_pool_is_full(bench: Bench) -> None:
    bench.services.pool_is_full = True
    bench.add("1")
    bench.run()
    assert "after 1" in bench.services.timers
    bench.services.pool_is_full = False
    bench.run()
    assert bench.calls() == ["1"]


def refusing(bench: Bench) -> None:
    """The table takes no call "bad"."""
    bench.add("first")
    bench.run()
    bench.execute(
        "create trigger t before insert on acc when new.callid = 'bad' begin select raise(abort, 'no'); end"
    )


def test_a_record_that_is_refused_is_set_aside_when_later_ones_are_taken(bench: Bench) -> None:
    refusing(bench)
    for call in ("1", "bad", "2", "bad", "3"):
        bench.add(call)
    bench.run()
    assert bench.calls() == ["first", "1", "2", "3"]
    assert bench.services.counters == {"acc:db_written": 4, "acc:db_refused": 2}
    bench.writer.stop()
    bench.execute("drop trigger t")
    bench.writer = bench.new_writer()
    bench.run()
    assert bench.calls() == ["first", "1", "2", "3", "bad", "bad"]


def test_a_record_that_is_refused_last_is_tried_again(bench: Bench) -> None:
    refusing(bench)
    for call in ("1", "bad"):
        bench.add(call)
    bench.run()
    assert bench.calls() == ["first", "1"]
    assert "acc:db_refused" not in bench.services.counters
    bench.execute("drop trigger t")
    bench.run()
    assert bench.calls() == ["first", "1", "bad"]


def test_a_locked_database_is_not_asked_for_every_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def locked() -> Any:
        asked.append(1)
        bench.services.clock += 10
        raise StorageError("database is locked")

    for number in range(50):
        bench.add(str(number))
    with monkeypatch.context() as patched:
        patched.setattr(bench.database, "transaction", locked)
        bench.run(1)
    assert len(asked) == 2
    bench.run()
    assert len(bench.calls()) == 50


def test_a_text_too_long_is_cut(bench: Bench) -> None:
    bench.add("1")
    bench.run()
    bench.execute(
        "create trigger t before insert on acc when length(new.sip_reason) > 128 begin select raise(abort, 'no'); end"
    )
    bench.add("2", sip_reason="x" * 300)
    bench.run()
    ((reason,),) = bench.database.execute("select sip_reason from acc where callid = '2'").rows
    assert len(reason) == 128


def test_a_line_that_cannot_be_read_is_passed_over(bench: Bench) -> None:
    bench.writer._journal.append("[1]")
    bench.add("1")
    bench.run()
    assert bench.calls() == ["1"]


def test_a_full_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr(bench.writer._journal, "append", fails)
        full.setattr("luasip.modules.acc.writer._IN_MEMORY", 2)
        assert [bench.add(call) for call in "123"] == [False] * 3
    bench.services.timers["acc.journal"]()
    bench.run()
    assert bench.calls() == ["2", "3"]
    assert bench.services.counters["acc:lost"] == 1


def test_written_segments_are_deleted(bench: Bench) -> None:
    bench.add("1", src="x" * 70_000)
    bench.add("2")
    bench.run()
    assert bench.segments == []
    bench.add("3")
    bench.run()
    assert bench.database.execute("select count(*) from luasip_journal").rows == [(1,)]


def test_bytes_come_back(bench: Bench) -> None:
    bench.add("caf\xc3\xa9\xff")
    bench.run()
    assert bench.database.execute("select callid from acc").rows == [("caf\xc3\xa9\xff",)]


def test_one_journal_one_process(bench: Bench) -> None:
    with pytest.raises(StorageError, match="another process"):
        bench.new_writer()
