"""luasip.jsonrpc in routes: other servers are asked while messages go on."""

import json
from typing import Any

import pytest

from luasip.modules.netstring import NetstringReader, netstring
from tests.scenarios.scene import Scene
from tests.stream_stub import StreamStub, StubConnection

SERVERS = ("10.0.1.1", 8080), ("10.0.1.2", 8080)
SETTINGS = """
[modules.luasip_jsonrpc]
server = ["conn=rpc;addr=10.0.1.1;port=8080;priority=1", "conn=rpc;addr=10.0.1.2;port=8080;priority=2"]
"""


class Server:
    """Keeps requests until `answer` is called; `at_once` answers by itself."""

    def __init__(self, at_once: Any = None) -> None:
        self.at_once = at_once
        self.asked: list[dict[str, Any]] = []
        self.connection: StubConnection
        self._reader = NetstringReader(1 << 20)

    def accept(self, connection: StubConnection) -> None:
        self.connection = connection
        connection.on_data = self._read

    def _read(self, connection: StubConnection) -> None:
        for frame in self._reader.feed(connection.take()):
            message = json.loads(frame)
            self.asked.append(message)
            if self.at_once is not None and "id" in message:
                self.answer(message, result=self.at_once(message))

    def answer(self, message: dict[str, Any], **fields: Any) -> None:
        text = json.dumps({"jsonrpc": "2.0", "id": message["id"], **fields})
        self.connection.feed(netstring(text.encode()))


def scene(script: str, *servers: Server, settings: str = SETTINGS) -> Scene:
    streams = StreamStub()
    for address, server in zip(SERVERS, servers, strict=False):
        streams.peers[address] = server.accept
    made = Scene(script, settings, streams=streams)
    made.settle()
    return made


ROUTE = """
function ksr_request_route()
  if KSR.is_method("OPTIONS") then return KSR.sl.sl_send_reply(200, "quick") end
  local result, problem, error = luasip.jsonrpc.request("rpc", "route", { user = KSR.kx.get_ruser() }, { timeout = 3 })
  if not result then
    return KSR.sl.send_reply(500, problem .. (error and " data " .. tostring(error.data) or ""))
  end
  KSR.pv.sets("$du", result.target)
  KSR.tm.t_relay()
end
"""


def test_a_server_decides_where_a_call_goes() -> None:
    server = Server()
    with scene(ROUTE, server) as made:
        alice, bob = made.phone("alice"), made.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert alice.statuses() == [100]
        carol = made.phone("carol")
        carol.send(carol.request("OPTIONS", "sip:bob@example.com"))
        assert carol.next().reason == "quick"
        [asked] = server.asked
        assert (asked["method"], asked["params"]) == ("route", {"user": "bob"})
        server.answer(asked, result={"target": f"sip:{bob.host}:5060"})
        made.settle()
        bob.answer(bob.requests()[0], 200, "OK")
        assert alice.statuses() == [200]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"error": {"code": -32601, "message": "no such method"}}, "error -32601: no such method data nil"),
        ({"error": {"code": 7, "message": "no", "data": "more"}}, "error 7: no data more"),
        (None, "timeout"),
    ],
)
def test_failures(answer: dict[str, Any] | None, reason: str) -> None:
    server = Server()
    with scene(ROUTE, server) as made:
        alice = made.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        if answer is not None:
            server.answer(server.asked[0], **answer)
        made.advance(3.1)
        assert [message.reason for message in alice.unread] == [reason]


def test_no_server() -> None:
    with scene(ROUTE) as made:
        alice = made.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert alice.next().reason == "no server"


def test_another_server_answers_when_one_dies() -> None:
    first, second = Server(), Server(lambda message: {"target": "sip:10.0.0.3:5060"})
    with scene(ROUTE, first, second) as made:
        alice, bob = made.phone("alice"), made.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert second.asked == []
        first.connection.hang_up()
        made.settle()
        bob.answer(bob.requests()[0], 200, "OK")
        assert alice.statuses() == [200]
        made.advance(2)  # the first one is there again
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", cseq=2))
        assert len(first.asked) == 2


VALUES = """
function ksr_request_route()
  local r = luasip.jsonrpc.request("rpc", "echo", { 1, 2.5, "J\\xc3\\xbcrgen", true, { deep = { {} } } })
  assert(r[1] == 1 and math.type(r[1]) == "integer" and r[2] == 2.5 and r[3] == "J\\xc3\\xbcrgen" and r[4] == true)
  assert(type(r[5].deep[1]) == "table")
  local none, problem = luasip.jsonrpc.request("rpc", "null")
  assert(none == nil and problem == nil)
  assert(luasip.jsonrpc.notify("rpc", "told", { x = 1 }) == true)
  local ok, message = pcall(luasip.jsonrpc.request, "other", "m")
  assert(not ok and message:find("there is no connection 'other' (defined: rpc)", 1, true))
  local a, b = luasip.all(
    function() return luasip.jsonrpc.request("rpc", "echo", { "a" })[1] end,
    function() return luasip.jsonrpc.request("rpc", "echo", { "b" })[1] end
  )
  KSR.sl.send_reply(200, a .. b)
end
"""


def test_values() -> None:
    server = Server(lambda message: message.get("params") if message["method"] == "echo" else None)
    with scene(VALUES, server) as made:
        alice = made.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert alice.next().reason == "ab", made.log.text()
        assert {"jsonrpc": "2.0", "method": "told", "params": {"x": 1}} in server.asked


def test_where_it_cannot_suspend_it_still_answers() -> None:
    script = """
    function ksr_request_route()
      local text = string.gsub("ab", ".", function(letter)
        return luasip.jsonrpc.request("rpc", "upper", { letter }, { timeout = 0.05 }) or "-"
      end)
      KSR.sl.send_reply(200, text)
    end
    """
    server = Server(lambda message: message["params"][0].upper())
    with scene(script, server) as made:
        alice = made.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        # In the scene nobody moves the bytes while the thread waits: the point is that it comes back.
        assert alice.next().reason == "--"
        assert "luasip.jsonrpc.request cannot suspend here" in made.log.text()


def test_without_settings_nothing_is_connected() -> None:
    script = """
    function ksr_request_route()
      local ok, message = pcall(luasip.jsonrpc.notify, "rpc", "m")
      KSR.sl.sl_send_reply(200, (message:match("there is.*")))
    end
    """
    with scene(script, settings="") as made:
        alice = made.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.next().reason == "there is no connection 'rpc' (defined: none)"
        assert made.streams.dialed == []
