"""HTTP in routes: functions that look blocking, and http_async_client's callbacks."""

from typing import Any

import pytest
import requests

from luasip.modules.luasip_http import Http
from tests.http_stub import HttpStub
from tests.scenarios.scene import Scene

URL = "http://api.example.com"


def scene(script: str, stub: HttpStub, settings: str = "") -> Scene:
    """A server whose HTTP requests go to `stub`."""
    made = Scene("local function reply(text) KSR.sl.send_reply(200, tostring(text)) end\n" + script, settings)
    [http] = [module for module in made.server.modules if isinstance(module, Http)]
    http.transfer.mount("http://", stub)
    return made


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            f'reply(KSR.http_client.query("{URL}/a", "$var(r)") .. KSR.pv.get("$(var(r){{line.at,0}})"))',
            "200GET /a",
        ),
        (f'reply(KSR.http_client.query_post("{URL}/a", "x", "$var(r)"))', "200"),
        ('reply(KSR.http_client.query("nonsense", "$var(r)"))', "3"),
        ('reply(KSR.http_client.curl_connect("api", "b", "$var(r)"))', "200"),
        (f'local r = luasip.http.request{{url="{URL}/a"}} reply(r.status .. r.reason)', "200Reason 200"),
        (f'local r = luasip.http.request{{url="{URL}/json"}} reply(r.json().list[2].name)', "ann"),
        (f'local r = luasip.http.request{{url="{URL}/json"}} reply(r:json().list[2].name)', "ann"),
        (f'local r = luasip.http.request{{url="{URL}/json"}} reply(r.headers["content-type"])', "text/json"),
        (
            f'local d, err = luasip.http.request{{url="{URL}/a"}}.json() reply(tostring(d) .. type(err))',
            "nilstring",
        ),
        (
            f"""local r = luasip.http.request{{url="{URL}/echo", json={{a={{1, "x", true}}}}, headers={{["X-A"]=1}}}}
                reply(r.json().a[2])""",
            "x",
        ),
        (
            """local r, err = luasip.http.request{url="http://api.example.com/down"}
               reply(tostring(r) .. tostring(err:find("refused") ~= nil))""",
            "niltrue",
        ),
        (
            """local ok, err = pcall(luasip.http.request, {address="x"})
               reply(tostring(ok) .. tostring(err:find("unknown option 'address'", 1, true) ~= nil))""",
            "falsetrue",
        ),
    ],
)
def test_requests(body: str, expected: str) -> None:
    def handler(request: requests.PreparedRequest) -> Any:
        if request.path_url == "/down":
            return requests.ConnectionError("refused")
        if request.path_url == "/json":
            return 200, '{"list": [1, {"name": "ann"}]}', [("Content-Type", "text/json")]
        return 200, request.body if request.path_url == "/echo" else f"{request.method} {request.path_url}"

    settings = f'[modules.http_client]\nhttpcon = "api=>{URL}"'
    with scene(f"function ksr_request_route() {body} end", HttpStub(handler), settings) as made:
        alice = made.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert [message.reason for message in alice.unread] == [expected], made.log.text()


ASYNC = f"""
function ksr_request_route()
  KSR.pv.sets("$avp(from)", KSR.kx.get_fuser())
  KSR.tm.t_newtran()
  KSR.pv.sets("$http_req(hdr)", "X-Call-Id: " .. KSR.pv.get("$ci"))
  local code = KSR.http_async_client.query("{URL}/route", "ksr_answer")
  KSR.info("query " .. code .. "\\n")
end
function ksr_answer(event)
  KSR.info(event .. " " .. KSR.pv.get("$http_ok") .. "\\n")
  KSR.pv.sets("$du", "sip:" .. KSR.pv.get("$http_rb") .. ":5060")
  KSR.hdr.append("X-From: " .. KSR.pv.get("$avp(from)") .. "\\r\\n")
  KSR.tm.t_relay()
end
"""


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_a_suspended_request_is_relayed_by_its_callback(method: str) -> None:
    stub = HttpStub(lambda request: (200, "10.0.0.3"))
    with scene(ASYNC, stub) as made:
        alice, bob = made.phone("alice"), made.phone("bob")
        alice.send(alice.request(method, "sip:bob@example.com"))
        [received] = bob.requests()
        assert received.first("x-from").value == "alice"
        assert stub.requests[0].headers["X-Call-Id"] == "call-alice"
        bob.answer(received, 200, "OK")
        assert alice.statuses()[-1] == 200
        assert "query 0" in made.log.text(20)
        assert "http_async_client:callback 1" in made.log.text(20)


CHAIN = f"""
function ksr_request_route()
  KSR.tm.t_newtran()
  KSR.http_async_client.query("{URL}/1", "ksr_answer")
end
function ksr_answer()
  local number = tonumber(KSR.pv.get("$http_rb"))
  if number < 4 then
    KSR.http_async_client.query("{URL}/" .. number + 1, "ksr_answer")
  else
    KSR.tm.t_reply(200, "after " .. number)
  end
end
"""


def test_chained_queries() -> None:
    stub = HttpStub(lambda request: (200, request.path_url[1:]))
    with scene(CHAIN, stub) as made:
        alice = made.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert [message.reason for message in alice.unread] == ["after 4"]
        assert [request.path_url for request in stub.requests] == ["/1", "/2", "/3", "/4"]


def test_a_failure_callback_asks() -> None:
    script = f"""
    function ksr_request_route()
      KSR.tm.t_on_failure("ksr_failure")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_failure() KSR.http_async_client.query("{URL}/next", "ksr_next") end
    function ksr_next()
      KSR.pv.sets("$du", "sip:" .. KSR.pv.get("$http_rb") .. ":5060")
      KSR.tm.t_relay()
    end
    """
    with scene(script, HttpStub(lambda request: (200, "10.0.0.4"))) as made:
        alice, bob, carol = made.phone("alice"), made.phone("bob"), made.phone("carol")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 480, "Gone")
        carol.answer(carol.requests()[0], 200, "OK")
        assert alice.statuses() == [200]


def test_a_reply_waits_for_its_answer() -> None:
    script = f"""
    function ksr_request_route()
      KSR.tm.t_on_reply("ksr_onreply")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_onreply() KSR.http_async_client.query("{URL}/x", "ksr_go_on") end
    function ksr_go_on() KSR.hdr.append("X-Answer: " .. KSR.pv.get("$http_rb") .. "\\r\\n") end
    """
    with scene(script, HttpStub(lambda request: (200, "yes"))) as made:
        alice, bob = made.phone("alice"), made.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 200, "OK")
        assert alice.next().first("x-answer").value == "yes"


def test_a_callback_on_a_made_up_request_has_nothing_of_another() -> None:
    script = f"""
    function ksr_request_route()
      KSR.pv.sets("$avp(secret)", "mine")
      KSR.pv.sets("$xavp(s=>f)", "mine")
      KSR.pv.sets("$http_req(hdr)", "X-Left: over")
      local code = KSR.http_async_client.send_xdata("{URL}/x", "ksr_answer", "extra")
      KSR.sl.sl_send_reply(200, "sent " .. code)
    end
    function ksr_answer(event)
      KSR.info("got " .. KSR.pv.get("$http_xdata") .. " " .. tostring(KSR.pv.get("$avp(secret)")) .. " "
        .. tostring(KSR.pv.get("$xavp(s=>f)")) .. " " .. KSR.pv.get("$rm") .. "\\n")
      KSR.http_async_client.send("{URL}/y", "ksr_end")
    end
    function ksr_end() end
    """
    stub = HttpStub()
    with scene(script, stub) as made:
        alice = made.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert alice.next().reason == "sent 1"
        assert "got extra nil nil OPTIONS" in made.log.text(20)
        assert "X-Left" not in stub.requests[1].headers


@pytest.mark.parametrize("failure", [requests.ReadTimeout("late"), requests.ConnectionError("refused")])
def test_the_callback_hears_of_failures(failure: Exception) -> None:
    script = f"""
    function ksr_request_route()
      KSR.tm.t_newtran()
      KSR.http_async_client.query("{URL}/x", "ksr_answer")
    end
    function ksr_answer() KSR.tm.t_reply(503, "ok is " .. KSR.pv.get("$http_ok")) end
    """
    with scene(script, HttpStub(lambda request: failure)) as made:
        alice = made.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert [(message.status, message.reason) for message in alice.unread] == [(503, "ok is 0")]


def test_an_unknown_callback_is_an_error() -> None:
    script = f'function ksr_request_route() KSR.http_async_client.query("{URL}", "ksr_nobody") end'
    stub = HttpStub()
    with scene(script, stub) as made:
        alice = made.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert alice.next().status == 500
        assert "there is no function 'ksr_nobody'" in made.log.text()
        assert stub.requests == []
