"""luasip.sleep, wait, notify, spawn: routes that wait while the server goes on."""

from tests.scenarios.scene import Scene


def test_sleep_keeps_locals_and_lets_others_through() -> None:
    script = """
    function ksr_request_route()
      if KSR.is_OPTIONS() then KSR.sl.sl_send_reply(200, "OK") return end
      local before = KSR.pv.get("$ci")
      luasip.sleep(2.5)
      local ok, why = pcall(function() luasip.sleep(1) error("inside") end)
      KSR.sl.send_reply(404, before .. " " .. tostring(ok))
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        assert alice.statuses() == [100]
        bob.send(bob.request("OPTIONS", "sip:example.com"))
        assert bob.statuses() == [200]
        scene.advance(3)
        alice.send(invite)
        assert alice.statuses() == [100]
        scene.advance(1)
        answer = alice.next()
        assert (answer.status, answer.reason) == (404, "call-alice false")
        alice.send(alice.ack(invite, answer))


def test_wait_and_notify() -> None:
    script = """
    function ksr_request_route()
      if KSR.is_REGISTER() then
        local woken = luasip.notify("bob", {contact = "sip:10.0.0.3:5060"})
        KSR.sl.sl_send_reply(200, "woke " .. woken)
        return
      end
      local found = luasip.wait("bob", 30)
      if not found then KSR.sl.send_reply(480, "Nobody") return end
      KSR.pv.sets("$du", found.contact)
      KSR.tm.t_relay()
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(5)
        bob.send(bob.request("REGISTER", "sip:example.com"))
        received = next(m for m in bob.messages if m.is_request)
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [100, 200]
        carol = scene.phone("carol")
        invite = carol.request("INVITE", "sip:bob@example.com")
        carol.send(invite)
        scene.advance(30)
        assert carol.next().status == 100
        nobody = carol.next()
        assert nobody.reason == "Nobody"
        carol.send(carol.ack(invite, nobody))


def test_cancel_while_the_route_waits() -> None:
    script = """
    function ksr_request_route()
      if KSR.is_CANCEL() then KSR.tm.t_relay() return end
      luasip.sleep(5)
      local canceled = KSR.tm.t_is_canceled()
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.info("canceled " .. canceled .. " relay " .. KSR.tm.t_relay() .. "\\n")
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com", branch="z9hG4bKx")
        alice.send(invite)
        alice.send(alice.request("CANCEL", "sip:bob@example.com", branch="z9hG4bKx"))
        assert alice.statuses() == [100, 200, 487]
        alice.send(alice.ack(invite, alice.messages[-1]))
        scene.advance(6)
        assert "canceled 1 relay -1" in scene.log.text(20)
        assert bob.messages == []


def test_spawn_outlives_the_message() -> None:
    script = """
    function ksr_request_route()
      local caller = KSR.pv.get("$fU")
      luasip.spawn(function()
        luasip.sleep(10)
        KSR.info("later " .. caller .. "\\n")
      end)
      KSR.sl.sl_send_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.statuses() == [200]
        assert "later" not in scene.log.text(20)
        scene.advance(11)
        assert "later alice" in scene.log.text(20)


def test_all_begins_in_order_so_a_wait_can_be_answered_by_the_next() -> None:
    script = """
    function ksr_request_route()
      local came, woken = luasip.all(
        function() return luasip.wait("key", 5) end,
        function() return luasip.notify("key", "at once") end
      )
      KSR.sl.send_reply(200, came .. " " .. woken)
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        scene.advance(0.1)
        assert alice.messages[-1].reason == "at once 1"


def test_all_takes_as_long_as_the_longest() -> None:
    script = """
    function ksr_request_route()
      local a, b, c, d = luasip.all(function() luasip.sleep(1) return {n = 1} end,
                                    function() luasip.sleep(3) return 2 end,
                                    function() error("broken") end,
                                    function() return "four" end)
      KSR.sl.send_reply(200, a.n .. " " .. b .. " " .. tostring(c) .. " " .. d)
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        scene.advance(2.9)
        assert alice.statuses() == []
        scene.advance(0.2)
        assert alice.next().reason == "1 2 nil four"
        assert "broken" in scene.log.text()


def test_spawn_hands_arguments_on() -> None:
    script = """
    local function later(list, word) KSR.info(table.concat(list, ",") .. " " .. word .. "\\n") end
    function ksr_request_route()
      luasip.spawn(later, {1, 2}, "three")
      KSR.sl.sl_send_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert "1,2 three" in scene.log.text(20)


def test_a_stateless_reply_after_a_wait_is_the_transactions_answer() -> None:
    """The wait made the request stateful behind the script's back: its 100 stopped the caller's retransmissions."""
    script = """
    function ksr_request_route()
      luasip.sleep(1)
      KSR.sl.sl_send_reply(404, "Not Found")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(1.7)
        assert alice.statuses() == [100, 404, 404]
        alice.send(invite)
        assert alice.statuses() == [404]
        alice.send(alice.ack(invite, alice.messages[-1]))
        scene.advance(10)
        assert alice.statuses() == []
        assert scene.log.text() == ""
