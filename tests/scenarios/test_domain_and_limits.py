"""domain, ratelimit and pipelimit in a whole server: domains that are the server's own, and requests over the limit."""

from pathlib import Path

from luasip.storage import Databases
from luasip.storage.tables import domain_table
from tests.scenarios.scene import Scene
from tests.scenarios.test_default_script import DEFAULT


def database(folder: Path, *domains: str) -> str:
    """A database URL; its domains are these."""
    url = f"sqlite:///{folder}/domains.db"
    databases = Databases()
    databases.open(url).create_table(domain_table("domain", {}))
    for domain in domains:
        databases.open(url).execute_positional("insert into domain (domain) values (?)", [domain])
    databases.close()
    return url


def test_domains_of_a_database_are_the_servers_own(tmp_path: Path) -> None:
    url = database(tmp_path, "Second.example")
    with Scene(DEFAULT, f'[modules.domain]\ndb_url = "{url}"\nregister_myself = 1\n') as scene:
        bob, alice = scene.phone("bob"), scene.phone("alice")
        bob.send(
            bob.request("REGISTER", "sip:second.example", to="sip:bob@second.example", call_id="register")
        )
        assert bob.statuses() == [200]
        alice.send(alice.request("MESSAGE", "sip:bob@second.EXAMPLE"))
        [message] = bob.requests()
        bob.answer(message, 200, "OK")
        alice.send(alice.request("MESSAGE", "sip:bob@third.example", call_id="other"))
        assert alice.statuses() == [200, 403]


ATTRIBUTES = """
function ksr_request_route()
    local known = KSR.domain.lookup_domain_prefix(KSR.kx.get_rhost(), "to_")
    KSR.sl.send_reply(known > 0 and 200 or 404, KSR.pv.gete("$avp(to_did)") .. "|" .. KSR.domain.is_uri_host_local())
end
"""


def test_domains_in_a_script(tmp_path: Path) -> None:
    url = database(tmp_path, "second.example")
    with Scene(ATTRIBUTES, f'[modules.domain]\ndb_url = "{url}"\n') as scene:
        alice = scene.phone("alice")
        for number, domain in enumerate(("second.example", "example.com")):
            alice.send(alice.request("OPTIONS", f"sip:{domain}", call_id=f"c{number}"))
        answers = [alice.next() for _ in range(2)]
        assert [(one.status, one.reason) for one in answers] == [(200, "second.example|1"), (404, "|-1")]


LIMITS = """
function ksr_request_route()
    if KSR.ratelimit.rl_check() < 0 then
        KSR.pipelimit.pl_drop_retry(7)
        return
    end
    if KSR.pipelimit.pl_check_limit(KSR.kx.get_srcip(), "TAILDROP", 2) < 0 then
        KSR.pipelimit.pl_drop()
        return
    end
    KSR.sl.send_reply(200, "OK")
end
"""


def test_requests_over_the_limit() -> None:
    settings = '[modules.ratelimit]\ntimer_interval = 2\npipe = ["0:TAILDROP:2"]\nqueue = ["0:*"]\n'
    with Scene(LIMITS, f"{settings}[modules.pipelimit]\ntimer_interval = 2\n") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        for number in range(3):
            alice.send(alice.request("OPTIONS", "sip:example.com", call_id=f"a{number}"))
            bob.send(bob.request("OPTIONS", "sip:example.com", call_id=f"b{number}"))
        answers = [alice.next() for _ in range(3)]
        assert [one.status for one in answers] == [200, 200, 503]
        assert "Retry-After: 7" in answers[2].text
        assert bob.statuses() == [200, 200, 503]
        scene.advance(2.1)
        alice.send(alice.request("OPTIONS", "sip:example.com", call_id="later"))
        assert alice.statuses() == [200]
