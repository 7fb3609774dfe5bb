"""uac_auth in a failure route: a trunk challenges what is forwarded to it, and gets the server's credentials."""

import pytest

from luasip.sip.digest import Credentials, compute_ha1, parse_credentials, response_matches
from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
function ksr_request_route()
  KSR.rr.record_route()
  if KSR.is_method("ACK") or KSR.is_method("CANCEL") then KSR.tm.t_relay() return end
  %s
  KSR.tm.t_on_failure("ksr_failed")
  KSR.pv.sets("$ru", "sip:bob@trunk.example.net")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_failed()
  local code = KSR.uac.%s
  KSR.info("auth " .. code .. " " .. tostring(KSR.pv.get("$ru")))
  if code > 0 then
    KSR.tm.t_on_failure("ksr_failed")
    KSR.tm.t_relay()
  end
end
"""
CREDENTIAL = '[modules.uac]\ncredential = ["us:other:no", "us:trunk:secret"]\n'
VARIABLES = """[modules.uac]
auth_realm_avp = "$avp(realm)"
auth_username_avp = "$avp(user)"
auth_password_avp = "$avp(password)"
credential = "us:trunk:other"
"""
CHALLENGE = 'Digest realm="{realm}", nonce="n1"{rest}'


def credentials_of(request: Request, header: str = "proxy-authorization") -> Credentials:
    [line] = request.all(header)
    return parse_credentials(line.value)


def proves(request: Request, credentials: Credentials, password: str) -> bool:
    ha1 = compute_ha1(
        credentials.username,
        credentials.realm,
        password,
        credentials.algorithm,
        credentials.nonce,
        credentials.cnonce,
    )
    assert credentials.uri == request.request_uri
    return response_matches(ha1, request.method, credentials, request.body)


def challenged(
    scene: Scene, method: str = "INVITE", status: int = 407, realm: str = "trunk", rest: str = ', qop="auth"'
) -> tuple[Phone, Phone, list[Request]]:
    """alice calls, the trunk challenges; the phones and what the trunk got after that."""
    alice, trunk = scene.phone("alice"), scene.phone("trunk")
    alice.send(alice.request(method, "sip:bob@example.com", body="v=0\r\n"))
    first = trunk.requests()[0]
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    trunk.answer(first, status, "Who?", f"{name}: {CHALLENGE.format(realm=realm, rest=rest)}")
    return alice, trunk, [request for request in trunk.requests() if request.method != "ACK"]


@pytest.mark.parametrize(
    ("status", "rest"),
    [
        (407, ""),
        (407, ', qop="auth"'),
        (401, ', algorithm=SHA-256, qop="auth,auth-int", opaque="xyz"'),
        (407, ', algorithm=MD5-sess, qop="auth-int"'),
    ],
)
def test_the_call_goes_through(status: int, rest: str) -> None:
    with Scene(SCRIPT % ("", "uac_auth()"), CREDENTIAL) as scene:
        alice, trunk, [second] = challenged(scene, status=status, rest=rest)
        credentials = credentials_of(second, "authorization" if status == 401 else "proxy-authorization")
        assert credentials.username == "us"
        assert proves(second, credentials, "secret")
        assert credentials.opaque == ("xyz" if "xyz" in rest else "")
        assert credentials.nonce_count == ("00000001" if "qop" in rest else "")
        assert (second.request_uri, second.cseq.number) == ("sip:bob@trunk.example.net", 1)
        assert len(second.record_routes) == 1
        trunk.answer(second, 200)
        statuses = alice.statuses()
        assert statuses[-1] == 200
        assert 407 not in statuses
        assert scene.said == ["auth 1 sip:bob@trunk.example.net"]


def test_wrong_credentials_go_back_to_the_caller() -> None:
    with Scene(SCRIPT % ("", "uac_auth()"), CREDENTIAL) as scene:
        alice, trunk, [second] = challenged(scene, "MESSAGE")
        assert scene.said == ["auth 1 sip:bob@trunk.example.net"]
        trunk.answer(second, 403)
        assert alice.statuses() == [403]
        assert scene.said[1:] == ["auth -1 sip:bob@trunk.example.net"]


def test_no_credentials_for_the_realm() -> None:
    with Scene(SCRIPT % ("", "uac_auth()"), CREDENTIAL) as scene:
        alice, _, again = challenged(scene, "MESSAGE", realm="unknown")
        assert again == []
        assert alice.statuses() == [407]
        assert scene.said == ["auth -1 sip:bob@trunk.example.net"]


@pytest.mark.parametrize("realm", ["trunk", ""])
def test_credentials_of_variables_go_first(realm: str) -> None:
    setting = f"""
      KSR.pv.sets("$avp(realm)", "{realm}")
      KSR.pv.sets("$avp(user)", "me")  KSR.pv.sets("$avp(password)", "mine")
    """
    with Scene(SCRIPT % (setting, "uac_auth()"), VARIABLES) as scene:
        _, trunk, [second] = challenged(scene, "MESSAGE")
        credentials = credentials_of(second)
        assert credentials.username == "me"
        assert proves(second, credentials, "mine")
        trunk.answer(second, 200)


@pytest.mark.parametrize(
    "setting", ["", 'KSR.pv.sets("$avp(realm)", "another") KSR.pv.sets("$avp(user)", "me")']
)
def test_credentials_of_the_settings_where_variables_do_not_fit(setting: str) -> None:
    with Scene(SCRIPT % (setting, "uac_auth()"), VARIABLES) as scene:
        _, trunk, [second] = challenged(scene, "MESSAGE")
        assert proves(second, credentials_of(second), "other")
        trunk.answer(second, 200)


def test_the_password_may_be_ha1() -> None:
    ha1 = compute_ha1("us", "trunk", "secret")
    settings = f'[modules.uac]\ncredential = "us:trunk:{ha1.upper()}"\n'
    with Scene(SCRIPT % ("", "uac_auth_mode(1)"), settings) as scene:
        _, trunk, [second] = challenged(scene, "MESSAGE")
        assert proves(second, credentials_of(second), "secret")
        trunk.answer(second, 200)


def test_nothing_to_answer_when_nobody_answered() -> None:
    with Scene(SCRIPT % ("", "uac_auth()"), CREDENTIAL) as scene:
        alice, trunk = scene.phone("alice"), scene.phone("trunk")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert trunk.requests()
        scene.advance(40)
        assert scene.said == ["auth -1 sip:bob@trunk.example.net"]
        assert 408 in alice.statuses()


def test_the_branch_that_was_challenged_is_tried_again() -> None:
    """Of two branches the second wins with its challenge; the request goes there again, by its own next hop."""
    script = """
    function ksr_request_route()
      KSR.tm.t_on_failure("ksr_failed")
      KSR.pv.sets("$ru", "sip:one@first.example.net")
      KSR.pv.sets("$du", "sip:10.0.0.3")
      KSR.corex.append_branch_uri("sip:two@second.example.net")
      KSR.pv.sets("$(branch(dst_uri)[0])", "sip:10.0.0.4")
      KSR.tm.t_relay()
    end
    function ksr_failed()
      KSR.info("auth " .. KSR.uac.uac_auth() .. " " .. KSR.pv.get("$ru") .. " " .. KSR.pv.get("$du"))
      KSR.tm.t_relay()
    end
    """
    with Scene(script, CREDENTIAL) as scene:
        alice, one, two = scene.phone("alice"), scene.phone("one"), scene.phone("two")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        one.answer(one.requests()[0], 404)
        two.answer(
            two.requests()[0], 407, "X", f"Proxy-Authenticate: {CHALLENGE.format(realm='trunk', rest='')}"
        )
        assert one.requests() == []
        [again] = two.requests()
        assert again.request_uri == "sip:two@second.example.net"
        assert proves(again, credentials_of(again), "secret")
        two.answer(again, 200)
        assert alice.statuses()[-1] == 200
        assert scene.said == ["auth 1 sip:two@second.example.net sip:10.0.0.4"]


def test_elsewhere_it_is_an_error() -> None:
    with Scene("function ksr_request_route() KSR.uac.uac_auth() end", CREDENTIAL) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:x@example.com"))
        assert alice.statuses() == [500]
        assert "uac_auth" in scene.log.text()
