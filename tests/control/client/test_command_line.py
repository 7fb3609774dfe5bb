"""luasip/control/client: arguments as kamcmd reads them, endpoints, and answers that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from luasip.control.client.command_line import argument_of, contact_rows
from luasip.control.client.connection import (
    HttpEndpoint,
    StreamEndpoint,
    Unreachable,
    call,
    endpoint_of,
)
from luasip.control.settings import ControlSettings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("s:5", "5"),
        ("i:5", 5),
        ("i:007", 7),
        ("007", "007"),
        ("+5", "+5"),
        ("i:x", "i:x"),
        ("sip:a@b", "sip:a@b"),
        ("s:s:x", "s:x"),
        ("", ""),
        ("1_0", "1_0"),
    ],
)
def test_arguments(text: str, value: Any) -> None:
    assert argument_of(text) == value


def test_contacts_as_rows() -> None:
    contact = {"Address": "sip:a@h", "Expires": 60, "Path": "[not set]", "Ruid": "x"}
    (row,) = contact_rows({"AoR": "alice", "Contacts": [{"Contact": contact}]})
    assert (row["AoR"], row["Address"], row["Expires"], row["Path"]) == ("alice", "sip:a@h", 60, "")
    assert "Ruid" not in row


def test_which_way_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert endpoint_of(ControlSettings()) is None
    assert isinstance(endpoint_of(ControlSettings(stream=str(path))), StreamEndpoint)
    both = ControlSettings(stream=str(path), http=("127.0.0.1", 8080))
    assert isinstance(endpoint_of(both), HttpEndpoint)
    path.touch()
    assert isinstance(endpoint_of(both), StreamEndpoint)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (ControlSettings(http=("127.0.0.1", 8080)), "http://127.0.0.1:8080/RPC"),
        (ControlSettings(http=("0.0.0.0", 80), token="x" * 16), "http://127.0.0.1:80/RPC"),
        (ControlSettings(http=("::", 80), certificate="c", private_key="k"), "https://[::1]:80/RPC"),
    ],
)
def test_addresses(settings: ControlSettings, url: str) -> None:
    endpoint: Any = endpoint_of(settings)
    assert endpoint._url == url


@pytest.mark.parametrize("answer", ["nonsense", "[]", "5", "[5]", '[{"id": 0}]', '{"error": {}}'])
def test_answers_that_are_none(answer: str) -> None:
    class Server:
        def exchange(self, document: bytes) -> bytes:
            assert json.loads(document)[0]["method"] == "core.uptime"
            return answer.encode()

    with pytest.raises(Unreachable, match="not JSON-RPC"):
        call(Server(), "core.uptime")
