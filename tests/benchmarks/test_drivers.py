"""The command line, the sources, the probe's answer, contacts that are made up."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.bench import parse, wanted
from benchmarks.contestants import subscribers
from benchmarks.filling import write_contacts
from benchmarks.probe import answer
from benchmarks.sources import of_commit
from luasip.modules.usrloc.store import LocationStore
from luasip.sip.message import Response
from luasip.sip.parser import parse_message
from luasip.storage import Databases
from tests.wire.process import ROOT


def test_workloads_of_the_command_line() -> None:
    assert [w.name for w in wanted(parse(["--workloads", "tcp", "options"]))] == ["options", "tcp"]
    assert len(wanted(parse([]))) == 6
    assert parse(["--profile"]).profile == ROOT / "var" / "profile"
    assert parse([]).profile is None
    with pytest.raises(SystemExit):
        parse(["--workloads", "nothing"])


def test_the_answer_of_the_probe() -> None:
    request = (
        "MESSAGE sip:p@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKa\r\n"
        "Via: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bKb\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:p@10.0.0.1>\r\n"
        "Call-ID: 1\r\nCSeq: 1 MESSAGE\r\nContent-Length: 2\r\n\r\nhi"
    )
    response = parse_message(answer(request))
    assert isinstance(response, Response)
    assert (response.status, response.to.tag) == (200, "probe")
    assert [via.branch for via in response.vias] == ["z9hG4bKa", "z9hG4bKb"]


def test_contacts_are_loaded_as_they_are_written(tmp_path: Path) -> None:
    write_contacts(tmp_path / "a" / "location.db", 3, "127.0.0.1:5090")
    databases = Databases()
    store = LocationStore(databases.open(f"sqlite:///{tmp_path}/a/location.db"), "location")
    found = sorted((contact.aor, contact.uri) for contact in store.load())
    databases.close()
    assert found == [(f"user{n}", f"sip:user{n}@127.0.0.1:5090") for n in range(3)]


def test_the_subscriber_table_is_kamailios(tmp_path: Path) -> None:
    subscribers(tmp_path / "users.db")
    import sqlite3

    with sqlite3.connect(tmp_path / "users.db") as database:
        assert database.execute("select table_version from version").fetchall() == [(7,)]
        assert database.execute("select ha1 from subscriber where username = 'caller'").fetchone()[0]
    database.close()


def test_a_commit_is_taken_from_git(tmp_path: Path) -> None:
    source = of_commit("HEAD", tmp_path / "source", build=False)
    assert (source / "luasip" / "__main__.py").is_file()
    with pytest.raises(SystemExit, match="git archive"):
        of_commit("no-such-commit", tmp_path / "other", build=False)


@pytest.mark.parametrize("script", ["bench", "bench_growth", "bench_blocking", "bench_suspended"])
def test_scripts_can_be_run(script: str) -> None:
    path = ROOT / "scripts" / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)
