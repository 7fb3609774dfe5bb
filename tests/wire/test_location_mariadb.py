"""usrloc, registrar and htable over a MariaDB server."""

from collections.abc import Iterator
from typing import Any

import pytest

from luasip.errors import StorageError
from luasip.modules.htable import Htable, HtableSettings
from luasip.modules.registrar import Registrar, RegistrarSettings
from luasip.modules.usrloc import Contact, LocationTable, Usrloc, UsrlocSettings
from luasip.modules.usrloc.contact import placed
from luasip.storage import Databases
from tests.bench import FakeServices, context, settle
from tests.modules.test_registrar import register
from tests.wire.mariadb import MariaDb


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    made = MariaDb(tmp_path_factory.mktemp("mariadb"))
    yield made
    made.stop()


@pytest.fixture
def services(server: MariaDb) -> Iterator[FakeServices]:
    databases = Databases()
    database = databases.open(server.url)
    for name in ("location", "htable"):
        database.execute(f"drop table if exists {name}")
    yield FakeServices(databases=databases)
    databases.close()


def usrloc(services: FakeServices, server: MariaDb, **settings: Any) -> Usrloc:
    module = Usrloc(UsrlocSettings(**{"db_url": server.url, "db_mode": 1, **settings}), services)
    module.start()
    return module


def location(module: Usrloc) -> LocationTable:
    table = module.table("location")
    assert table is not None
    return table


FIELDS = {
    "expires": 1_700_003_600,
    "q": 700,
    "call_id": "call\u00c3\u00bc@h",
    "cseq": 4294967295,
    "received": "sip:1.2.3.4:5060;transport=tcp",
    "path": "<sip:p;lr>,<sip:q;lr>",
    "cflags": 0x80000001,
    "user_agent": "phone \u00ff",
    "socket": "udp:127.0.0.1:5060",
    "methods": 0xFFFFFFFF,
    "instance": "<urn:uuid:1>",
    "reg_id": 3,
    "last_modified": 1_700_000_000,
}


@pytest.mark.parametrize("mode", [1, 2, 3])
@pytest.mark.parametrize("expires_type", [0, 1])
def test_contacts_come_back(services: FakeServices, server: MariaDb, mode: int, expires_type: int) -> None:
    settings = {"db_mode": mode, "use_domain": 1, "expires_type": expires_type}
    module = usrloc(services, server, **settings)
    written = Contact("alice@example.com", "ruid1", "sip:a@h", **FIELDS)  # type: ignore[arg-type]
    table = location(module)
    for _ in range(2):
        table.change(written.aor, lambda contacts: placed(contacts, written, False))
    table.change("bob@example.com", lambda contacts: (Contact("bob@example.com", "ruid2", "sip:b@h"),))
    table.change("bob@example.com", lambda contacts: ())
    module.stop()
    (read,) = location(usrloc(services, server, **settings)).contacts("alice@example.com")
    assert {key: getattr(read, key) for key in FIELDS} == FIELDS
    assert module.db_users("location") == 1
    assert module.db_contacts("location") == 1
    services.clock += 3600
    module.clean()
    assert module.db_contacts("location") + module.db_expired_contacts("location") == 0


def test_register_through_a_restart_of_the_server(services: FakeServices, server: MariaDb) -> None:
    module = usrloc(services, server)
    registrar = Registrar(RegistrarSettings(), services, usrloc=module)

    def save(text: str) -> Any:
        return settle(registrar.save(context(text, services), "location", 0), lambda call: call.function())

    assert save(register("<sip:a@h>")) == 1
    assert save(register("<sip:a@h>;q=0.5", cseq=2)) == 2
    server.restart()
    assert save(register("<sip:b@h>", cseq=3)) == 1
    assert save(register("<sip:a@h>;expires=0", cseq=4)) == 3
    assert module.db_contacts("location") == 1


def test_htable(services: FakeServices, server: MariaDb) -> None:
    settings = HtableSettings(
        htable=["t=>dbtable=htable;dbmode=1;autoexpire=60;"], db_url=server.url, db_expires=1
    )
    module = Htable(settings, services)
    module.start()
    module.sht_sets(context(), "t", "k\xff", "J\xc3\xbcrgen")
    module.sht_seti(context(), "t", "n", -1)
    module.stop()
    again = Htable(settings, services)
    again.start()
    table = again.table("t")
    assert table is not None
    assert {key: item.value for key, item in table.items()} == {"k\xff": "J\xc3\xbcrgen", "n": -1}
    assert table.remaining("n") == 60


def test_a_wrong_password_is_not_told(server: MariaDb) -> None:
    databases = Databases()
    with pytest.raises(StorageError, match="Access denied") as caught:
        databases.open(server.url.replace("p@ss", "secret")).execute("select 1")
    assert "secret" not in str(caught.value)
    databases.close()
