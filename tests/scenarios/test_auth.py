"""Passwords on the default script, with users in SQLite: challenge, wrong password, stale nonce, calls."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from luasip.server.services import ServerServices
from luasip.sip.digest import Credentials, compute_ha1, compute_response, parse_challenge
from luasip.sip.message import Response
from luasip.storage import Databases
from luasip.storage.tables import subscriber_table
from tests.scenarios.scene import Phone, Scene
from tests.scenarios.test_default_script import DEFAULT

REALM = "example.com"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[str]:
    """A subscriber table with alice and bob."""
    url = f"sqlite:///{tmp_path}/users.db"
    databases = Databases()
    database = databases.open(url)
    database.create_table(subscriber_table("subscriber"))
    for user in ("alice", "bob"):
        ha1 = compute_ha1(user, REALM, f"{user}-password")
        database.execute_positional(
            "insert into subscriber (username, domain, ha1) values (?, ?, ?)", [user, REALM, ha1]
        )
    yield f'[modules.auth_db]\ndb_url = "{url}"\n'
    databases.close()


def answer(phone: Phone, challenge: Response, method: str, uri: str, password: str = "") -> str:
    """The header line with which a phone answers a challenge."""
    asked = challenge.first("proxy-authenticate") or challenge.first("www-authenticate")
    assert asked is not None
    name = "Authorization" if challenge.status == 401 else "Proxy-Authorization"
    given = parse_challenge(asked.value)
    assert given.realm == REALM
    params = {
        "username": phone.name,
        "realm": given.realm,
        "nonce": given.nonce,
        "uri": uri,
        "algorithm": given.algorithm,
    }
    if given.qop:
        params |= {"qop": "auth", "nc": "00000001", "cnonce": "c1"}
    ha1 = compute_ha1(phone.name, REALM, password or f"{phone.name}-password")
    params["response"] = compute_response(ha1, method, Credentials("Digest", params, ""))
    return f"{name}: Digest " + ", ".join(f'{key}="{value}"' for key, value in params.items())


def register(phone: Phone, cseq: int = 1, *headers: str) -> Response:
    """The answer to a REGISTER."""
    fields = {"to": f"sip:{phone.name}@{REALM}", "call_id": f"register-{phone.name}", "cseq": cseq}
    phone.send(phone.request("REGISTER", f"sip:{REALM}", *headers, **fields))
    found = [message for message in phone.unread if isinstance(message, Response)]
    phone.statuses()
    return found[-1]


def registered(phone: Phone) -> str:
    """Register a phone; gives the credentials it used."""
    header = answer(phone, register(phone), "REGISTER", f"sip:{REALM}")
    assert register(phone, 2, header).status == 200
    return header


def test_registration(settings: str) -> None:
    with Scene(DEFAULT, settings) as scene:
        alice = scene.phone("alice")
        challenge = register(alice)
        assert challenge.status == 401
        assert "stale" not in challenge.text
        assert register(alice, 2, answer(alice, challenge, "REGISTER", f"sip:{REALM}")).status == 200


def test_strangers_cannot_tell_users_from_others(settings: str) -> None:
    with Scene(DEFAULT, settings) as scene:
        answers = []
        for name in ("alice", "nobody"):
            phone = scene.phone(name, host="198.51.100.2" if name == "alice" else "198.51.100.3")
            wrong = answer(phone, register(phone), "REGISTER", f"sip:{REALM}", password="guess")
            answers.append(register(phone, 2, wrong))
        seen = [(a.status, a.reason, [line.name for line in a.headers]) for a in answers]
        assert seen[0] == seen[1]
        assert seen[0][:2] == (401, "Unauthorized")
        assert all(a.first("contact") is None for a in answers)


def test_stale_nonce(settings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerServices, "wall_clock", lambda services: 1_800_000_000.0 + services.now())
    with Scene(DEFAULT, settings) as scene:
        alice = scene.phone("alice")
        header = registered(alice)
        scene.advance(301)
        again = register(alice, 3, header)
        assert again.status == 401
        assert "stale=true" in again.text
        assert register(alice, 4, answer(alice, again, "REGISTER", f"sip:{REALM}")).status == 200


def test_guesser_gets_nowhere_while_the_phone_goes_on(settings: str) -> None:
    with Scene(DEFAULT, settings + "[modules.pike]\nreqs_density_per_unit = 1000\n") as scene:
        alice = scene.phone("alice")
        registered(alice)
        for name, host in (("alice", "198.51.100.66"), ("nobody", "198.51.100.67")):
            guesser = scene.phone(name, host=host)
            for number in range(30):
                wrong = answer(guesser, register(guesser), "REGISTER", f"sip:{REALM}", f"guess-{number}")
                assert register(guesser, 2, wrong).status == 401
            right = answer(guesser, register(guesser), "REGISTER", f"sip:{REALM}")
            refused = register(guesser, 3, right)
            assert (refused.status, "stale" in refused.text) == (401, False)
        registered(alice)
        assert scene.log.text(30).count("waiting begins") == 2


def test_uri_of_credentials_must_be_the_request_uri(settings: str) -> None:
    with Scene(DEFAULT, settings) as scene:
        alice = scene.phone("alice")
        assert (
            register(alice, 2, answer(alice, register(alice), "REGISTER", "sip:other@example.com")).status
            == 401
        )


def test_credentials_of_one_user_register_no_other(settings: str) -> None:
    with Scene(DEFAULT, settings) as scene:
        alice = scene.phone("alice")
        header = answer(alice, register(alice), "REGISTER", f"sip:{REALM}")
        fields = {"to": f"sip:bob@{REALM}", "call_id": "other", "from_uri": f"sip:bob@{REALM}"}
        alice.send(alice.request("REGISTER", f"sip:{REALM}", header, **fields))
        assert alice.statuses() == [401]


def test_call(settings: str) -> None:
    with Scene(DEFAULT, settings) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        registered(bob)
        uri = f"sip:bob@{REALM}"
        first = alice.request("INVITE", uri)
        alice.send(first)
        challenge = alice.messages[-1]
        assert isinstance(challenge, Response)
        assert alice.statuses()[-1] == 407
        alice.send(alice.ack(first, challenge))
        invite = alice.request("INVITE", uri, answer(alice, challenge, "INVITE", uri), cseq=2)
        alice.send(invite)
        [received] = bob.requests()
        assert received.first("proxy-authorization") is None
        bob.answer(received, 200, "OK")
        assert alice.next().status == 100
        alice.send(alice.ack(invite, alice.next(), bob.uri))
        assert [request.method for request in bob.requests()] == ["ACK"]


def test_who_may_be_called(settings: str) -> None:
    with Scene(DEFAULT, settings) as scene:
        alice, other = scene.phone("alice"), scene.phone("other")
        stranger = "sip:stranger@elsewhere.example"
        uris = ["sip:bob@example.com", "sip:carol@example.com", "sip:x@elsewhere.example"]
        for number, uri in enumerate(uris):
            other.send(other.request("MESSAGE", uri, from_uri=stranger, call_id=f"stranger-{number}"))
        assert other.statuses() == [404, 404, 403]
        assert [asked(alice, uri) for uri in uris[:2]] == [480, 404]


def asked(phone: Phone, uri: str) -> int:
    """The answer to a MESSAGE with credentials, 0 for none yet."""
    phone.send(phone.request("MESSAGE", uri, call_id=uri))
    challenge = phone.messages[-1]
    assert isinstance(challenge, Response)
    phone.statuses()
    phone.send(phone.request("MESSAGE", uri, answer(phone, challenge, "MESSAGE", uri), call_id=uri, cseq=2))
    return phone.statuses()[-1] if phone.unread else 0


def test_user_may_reach_other_domains(settings: str) -> None:
    with Scene(DEFAULT, settings) as scene:
        alice, other = scene.phone("alice"), scene.phone("other")
        assert asked(alice, other.uri) == 0
        [message] = other.requests()
        assert message.first("proxy-authorization") is None
        other.answer(message, 200, "OK")
        assert alice.statuses() == [200]


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE", "NONSENSE", "REGISTER"])
@pytest.mark.parametrize("sender", ["own", "stranger"])
def test_nobody_finds_out_who_our_users_are(settings: str, method: str, sender: str) -> None:
    """Users there are, not registered, and users there are not: no difference in any answer."""
    with Scene(DEFAULT, settings) as scene:
        seen = []
        for name in ("bob", "nobody"):
            phone = scene.phone("x")
            uri = f"sip:{name}@{REALM}"
            target = f"sip:{REALM}" if method == "REGISTER" else uri
            fields = {
                "to": uri,
                "from_uri": uri if sender == "own" else "sip:x@elsewhere.example",
                "call_id": "c",
            }
            phone.send(phone.request(method, target, **fields))
            [answered] = [message for message in phone.unread if isinstance(message, Response)]
            seen.append((answered.status, answered.reason, [line.name for line in answered.headers]))
            phone.statuses()
        assert seen[0] == seen[1]


def test_private_server_lets_nobody_in_but_its_users(settings: str) -> None:
    with Scene(DEFAULT, f"[define]\nPRIVATE = true\n{settings}") as scene:
        bob, other = scene.phone("bob"), scene.phone("other")
        registered(bob)
        for method in ("INVITE", "OPTIONS", "MESSAGE"):
            stranger = other.request(
                method, f"sip:bob@{REALM}", from_uri="sip:x@elsewhere.example", call_id=method
            )
            other.send(stranger)
            assert other.statuses() == [407]
        assert bob.unread == []


@pytest.mark.parametrize("method", ["ACK", "PRACK", "CANCEL", "BYE", "OPTIONS", "INVITE"])
def test_nobody_is_forwarded_to_other_domains_as_one_of_our_users(settings: str, method: str) -> None:
    """ACK, PRACK and CANCEL cannot be asked for a password."""
    with Scene(DEFAULT, settings) as scene:
        stranger, other = scene.phone("alice"), scene.phone("other")
        stranger.send(stranger.request(method, other.uri))
        assert other.unread == []
        assert stranger.statuses() == (
            [] if method == "ACK" else [407 if method in ("OPTIONS", "INVITE") else 481]
        )


def test_register_for_others_is_refused_at_once(settings: str) -> None:
    with Scene(DEFAULT, settings) as scene:
        alice = scene.phone("alice")
        for target, to in (
            ("sip:elsewhere.example", f"sip:alice@{REALM}"),
            (f"sip:{REALM}", "sip:a@elsewhere.example"),
        ):
            alice.send(alice.request("REGISTER", target, to=to, call_id=target))
            assert alice.statuses() == [403]


STRIKES = '[modules.htable]\nhtable = ["ipban=>size=8;autoexpire=300;", "ipstrikes=>size=8;autoexpire=60;initval=0;"]\n'


def test_who_is_refused_again_and_again_is_ignored(settings: str) -> None:
    with Scene(DEFAULT, settings + STRIKES) as scene:
        alice, scanner = scene.phone("alice"), scene.phone("scanner")
        answered = 0
        for number in range(60):
            uri, sender = f"sip:{number}@{REALM}", "sip:x@elsewhere.example"
            scanner.send(scanner.request("MESSAGE", uri, from_uri=sender, call_id=f"scan-{number}"))
            answered += len(scanner.statuses())
            scene.advance(0.5)
        assert answered == 31
        assert scene.log.text(30).count("refused too often") == 1
        registered(alice)
