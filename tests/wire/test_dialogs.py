"""A call outlives the server: kill -9 and a new process, which knows the call when its BYE comes."""

import json
import signal
import socket
import sqlite3
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message
from luasip.storage import Databases
from tests.wire.mariadb import MariaDb
from tests.wire.process import Served, luasip, wait_for

SCRIPT = """
function ksr_request_route()
    if KSR.siputils.has_totag() > 0 then
        KSR.rr.loose_route()
        KSR.tm.t_relay()
        return
    end
    KSR.rr.record_route()
    KSR.dialog.dlg_manage()
    KSR.dialog.set_dlg_profile("caller", "alice")
    KSR.dialog.var_sets("account", "4711")
    KSR.dialog.var_sets("long", string.rep("x", 600))
    KSR.tm.t_relay()
end

function ksr_dialog_event(event)
    KSR.info("told " .. event .. " " .. KSR.pv.get("$rm") .. " " .. KSR.dialog.var_gete("account") .. "\\n")
end
"""
SETTINGS = """
[modules.dialog]
event_callback = "ksr_dialog_event"
profiles_with_value = "caller"
db_mode = 1
db_url = "{url}"
[control]
stream = "{folder}/control.sock"
"""


class End:
    """One end of a call on a UDP socket of its own."""

    def __init__(self, name: str, server: int) -> None:
        self.name = name
        self.server = ("127.0.0.1", server)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5.0)
        self.port: int = self.socket.getsockname()[1]
        self.uri = f"sip:{name}@127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def request(self, method: str, uri: str, cseq: int, *headers: str, to_tag: str = "") -> None:
        """Send a request of the call to the server."""
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK-{self.name}-{method}-{cseq}",
            "Max-Forwards: 70",
            "From: <sip:alice@example.com>;tag=a",
            "To: <sip:bob@example.com>" + (f";tag={to_tag}" if to_tag else ""),
            "Call-ID: outlives",
            f"CSeq: {cseq} {method}",
            f"Contact: <{self.uri}>",
            *headers,
            "Content-Length: 0",
        ]
        self.socket.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), self.server)

    def next(self, wanted: str) -> Request | Response:
        """The next request of a method, or the next response of a status; others are passed over."""
        while True:
            message = parse_message(self.socket.recv(65535).decode("latin-1"))
            found = message.method if isinstance(message, Request) else str(message.status)
            if found == wanted:
                return message

    def answer(self, request: Request | Response, status: int) -> None:
        """Answer a request."""
        copied = ("via", "from", "call-id", "cseq", "record-route")
        lines = [f"SIP/2.0 {status} X"]
        lines += [f"{line.name}: {line.value}" for line in request.headers if line.key in copied]
        lines += [f"To: {request.to.text}" + ("" if request.to.tag else ";tag=b")]
        lines += [f"Contact: <{self.uri}>", "Content-Length: 0"]
        self.socket.sendto(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), self.server)


def settings(folder: Path, url: str = "") -> str:
    return SETTINGS.format(folder=folder, url=url or f"sqlite:///{folder}/dialogs.db")


def rows(folder: Path) -> list[tuple[str, int]]:
    """Call-ID and state of what the database holds."""
    with sqlite3.connect(folder / "dialogs.db") as connection:
        return list(connection.execute("select callid, state from dialog"))


def test_a_call_outlives_the_server(tmp_path: Path) -> None:
    with (
        Served(tmp_path, settings(tmp_path), SCRIPT) as server,
        End("alice", server.port) as alice,
        End("bob", server.port) as bob,
    ):
        alice.request("INVITE", bob.uri, 1)
        bob.answer(bob.next("INVITE"), 200)
        ok = alice.next("200")
        routes = [f"Route: {route.text}" for route in reversed(ok.record_routes)]
        assert "did" in ok.record_routes[0].uri.params
        alice.request("ACK", bob.uri, 1, *routes, to_tag="b")
        bob.next("ACK")
        wait_for(lambda: rows(tmp_path) == [("outlives", 4)], "the row")
        server.stop(signal.SIGKILL)
        server.start()
        shown = luasip("rpc", "-c", server.config, "--json", "dlg.list")
        [dialog] = json.loads(shown.stdout)
        assert (dialog["call-id"], dialog["state"]) == ("outlives", 4)
        size = luasip("rpc", "-c", server.config, "--json", "dlg.profile_get_size", "caller", "alice")
        assert json.loads(size.stdout) == 1
        alice.request("BYE", bob.uri, 2, *routes, to_tag="b")
        bob.answer(bob.next("BYE"), 200)
        alice.next("200")
        wait_for(lambda: server.logged("told dialog:end BYE 4711"), "the event")
        wait_for(lambda: rows(tmp_path) == [], "the row to go")


def test_a_call_ends_by_command(tmp_path: Path) -> None:
    with (
        Served(tmp_path, settings(tmp_path), SCRIPT) as server,
        End("alice", server.port) as alice,
        End("bob", server.port) as bob,
    ):
        alice.request("INVITE", bob.uri, 1)
        bob.answer(bob.next("INVITE"), 200)
        ok = alice.next("200")
        routes = [f"Route: {route.text}" for route in reversed(ok.record_routes)]
        alice.request("ACK", bob.uri, 1, *routes, to_tag="b")
        bob.next("ACK")
        started = time.monotonic()
        ended = luasip("rpc", "-c", server.config, "dlg.terminate_dlg", "outlives", "a", "b")
        assert ended.returncode == 0, ended.stderr
        for end in (alice, bob):
            end.answer(end.next("BYE"), 200)
        wait_for(lambda: server.logged("told dialog:end OPTIONS 4711"), "the event")
        wait_for(lambda: rows(tmp_path) == [], "the row to go")
        assert time.monotonic() - started < 20


def test_calls_do_not_wait_for_a_database_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "mariadb").mkdir()
    database = MariaDb(tmp_path / "mariadb")

    def stored() -> list[tuple[object, ...]]:
        databases = Databases()
        try:
            query = "select callid, state, to_tag, (select count(*) from dialog_vars) from dialog"
            return databases.open(database.url).execute(query).rows
        finally:
            databases.close()

    with (
        Served(tmp_path, settings(tmp_path, database.url), SCRIPT) as server,
        End("alice", server.port) as alice,
        End("bob", server.port) as bob,
    ):
        database.kill()
        started = time.monotonic()
        alice.request("INVITE", bob.uri, 1)
        bob.answer(bob.next("INVITE"), 200)
        ok = alice.next("200")
        routes = [f"Route: {route.text}" for route in reversed(ok.record_routes)]
        alice.request("ACK", bob.uri, 1, *routes, to_tag="b")
        bob.next("ACK")
        assert time.monotonic() - started < 2
        wait_for(lambda: server.logged("1 dialogs wait for the database"), "the log")
        database.start()
        wait_for(lambda: stored() == [("outlives", 4, "b", 1)], "the row", 40.0)
        alice.request("BYE", bob.uri, 2, *routes, to_tag="b")
        bob.answer(bob.next("BYE"), 200)
        wait_for(lambda: stored() == [], "the row to go")
    database.stop()
