"""luasip/server/log_format.py: lines and objects, and text a peer may have written."""

import json
import logging
import re

import pytest

from luasip.server.log_format import JsonFormatter, TextFormatter, readable


def record(text: str, **about: str) -> logging.LogRecord:
    made = logging.LogRecord("luasip.sip", logging.WARNING, "", 0, text, None, None)
    for name, value in about.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("a\rb\x1b[2Jc\x00", "a\\x0db\\x1b[2Jc\\x00"),
        ("M\xc3\xbcller", "Müller"),
        ("M\xfcller", "Müller"),
        ("Łódź", "Łódź"),
        ("\x9b", "\\x9b"),
        ("\xff\xfe", "ÿþ"),
    ],
)
def test_readable(text: str, expected: str) -> None:
    assert readable(text) == expected


def test_text() -> None:
    line = TextFormatter().format(record("hello", method="INVITE", call_id="c1", callback="route"))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT[0-9:]{8}\.\d{3}[+-]\d\d:\d\d WARNING luasip\.sip \[INVITE c1 route\]: hello", line
    )


def test_a_record_cannot_be_forged() -> None:
    forged = "x\n2026-01-01T00:00:00.000+00:00 ERROR luasip: y"
    _, *others = TextFormatter().format(record(forged, call_id=forged)).split("\n")
    assert len(others) == 2
    assert all(line.startswith("    ") for line in others)


def test_json() -> None:
    line = JsonFormatter().format(record("a\nb \xc3\xa4", call_id="c1"))
    assert "\n" not in line
    fields = json.loads(line)
    assert fields.pop("time").startswith("20")
    assert fields.pop("thread")
    assert fields == {"level": "warning", "logger": "luasip.sip", "message": "a\nb ä", "call_id": "c1"}
