"""uac_req_send: the request on the wire, credentials for a challenge, the callback for replies."""

from luasip.sip.digest import compute_ha1, parse_credentials, response_matches
from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
function ksr_request_route()
  local req = function(name, value) assert(KSR.pv.sets("$uac_req(" .. name .. ")", value)) end
  local number = function(name, value) assert(KSR.pv.seti("$uac_req(" .. name .. ")", value)) end
  req("method", "MESSAGE")
  req("ruri", "sip:bob@10.0.0.3%s")
  %s
  KSR.info("send " .. KSR.uac.uac_req_send())
  KSR.sl.sl_send_reply(200, "OK")
end
function ksr_uac(event)
  local get = function(name) return tostring(KSR.pv.get(name)) end
  KSR.info(event .. " " .. get("$uac_req(evcode)") .. " " .. get("$uac_req(evtype)") .. " "
    .. get("$uac_req(evparam)") .. " " .. get("$hdr(X-Answer)"))
end
"""
CALLBACK = '[modules.uac]\nevent_callback = "ksr_uac"\n'
CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n1", algorithm={}, qop="auth,auth-int"'


def begin(scene: Scene, protocol: str = "udp") -> tuple[Phone, Phone]:
    alice, bob = scene.phone("alice"), scene.phone("bob", protocol)
    alice.send(alice.request("OPTIONS", "sip:x@example.com"))
    assert alice.statuses() == [200]
    assert scene.said[0] == "send 1"
    return alice, bob


def answers(request: Request, password: str, header: str = "authorization") -> bool:
    """Whether the request has credentials of user "me" with this password."""
    line = request.first(header)
    assert line is not None
    credentials = parse_credentials(line.value)
    ha1 = compute_ha1("me", credentials.realm, password, credentials.algorithm)
    return credentials.uri == request.request_uri and response_matches(ha1, request.method, credentials)


def test_a_request_in_every_detail() -> None:
    fields = """
      req("furi", "sip:us@example.com")  req("turi", "sip:them@example.net")
      req("ftag", "f1")  req("ttag", "t1")  req("callid", "my-call")  number("cseqno", 77)
      req("hdrs", "X-A: 1\\r\\nUser-Agent: mine\\r\\n")  req("body", "hello")
    """
    with Scene(SCRIPT % ("", fields), CALLBACK) as scene:
        _, bob = begin(scene)
        [request] = bob.requests()
        assert (request.method, request.request_uri, request.body) == ("MESSAGE", "sip:bob@10.0.0.3", "hello")
        assert (request.from_.uri_text, request.from_.tag) == ("sip:us@example.com", "f1")
        assert (request.to.uri_text, request.to.tag) == ("sip:them@example.net", "t1")
        assert (request.call_id, request.cseq.number, request.max_forwards) == ("my-call", 77, 70)
        assert [line.value for line in request.all("user-agent")] == ["mine"]
        assert request.required("x-a").value == "1"
        bob.answer(request, 200)
        assert scene.said == ["send 1"]


def test_defaults_and_the_next_hop() -> None:
    elsewhere = SCRIPT.replace("10.0.0.3", "nowhere.invalid")
    with Scene(elsewhere % ("", 'req("ouri", "sip:10.0.0.3")'), CALLBACK) as scene:
        _, bob = begin(scene)
        [request] = bob.requests()
        assert request.request_uri == "sip:bob@nowhere.invalid"
        assert request.from_.uri_text == request.to.uri_text == "sip:bob@nowhere.invalid"
        assert request.from_.tag
        assert not request.to.tag
        assert request.user_agent == "LuaSIP"
        scene.advance(0.6)
        assert len(bob.requests()) == 1
        bob.answer(request, 404)


def test_over_tcp() -> None:
    with Scene(SCRIPT % (";transport=tcp", ""), CALLBACK) as scene:
        _, bob = begin(scene, "tcp")
        [request] = bob.requests()
        assert request.top_via.transport == "TCP"
        bob.answer(request, 200)


def test_the_socket_decides_the_transport_where_the_uri_does_not() -> None:
    with Scene(SCRIPT % ("", 'req("sock", "tcp:10.0.0.1:5060")'), CALLBACK) as scene:
        _, bob = begin(scene, "tcp")
        [request] = bob.requests()
        bob.answer(request, 200)


def test_default_socket_and_a_socket_that_is_none() -> None:
    settings = '[modules.uac]\ndefault_socket = "udp:10.0.0.1:5061"\n'
    listen = ("udp:10.0.0.1:5060", "udp:10.0.0.1:5061")
    with Scene(SCRIPT % ("", ""), settings, listen) as scene:
        _, bob = begin(scene)
        [request] = bob.requests()
        assert request.top_via.port == 5061
        bob.answer(request, 200)
    with Scene(SCRIPT % ("", 'req("sock", "udp:192.0.2.1:5060")'), CALLBACK) as scene:
        _, bob = begin(scene)
        bob.answer(bob.requests()[0], 200)
        assert "no socket of this server" in scene.log.text()


def test_the_callback_hears_of_the_final_reply() -> None:
    fields = 'number("evroute", 1)  req("evparam", "p1")'
    with Scene(SCRIPT % ("", fields), CALLBACK) as scene:
        _, bob = begin(scene)
        [request] = bob.requests()
        bob.answer(request, 180)
        assert scene.said == ["send 1"]
        bob.answer(request, 202, "Accepted", "X-Answer: yes")
        assert scene.said[1:] == ["uac:reply 202 1 p1 yes"]


def test_the_callback_hears_that_nobody_answers() -> None:
    with Scene(SCRIPT % ("", 'number("evroute", 1)'), CALLBACK) as scene:
        begin(scene)
        scene.advance(40)
        assert scene.said[1:] == ["uac:reply 408 2 nil nil"]


def test_the_callback_hears_that_it_leads_nowhere() -> None:
    with Scene(SCRIPT % (";transport=sctp", 'number("evroute", 1)'), CALLBACK) as scene:
        begin(scene)
        assert scene.said[1:] == ["uac:reply 478 2 nil nil"]


def test_the_callback_for_failures_only() -> None:
    for status, said in ((200, []), (486, ["uac:reply 486 1 nil nil"])):
        with Scene(SCRIPT % ("", 'number("evroute", 2)'), CALLBACK) as scene:
            _, bob = begin(scene)
            bob.answer(bob.requests()[0], status)
            assert scene.said[1:] == said


def test_dropped_by_the_script() -> None:
    script = SCRIPT % ("", 'number("evroute", 1)') + "function ksr_local(event) KSR.set_drop() end"
    with Scene(script, CALLBACK + '[modules.tm]\nevent_callback = "ksr_local"\n') as scene:
        _, bob = begin(scene)
        assert bob.requests() == []
        assert scene.said[1:] == ["uac:reply 477 2 nil nil"]


def test_a_challenge_is_answered_and_told() -> None:
    fields = 'req("auser", "me")  req("apasswd", "secret")  number("evroute", 1)  req("body", "hi")'
    with Scene(SCRIPT % ("", fields), CALLBACK) as scene:
        _, bob = begin(scene)
        [first] = bob.requests()
        bob.answer(first, 401, "Unauthorized", CHALLENGE.format("SHA-256"))
        [second] = bob.requests()
        assert answers(second, "secret")
        assert (second.call_id, second.from_.tag, second.body) == (first.call_id, first.from_.tag, "hi")
        assert second.cseq.number == first.cseq.number + 1
        assert second.top_via.branch != first.top_via.branch
        bob.answer(second, 200)
        assert scene.said[1:] == ["uac:reply 401 1 nil nil", "uac:reply 200 1 nil nil"]


def test_a_challenge_is_answered_once() -> None:
    fields = 'req("auser", "me")  req("apasswd", "wrong")  number("evroute", 2)'
    with Scene(SCRIPT % ("", fields), CALLBACK) as scene:
        _, bob = begin(scene)
        bob.answer(bob.requests()[0], 407, "X", CHALLENGE.format("MD5").replace("WWW", "Proxy"))
        [second] = bob.requests()
        assert answers(second, "wrong", "proxy-authorization")
        bob.answer(second, 407, "X", CHALLENGE.format("MD5").replace("WWW", "Proxy"))
        assert bob.requests() == []
        assert scene.said[1:] == ["uac:reply 407 1 nil nil"]


def test_the_password_may_be_ha1() -> None:
    ha1 = compute_ha1("me", "r", "secret", "SHA-256")
    fields = f'req("auser", "me")  req("apasswd", "{ha1}")  number("flags", 1)'
    with Scene(SCRIPT % ("", fields), CALLBACK) as scene:
        _, bob = begin(scene)
        both = f"{CHALLENGE.format('MD5')}\r\n{CHALLENGE.format('SHA-256')}"
        bob.answer(bob.requests()[0], 401, "X", both)
        [second] = bob.requests()
        assert answers(second, "secret")
        bob.answer(second, 200)


def test_an_invite_is_acknowledged_and_told_once() -> None:
    with Scene(SCRIPT.replace("MESSAGE", "INVITE") % ("", 'number("evroute", 1)'), CALLBACK) as scene:
        _, bob = begin(scene)
        [invite] = bob.requests()
        for _ in range(2):
            bob.answer(invite, 200)
        assert [request.method for request in bob.requests()] == ["ACK", "ACK"]
        assert scene.said[1:] == ["uac:reply 200 1 nil nil"]


def test_values_belong_to_one_run_and_reach_its_failure_route() -> None:
    script = """
    function ksr_request_route()
      KSR.info("before " .. tostring(KSR.pv.get("$uac_req(ruri)")))
      KSR.pv.sets("$uac_req(method)", "INFO")
      KSR.pv.sets("$uac_req(ruri)", "sip:10.0.0.3")
      KSR.tm.t_on_failure("ksr_failed")
      KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
      KSR.tm.t_relay()
    end
    function ksr_failed() KSR.info("failed " .. KSR.uac.uac_req_send()) end
    """
    with Scene(script, "[modules.uac]") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        for cseq in (1, 2):
            alice.send(alice.request("MESSAGE", "sip:x@example.com", cseq=cseq))
            bob.answer(bob.requests()[0], 500)
            [info] = bob.requests()
            assert info.method == "INFO"
            bob.answer(info, 200)
        assert scene.said == ["before nil", "failed 1"] * 2
