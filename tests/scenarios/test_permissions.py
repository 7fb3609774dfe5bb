"""Who is let in, by address."""

from pathlib import Path

import pytest

from luasip.storage import Databases
from tests.scenarios.scene import Scene

SCRIPT = """
function ksr_request_route()
  if KSR.permissions == nil then return KSR.sl.send_reply(501, "no permissions") end
  if KSR.is_method("MESSAGE") then
    if KSR.permissions.allow_trusted() < 0 then return KSR.sl.send_reply(403, "Not trusted") end
  elseif KSR.permissions.allow_source_address(1) < 0 then
    return KSR.sl.send_reply(403, "Forbidden")
  end
  KSR.sl.send_reply(200, KSR.pv.getw("$avp(tag)") .. " " .. KSR.permissions.allow_source_address_group())
end
"""


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """Addresses in a file, trusted peers in a database that is asked every time."""
    (tmp_path / "addresses").write_text("1 10.0.0.2 32 0 office\n2 10.0.0.0 24\n")
    url = f"sqlite:///{tmp_path}/trusted.db"
    databases = Databases()
    databases.open(url).execute(
        "create table trusted (id integer primary key, src_ip text, proto text, from_pattern text, ruri_pattern text,"
        " tag text, priority integer)"
    )
    databases.open(url).execute(
        "insert into trusted values (1, '10.0.0.3', 'udp', '^sip:bob@', null, 'bob', 0)"
    )
    databases.close()
    return (
        f'[modules.permissions]\naddress_file = "{tmp_path}/addresses"\ndb_url = "{url}"\n'
        'peer_tag_avp = "$avp(tag)"\n'
    )


def test_addresses_and_trusted_peers(settings: str) -> None:
    with Scene(SCRIPT, settings) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        answers = []
        for phone, method in ((alice, "OPTIONS"), (bob, "OPTIONS"), (alice, "MESSAGE"), (bob, "MESSAGE")):
            phone.send(phone.request(method, "sip:x@example.com", call_id=f"{phone.name}-{method}"))
            answers.append((phone.unread[-1].status, phone.unread[-1].reason))
        assert answers == [(200, "office 1"), (403, "Forbidden"), (403, "Not trusted"), (200, "bob 2")]


def test_it_is_loaded_only_when_named() -> None:
    with Scene(SCRIPT) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:x@example.com"))
        assert alice.statuses() == [501]
