"""Two servers: one registers at the other, which asks for a password; calls come back over that registration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.sip.digest import compute_ha1
from luasip.storage import Databases
from luasip.storage.tables import subscriber_table, uacreg_table
from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, wait_for

REALM = "them"

REGISTRAR = """
function ksr_request_route()
  if KSR.is_REGISTER() then
    if KSR.auth_db.auth_check("them", "subscriber", 1) < 0 then
      KSR.info("challenged")
      KSR.auth.auth_challenge("them", 1)
      return
    end
    KSR.info("saved for " .. KSR.kx.gete_au() .. " from " .. KSR.pv.get("$proto"))
    KSR.registrar.save("location", 0)
  elseif KSR.registrar.lookup("location") < 0 then
    KSR.sl.sl_send_reply(404, "Not Found")
  else
    KSR.tm.t_relay()
  end
end
"""

CLIENT = """
function ksr_request_route()
  local status = KSR.uac.uac_reg_status("line1")
  if KSR.kx.gete_ruser() == "line1" and KSR.uac.uac_reg_lookup("line1", "$ru") > 0 then
    KSR.hdr.append_to_reply("X-Local: " .. KSR.pv.get("$ru") .. "\\r\\n")
  end
  KSR.sl.sl_send_reply(200, "Status " .. status)
end
"""


def fill(url: str, table: Any, **values: Any) -> None:
    databases = Databases()
    database = databases.open(url)
    database.create_table(table)
    database.execute(table.insert(), values)
    databases.close()


@pytest.fixture
def registrar(tmp_path: Path) -> Iterator[Served]:
    url = f"sqlite:///{tmp_path}/users.db"
    ha1 = compute_ha1("4711", REALM, "secret")
    fill(url, subscriber_table("subscriber"), username="4711", domain=REALM, password="", ha1=ha1, ha1b="")
    settings = f'[modules.auth_db]\ndb_url = "{url}"\n[modules.registrar]\nmin_expires = 5\nmin_expires_mode = 1\n'
    with Served(tmp_path / "registrar", settings, REGISTRAR) as server:
        yield server
        assert not server.logged(" ERROR "), "".join(server.log)


def client(folder: Path, registrar: Served, password: str, transport: str, expires: int = 600) -> Served:
    """A server with one account at the registrar."""
    port = free_port()
    url = f"sqlite:///{folder}/accounts.db"
    target = f"127.0.0.1:{registrar.port}"
    fill(
        url,
        uacreg_table("uacreg"),
        l_uuid="line1",
        l_username="alice",
        l_domain="example.com",
        r_username="4711",
        r_domain=target,
        realm=REALM,
        auth_username="4711",
        auth_password=password,
        auth_proxy=f"sip:{target};transport={transport}",
        expires=expires,
    )
    settings = f"""
    [modules.uac]
    reg_db_url = "{url}"
    reg_contact_addr = "127.0.0.1:{port};transport={transport}"
    reg_timer_interval = 1
    """
    return Served(folder / "client", settings, CLIENT, port=port)


def status(server: Served) -> str:
    """What the client says about its registration."""
    with Peer(server.address) as peer:
        return peer.ask(peer.request("OPTIONS", "someone")).reason


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_registered_with_a_password(tmp_path: Path, registrar: Served, transport: str) -> None:
    with client(tmp_path, registrar, "secret", transport) as server:
        wait_for(lambda: registrar.logged(f"saved for 4711 from {transport}"), "the registration")
        wait_for(lambda: status(server) == "Status 1", "its answer")
        with Peer(registrar.address) as peer:
            answer = peer.ask(peer.request("OPTIONS", "4711"))
        assert (answer.status, answer.reason) == (200, "Status 1")
        assert answer.required("x-local").value == "sip:alice@example.com"
        assert not server.logged(" ERROR "), "".join(server.log)


def test_a_longer_time_is_asked_for_and_renewed_before_it_ends(tmp_path: Path, registrar: Served) -> None:
    """3 s are too brief (423), 5 s are granted, and what ends within a timer's interval and 3 s is renewed."""
    with client(tmp_path, registrar, "secret", "udp", expires=3) as server:
        wait_for(lambda: sum("saved for" in line for line in registrar.log) >= 3, "two renewals")
        assert status(server) == "Status 1"
        assert not server.logged(" ERROR "), "".join(server.log)


def test_refused(tmp_path: Path, registrar: Served) -> None:
    with client(tmp_path, registrar, "wrong", "udp") as server:
        wait_for(lambda: server.logged("its credentials are refused"), "the refusal")
        assert status(server) == "Status -3"
        assert not registrar.logged("saved for")
