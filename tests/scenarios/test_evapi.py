"""evapi in routes: other programs are told of requests and decide how they go on."""

from tests.scenarios.scene import Scene
from tests.stream_stub import StubConnection

SETTINGS = """
[modules.evapi]
bind_addr = "10.0.0.1:8448"
event_callback = "ksr_evapi"
"""

ASK = """
function ksr_request_route()
  if KSR.is_CANCEL() then return KSR.tm.t_relay() end
  KSR.tm.t_newtran()
  KSR.tm.t_on_failure("nobody_answers")
  local index, label = KSR.pv.get("$T(id_index)"), KSR.pv.get("$T(id_label)")
  KSR.pv.sets("$avp(kept)", KSR.kx.get_fuser())
  local code = KSR.evapi.async_relay(index .. ":" .. label .. ":" .. KSR.kx.get_ruser())
  if code < 0 then KSR.tm.t_reply(503, "code " .. code) end
end
function ksr_evapi(event)
  if event ~= "evapi:message-received" then
    return KSR.info(event .. " " .. KSR.pv.get("$evapi(srcaddr)"))
  end
  local index, label, target = string.match(KSR.pv.get("$evapi(msg)"), "^(%d+):(%d+):(.+)$")
  if not index then return KSR.info("not understood") end
  KSR.htable.sht_sets("targets", index .. ":" .. label, target)
  KSR.info("continued " .. KSR.tmx.t_continue(index, label, "go_on"))
end
function go_on()
  local id = KSR.pv.get("$T(id_index)") .. ":" .. KSR.pv.get("$T(id_label)")
  KSR.pv.sets("$du", KSR.htable.sht_get("targets", id))
  KSR.hdr.append("X-Kept: " .. KSR.pv.get("$avp(kept)") .. "\\r\\n")
  KSR.tm.t_relay()
end
function nobody_answers() KSR.tm.t_reply(480, "Nobody answers") end
"""

TABLE = '[modules.htable]\nhtable = ["targets=>size=4;"]\n'


def asking() -> Scene:
    return Scene(ASK, SETTINGS + TABLE)


def client(scene: Scene) -> StubConnection:
    found = scene.streams.client("10.0.0.1", 8448, "10.0.0.77")
    scene.settle()
    return found


def asked(connection: StubConnection) -> str:
    """The one message a client has received."""
    length, _, rest = connection.take().decode().partition(":")
    assert len(rest) == int(length) + 1
    return rest[:-1]


def test_a_client_decides_where_an_invite_goes() -> None:
    with asking() as scene:
        program = client(scene)
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        assert alice.statuses() == [100]
        index, label, user = asked(program).split(":")
        assert user == "bob"
        answer = f"{index}:{label}:sip:{bob.host}:5060"
        program.feed(f"{len(answer)}:{answer},".encode())
        scene.settle()
        [received] = bob.requests()
        assert received.first("x-kept").value == "alice"
        bob.answer(received, 200, "OK")
        assert alice.statuses()[-1] == 200
        assert scene.said == ["evapi:connection-new 10.0.0.77", "continued 1"]


def test_the_answer_comes_while_the_route_still_runs() -> None:
    with asking() as scene:
        program = client(scene)
        alice, bob = scene.phone("alice"), scene.phone("bob")

        def answer_at_once(connection: StubConnection) -> None:
            index, label, _ = asked(connection).split(":")
            answer = f"{index}:{label}:sip:{bob.host}:5060"
            connection.feed(f"{len(answer)}:{answer},".encode())

        program.on_data = answer_at_once
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        [received] = bob.requests()
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


def test_nobody_is_connected() -> None:
    with asking() as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert [(answer.status, answer.reason) for answer in alice.unread] == [(503, "code -2")]


def test_the_client_does_not_answer() -> None:
    with asking() as scene:
        program = client(scene)
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        program.hang_up()
        scene.advance(31)
        assert alice.statuses()[:2] == [100, 480]
        assert "evapi:connection-closed 10.0.0.77" in scene.said


def test_an_answer_that_comes_too_late_or_twice() -> None:
    with asking() as scene:
        program = client(scene)
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        index, label, _ = asked(program).split(":")
        answer = f"{index}:{label}:sip:{bob.host}:5060"
        for _ in range(2):
            program.feed(f"{len(answer)}:{answer},".encode())
            scene.settle()
        assert scene.said[-2:] == ["continued 1", "continued -1"]
        bob.answer(bob.requests()[0], 200, "OK")
        program.feed(b"5:other,5:9:9:x,")
        scene.settle()
        assert scene.said[-2:] == ["not understood", "continued -1"]


def test_relay_in_any_route() -> None:
    script = """
    function ksr_request_route()
      KSR.evapi.relay("request " .. KSR.kx.get_method())
      KSR.tm.t_on_reply("ksr_onreply")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_onreply() KSR.evapi.relay("reply " .. KSR.pv.get("$rs")) end
    """
    with Scene(script, SETTINGS) as scene:
        program = client(scene)
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 200, "OK")
        assert program.take() == b"15:request MESSAGE,9:reply 200,"


def test_who_may_connect_is_the_scripts_decision() -> None:
    script = """
    function ksr_request_route() KSR.sl.sl_send_reply(200, KSR.evapi.relay_unicast("for agents", "agent")) end
    function ksr_evapi(event)
      if event == "evapi:connection-new" then
        luasip.sleep(1)
        if KSR.pv.get("$evapi(srcaddr)") ~= "10.0.0.77" then return KSR.evapi.close() end
        KSR.evapi.set_tag("agent")
      elseif event == "evapi:message-received" then
        KSR.evapi.relay_multicast(KSR.pv.get("$evapi(msg)"):upper(), "agent")
      end
    end
    """
    with Scene(script, SETTINGS) as scene:
        stranger = scene.streams.client("10.0.0.1", 8448, "10.0.0.66")
        agent = client(scene)
        for connection in (stranger, agent):
            connection.feed(b"5:hello,")
        scene.advance(2)
        assert not stranger.is_open
        assert stranger.take() == b""
        assert agent.take() == b"5:HELLO,"
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.next().reason == "1"
        assert agent.take() == b"10:for agents,"


def test_callbacks_that_wait_do_not_hold_up_each_other() -> None:
    script = """
    function ksr_request_route() end
    function ksr_evapi(event)
      if event ~= "evapi:message-received" then return end
      local seconds = tonumber(KSR.pv.get("$evapi(msg)"))
      luasip.sleep(seconds)
      KSR.info("slept " .. seconds .. " " .. KSR.pv.get("$evapi(msg)"))
    end
    """
    with Scene(script, SETTINGS) as scene:
        client(scene).feed(b"1:2,1:1,")
        scene.advance(3)
        assert scene.said == ["slept 1 1", "slept 2 2"]


def test_a_callback_that_fails_costs_its_event_only() -> None:
    script = """
    function ksr_request_route() end
    function ksr_evapi(event)
      if KSR.pv.get("$evapi(msg)") == "bad" then error("a fault") end
      KSR.info(event)
    end
    """
    with Scene(script, SETTINGS) as scene:
        client(scene).feed(b"3:bad,4:good,")
        scene.settle()
        assert scene.said == ["evapi:connection-new", "evapi:message-received"]
        assert "a fault" in scene.log.text()


def test_the_module_is_loaded_only_when_it_is_named() -> None:
    with Scene("function ksr_request_route() KSR.sl.sl_send_reply(200, tostring(KSR.evapi)) end") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.next().reason == "nil"
        assert scene.streams.listeners == {}
