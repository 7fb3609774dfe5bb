"""From and To replaced towards one side of a dialog, and restored in replies and in its later requests."""

import pytest

from luasip.sip.message import Request, Response
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
function ksr_request_route()
  if KSR.siputils.has_totag() > 0 then
    local code = KSR.rr.loose_route()
    %(later)s
    KSR.rr.record_route()
    KSR.tm.t_relay()
    return
  end
  if %(first)s then KSR.rr.record_route() end
  %(replace)s
  if not (%(first)s) then KSR.rr.record_route() end
  KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
  KSR.tm.t_on_reply("ksr_onreply")
  KSR.tm.t_relay()
end
function ksr_onreply() %(onreply)s end
"""
FROM = 'KSR.info("replace " .. KSR.uac.uac_replace_from("\\"Nobody\\"", "sip:anonymous@hidden.invalid"))'
TO = 'KSR.info("replace " .. KSR.uac.uac_replace_to_uri("sip:short@b"))'
AUTO = "[modules.uac]\n"


def scene(replace: str, settings: str = AUTO, **parts: str) -> Scene:
    texts = {"first": "true", "later": "", "onreply": "", "replace": replace, **parts}
    return Scene(SCRIPT % texts, settings)


class Call:
    """A dialog between alice and bob over the server."""

    def __init__(self, scene: Scene) -> None:
        self.alice, self.bob = scene.phone("alice"), scene.phone("bob")
        self.alice.send(
            self.alice.request("INVITE", "sip:bob@example.com", to="sip:bob@example.com").replace(
                "From: <sip:alice@example.com>", 'From: "Alice A" <sip:alice@example.com>'
            )
        )
        self.invite: Request = self.bob.requests()[0]
        self.bob.answer(self.invite, 200)
        self.ok: Response = next(
            m for m in self.alice.messages if isinstance(m, Response) and m.status == 200
        )
        self.alice.statuses()

    def from_alice(self, method: str, cseq: int) -> Request:
        """A request of alice's in the dialog; what bob got."""
        text = self.alice.request(
            method,
            self.bob.uri,
            *[f"Route: {route.text}" for route in reversed(self.ok.record_routes)],
            to=self.ok.to.uri_text,
            to_tag=self.ok.to.tag,
            cseq=cseq,
        )
        self.alice.send(text)
        return self.bob.requests()[-1]

    def from_bob(self, method: str, cseq: int) -> Request:
        """A request of bob's in the dialog, with From and To as he knows them; what alice got."""
        text = self.bob.request(
            method,
            self.alice.uri,
            *[f"Route: {route.text}" for route in self.invite.record_routes],
            from_uri=self.invite.to.uri_text,
            from_tag=self.ok.to.tag,
            to=self.invite.from_.uri_text,
            to_tag=self.invite.from_.tag,
            call_id=self.invite.call_id,
            cseq=cseq,
        )
        self.bob.send(text)
        return self.alice.requests()[-1]


def uris(message: Request | Response) -> tuple[str, str]:
    return message.from_.uri_text, message.to.uri_text


def reply_of(caller: Phone, callee: Phone, request: Request) -> Response:
    """What the caller gets when the callee says 200."""
    caller.statuses()
    callee.answer(request, 200)
    found = [message for message in caller.messages if isinstance(message, Response)][-1]
    caller.statuses()
    return found


@pytest.mark.parametrize("first", ["true", "false"])
@pytest.mark.parametrize("settings", [AUTO, AUTO + 'restore_passwd = "geheim"\n'])
def test_replaced_from_through_a_whole_dialog(first: str, settings: str) -> None:
    alice_uri, bob_uri, hidden = (
        "sip:alice@example.com",
        "sip:bob@example.com",
        "sip:anonymous@hidden.invalid",
    )
    with scene(FROM, settings, first=first) as network:
        call = Call(network)
        assert network.said == ["replace 1"]
        assert uris(call.invite) == (hidden, bob_uri)
        assert call.invite.from_.display_name == "Nobody"
        assert call.invite.from_.tag == "alice-tag"
        assert uris(call.ok) == (alice_uri, bob_uri)
        assert call.ok.from_.text == '"Alice A" <sip:alice@example.com>;tag=alice-tag'
        assert call.ok.to.tag == "bob-to"

        ack = call.from_alice("ACK", 1)
        assert uris(ack) == (hidden, bob_uri)

        info = call.from_alice("INFO", 2)
        assert uris(info) == (hidden, bob_uri)
        assert uris(reply_of(call.alice, call.bob, info)) == (alice_uri, bob_uri)

        update = call.from_bob("UPDATE", 1)
        assert uris(update) == (bob_uri, alice_uri)
        # A target refresh records the route anew, with the same parameter.
        assert "vsf=" in update.record_routes[0].text
        assert uris(reply_of(call.bob, call.alice, update)) == (bob_uri, hidden)

        bye = call.from_bob("BYE", 2)
        assert uris(bye) == (bob_uri, alice_uri)
        assert uris(reply_of(call.bob, call.alice, bye)) == (bob_uri, hidden)


def test_replaced_to_through_a_whole_dialog() -> None:
    alice_uri, bob_uri, short = "sip:alice@example.com", "sip:bob@example.com", "sip:short@b"
    with scene(TO) as network:
        call = Call(network)
        assert uris(call.invite) == (alice_uri, short)
        assert uris(call.ok) == (alice_uri, bob_uri)
        assert "vst=" in call.invite.record_routes[0].text
        ack = call.from_alice("ACK", 1)
        assert uris(ack) == (alice_uri, short)
        bye = call.from_bob("BYE", 2)
        assert uris(bye) == (bob_uri, alice_uri)
        assert uris(reply_of(call.bob, call.alice, bye)) == (short, alice_uri)


def test_both_replaced() -> None:
    with scene(f"{FROM} {TO}") as network:
        call = Call(network)
        assert uris(call.invite) == ("sip:anonymous@hidden.invalid", "sip:short@b")
        assert uris(call.ok) == ("sip:alice@example.com", "sip:bob@example.com")
        call.from_alice("ACK", 1)
        bye = call.from_bob("BYE", 2)
        assert uris(bye) == ("sip:bob@example.com", "sip:alice@example.com")
        assert uris(reply_of(call.bob, call.alice, bye)) == ("sip:short@b", "sip:anonymous@hidden.invalid")


def test_repeated_2xx_are_restored_too() -> None:
    with scene(FROM) as network:
        call = Call(network)
        network.advance(2)
        again = reply_of(call.alice, call.bob, call.invite)
        assert uris(again) == ("sip:alice@example.com", "sip:bob@example.com")


def test_an_onreply_callback_sees_the_reply_as_it_came() -> None:
    with scene(FROM, onreply='KSR.info(KSR.pv.get("$fu"))') as network:
        call = Call(network)
        assert network.said[1:] == ["sip:anonymous@hidden.invalid"]
        assert uris(call.ok)[0] == "sip:alice@example.com"
        call.from_alice("ACK", 1)


def test_without_restoring_nothing_comes_back() -> None:
    with scene(FROM, AUTO + 'restore_mode = "none"\n') as network:
        call = Call(network)
        assert uris(call.invite)[0] == "sip:anonymous@hidden.invalid"
        assert uris(call.ok)[0] == "sip:anonymous@hidden.invalid"
        assert "vsf=" not in call.invite.record_routes[0].text
        assert uris(call.from_bob("BYE", 2))[1] == "sip:anonymous@hidden.invalid"


def test_restoring_by_the_script() -> None:
    settings = AUTO + 'restore_mode = "manual"\nrr_from_store_param = "sf"\n'
    later = 'KSR.info("restore " .. KSR.uac.uac_restore_from() .. " " .. KSR.uac.uac_restore_to())'
    with scene(FROM, settings, later=later) as network:
        call = Call(network)
        assert uris(call.ok)[0] == "sip:alice@example.com"
        assert ";sf=" in call.invite.record_routes[0].text
        bye = call.from_bob("BYE", 2)
        assert uris(bye)[1] == "sip:alice@example.com"
        assert uris(reply_of(call.bob, call.alice, bye)) == uris(call.invite)[::-1]
        assert network.said[1:] == ["restore 1 -1"]


def test_restoring_what_is_restored_already() -> None:
    with scene(FROM, later='KSR.info("restore " .. KSR.uac.uac_restore_from())') as network:
        call = Call(network)
        assert uris(call.from_bob("BYE", 2))[1] == "sip:alice@example.com"
        assert network.said[1:] == ["restore 1"]


def test_an_altered_uri_is_left_alone() -> None:
    with scene(FROM) as network:
        call = Call(network)
        text = call.bob.request(
            "BYE",
            call.alice.uri,
            *[f"Route: {route.text}" for route in call.invite.record_routes],
            to="sip:someone-quite-different@a-long-host-name.example.org",
            to_tag="alice-tag",
            from_tag="bob-to",
            call_id=call.invite.call_id,
        )
        call.bob.send(text)
        assert (
            call.alice.requests()[-1].to.uri_text
            == "sip:someone-quite-different@a-long-host-name.example.org"
        )
        assert "is not restored" in network.log.text()


def test_a_later_branch_may_replace_anew() -> None:
    """Serial forking: the failure route calls another trunk under another name."""
    script = """
    function ksr_request_route()
      if KSR.siputils.has_totag() > 0 then KSR.rr.loose_route() KSR.tm.t_relay() return end
      KSR.rr.record_route()
      KSR.uac.uac_replace_from_uri("sip:first@one")
      KSR.info("again " .. KSR.uac.uac_replace_from_uri("sip:second@one"))
      KSR.tm.t_on_failure("ksr_failed")
      KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
      KSR.tm.t_relay()
    end
    function ksr_failed()
      KSR.info("failed " .. KSR.uac.uac_replace_from_uri("sip:third@three.example.net"))
      KSR.pv.sets("$ru", "sip:bob@10.0.0.4")
      KSR.tm.t_relay()
    end
    """
    with Scene(script, AUTO) as network:
        alice, bob, carol = network.phone("alice"), network.phone("bob"), network.phone("carol")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        first = bob.requests()[0]
        assert first.from_.uri_text == "sip:first@one"
        bob.answer(first, 503)
        [second] = carol.requests()
        assert second.from_.uri_text == "sip:third@three.example.net"
        assert second.record_routes[0].text.count("vsf=") == 1
        carol.answer(second, 200)
        [ok] = [m for m in alice.messages if isinstance(m, Response) and m.status == 200]
        assert ok.from_.uri_text == "sip:alice@example.com"
        carol.send(
            carol.request(
                "BYE",
                alice.uri,
                f"Route: {second.record_routes[0].text}",
                to=second.from_.uri_text,
                to_tag="alice-tag",
                from_tag="carol-to",
                call_id=second.call_id,
            )
        )
        assert alice.requests()[-1].to.uri_text == "sip:alice@example.com"
        assert network.said == ["again -1", "failed 1"]


def test_each_branch_may_have_its_own_from() -> None:
    script = """
    function ksr_request_route()
      KSR.rr.record_route()
      KSR.corex.append_branch_uri("sip:carol@10.0.0.4")
      KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
      KSR.tm.t_on_branch("ksr_branch")
      KSR.tm.t_relay()
    end
    function ksr_branch()
      KSR.uac.uac_replace_from_uri("sip:branch" .. KSR.pv.get("$T_branch_idx") .. "@example.net")
    end
    """
    with Scene(script, AUTO) as network:
        alice, bob, carol = network.phone("alice"), network.phone("bob"), network.phone("carol")
        alice.send(alice.request("INVITE", "sip:both@example.com"))
        for number, phone in enumerate((bob, carol)):
            [invite] = phone.requests()
            assert invite.from_.uri_text == f"sip:branch{number}@example.net"
            assert invite.record_routes[0].text.count("vsf=") == 1
            phone.answer(invite, 180)
            if phone is carol:
                carol.answer(invite, 200)
        answers = [message for message in alice.messages if message.from_.uri_text == "sip:alice@example.com"]
        assert [message.status for message in answers if isinstance(message, Response)] == [
            100,
            180,
            180,
            200,
        ]
        [cancel] = [request for request in bob.requests() if request.method == "CANCEL"]
        assert cancel.from_.uri_text == "sip:branch0@example.net"
        bob.answer(cancel, 200)
