"""luasip/server/logs.py: records reach stream and file with what they are about; nobody waits."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from luasip.errors import SettingsError
from luasip.server import logs, working
from luasip.server.logs import Logging
from luasip.server.settings_sections import LogSettings
from luasip.sip.parser import parse_message

logger = logging.getLogger("luasip.test")

REQUEST = "INVITE sip:a@b SIP/2.0\r\nCall-ID: call1@h\r\nCSeq: 1 INVITE\r\n\r\n"
RESPONSE = "SIP/2.0 200 OK\r\nCall-ID: call2@h\r\nCSeq: 1 BYE\r\n\r\n"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(autouse=True)
def _nothing_stays_bound() -> Iterator[None]:
    threads = threading.active_count()
    yield
    working.unbind()
    assert threading.active_count() == threads


def records(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_records_carry_what_the_thread_works_on(stream: io.StringIO) -> None:
    log = logs.setup(LogSettings(format="json"), stream)
    transaction: Any = SimpleNamespace(id_index=17, id_label=42, method="INVITE", call_id="call1@h")
    working.work().bind(parse_message(REQUEST), "ksr_request_route", transaction)
    logger.info("one %s", "argument")
    working.work().bind(None, "", transaction)
    logger.info("a timer")
    working.unbind()
    logger.warning("two")
    log.shutdown()
    first, timer, second = records(stream)
    assert (timer["call_id"], timer["method"], timer["transaction"]) == ("call1@h", "INVITE", "17:42")
    assert (first["message"], first["level"], first["logger"]) == ("one argument", "info", "luasip.test")
    assert (first["call_id"], first["method"]) == ("call1@h", "INVITE")
    assert (first["callback"], first["transaction"]) == ("ksr_request_route", "17:42")
    assert second["message"] == "two"
    assert "call_id" not in second


def test_responses_and_messages_that_cannot_be_read(stream: io.StringIO) -> None:
    log = logs.setup(LogSettings(format="json"), stream)
    for text in (RESPONSE, RESPONSE.replace("1 BYE", "x"), RESPONSE.replace("Call-ID", "X")):
        working.work().bind(parse_message(text), "ksr_reply_route", None)
        logger.info("seen")
    log.shutdown()
    found = [(one.get("method"), one.get("call_id"), one["callback"]) for one in records(stream)]
    assert found == [
        ("BYE", "call2@h", "ksr_reply_route"),
        (None, None, "ksr_reply_route"),
        ("BYE", None, "ksr_reply_route"),
    ]


def test_each_thread_has_its_own(stream: io.StringIO) -> None:
    log = logs.setup(LogSettings(format="json"), stream)
    working.work().bind(parse_message(REQUEST), "", None)
    other = threading.Thread(target=lambda: logger.info("other"))
    other.start()
    other.join()
    logger.info("own")
    log.shutdown()
    found = {record["message"]: record.get("call_id") for record in records(stream)}
    assert found == {"other": None, "own": "call1@h"}


def test_arguments_are_read_when_logged(stream: io.StringIO) -> None:
    log = logs.setup(LogSettings(), stream)
    values = ["then"]
    logger.info("it was %s", values)
    values.append("later")
    log.shutdown()
    assert stream.getvalue().endswith("it was ['then']\n")


def test_traceback_is_indented(stream: io.StringIO) -> None:
    log = logs.setup(LogSettings(), stream)
    try:
        raise ValueError("broken")
    except ValueError:
        logger.exception("failed")
    log.shutdown()
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("ERROR luasip.test: failed")
    assert all(line.startswith("    ") for line in lines[1:])
    assert lines[-1] == "    ValueError: broken"


def test_levels(stream: io.StringIO) -> None:
    other = logging.getLogger("someone.else")
    settings = LogSettings(level="notice", levels={"luasip.test": "dbg"})
    log = logs.setup(settings, stream)
    logger.debug("shown: own level")
    logging.getLogger("luasip.another").info("hidden: below notice")
    logging.getLogger("luasip.another").log(logs.NOTICE, "shown: notice")
    logging.getLogger("luasip.another").log(logs.ALERT, "shown: alert")
    other.info("hidden: another library")
    other.warning("shown: another library")
    log.shutdown()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 4
    assert all("shown" in line for line in lines)
    assert "NOTICE luasip.another" in lines[1]
    assert "ALERT luasip.another" in lines[2]
    assert logger.level == logging.NOTSET


def test_every_level_name_of_the_settings_is_known() -> None:
    assert set(logs.LEVELS) == set(LogSettings.model_json_schema()["properties"]["level"]["enum"])


def test_a_full_queue_drops_and_says_so() -> None:
    blocked, release = threading.Event(), threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            blocked.set()
            release.wait(10)
            return super().write(text)

    stuck = Stuck()
    log = logs.setup(LogSettings(queue=16), stuck)
    logger.info("the first one blocks the writer")
    assert blocked.wait(10)
    for number in range(20):
        logger.info("number %d", number)
    assert log.dropped == 4
    release.set()
    log.shutdown()
    assert "4 log records were dropped" in stuck.getvalue()
    assert stuck.getvalue().count("number") == 16


def test_a_flood_is_told_in_one_line(stream: io.StringIO) -> None:
    log = logs.setup(LogSettings(repeat_limit=3, repeat_interval=60), stream)
    for number in range(10):
        logger.info("number %d", number)
    logger.info("something else")
    log.shutdown()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 5
    assert "suppressed 7 more in 0." in lines[4]
    assert lines[4].endswith("s: number %d")
    assert log.suppressed == 7


def test_file_rotates(tmp_path: Path, stream: io.StringIO) -> None:
    file = tmp_path / "made" / "luasip.log"
    log = logs.setup(LogSettings(stderr=False, file=str(file), size=2000, backups=2), stream)
    for number in range(100):
        logger.info("a record of some length, number %d", number)
    log.shutdown()
    assert stream.getvalue() == ""
    assert sorted(path.name for path in file.parent.iterdir() if "lock" not in path.name) == [
        "luasip.log",
        "luasip.log.1",
        "luasip.log.2",
    ]
    assert "number 99" in file.read_text()


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"server\.log\.file: cannot be written: .*Is a directory"):
        logs.setup(LogSettings(file=str(tmp_path)))


def test_a_wrong_format_string_does_not_reach_the_caller(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own handlers raise
    log = logs.setup(LogSettings(), stream)
    logger.info("%d", "text")
    logger.info("next")
    log.shutdown()
    assert stream.getvalue().endswith("next\n")
    assert "Logging error" in capsys.readouterr().err


def test_shutdown_twice(stream: io.StringIO) -> None:
    log: Logging = logs.setup(LogSettings(), stream)
    log.shutdown()
    log.shutdown()
    logger.error("nobody writes this")
    assert stream.getvalue() == ""


def test_other_settings_while_it_runs(tmp_path: Path, stream: io.StringIO) -> None:
    file = str(tmp_path / "luasip.log")
    log = logs.setup(LogSettings(file=file, levels={"luasip.one": "err"}), stream)
    assert logging.getLogger("luasip.one").level == logging.ERROR
    logging.getLogger("luasip").setLevel(logging.ERROR)  # as a command does
    log.use(LogSettings(file=file, format="json", levels={"luasip.two": "dbg"}, size=1, backups=1))
    assert logging.getLogger("luasip").level == logging.ERROR
    assert logging.getLogger("luasip.one").level == logging.NOTSET
    assert logging.getLogger("luasip.two").level == logging.DEBUG
    log.use(LogSettings(file=file, format="json", level="notice", repeat_limit=2))
    assert logging.getLogger("luasip").level == logs.NOTICE
    for number in range(5):
        logger.warning("number %d", number)
    log.shutdown()
    lines = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert lines[:2] == ["number 0", "number 1"]
    assert "suppressed 3 more" in lines[2]
    assert logging.getLogger("luasip.two").level == logging.NOTSET
