"""Tables with Kamailio's schema, for the databases that do not have them yet.

Column names are settable where Kamailio's are. Times are what Kamailio's database drivers write: DATETIME
in the server's local time. Knows no connection.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Column, DateTime, Float, Index, Integer, MetaData, String, Table, text
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.types import TypeEngine

LOCATION_COLUMNS: Final = (
    "ruid",
    "username",
    "domain",
    "contact",
    "received",
    "path",
    "expires",
    "q",
    "callid",
    "cseq",
    "last_modified",
    "flags",
    "cflags",
    "user_agent",
    "socket",
    "methods",
    "instance",
    "reg_id",
    "server_id",
    "connection_id",
    "keepalive",
    "partition",
)
"""The columns of a location table by Kamailio's names, in its order."""

_SQLITE_TIME: Final = sqlite.DATETIME(  # type: ignore[no-untyped-call]
    storage_format="%(year)04d-%(month)02d-%(day)02d %(hour)02d:%(minute)02d:%(second)02d",
)
"""Without SQLAlchemy's fractions of a second, which Kamailio does not read."""


def time_type() -> TypeEngine[Any]:
    """DATETIME without fractions."""
    return DateTime().with_variant(_SQLITE_TIME, "sqlite")


def location_table(name: str, column_names: Mapping[str, str], expires_type: int = 0) -> Table:
    """A usrloc table. Columns are reached as table.c["username"], whatever they are called in the database.

    Args:
        column_names: names other than Kamailio's, by Kamailio's.
        expires_type: 0 DATETIME, 1 BIGINT (seconds since the epoch) for expires and last_modified.
    """
    metadata = MetaData()
    when: TypeEngine[Any] = BigInteger() if expires_type else time_type()
    types: dict[str, tuple[TypeEngine[Any], object]] = {
        "ruid": (String(64), ""),
        "username": (String(64), ""),
        "domain": (String(64), None),
        "contact": (String(512), ""),
        "received": (String(255), None),
        "path": (String(512), None),
        "expires": (when, 0 if expires_type else datetime(2030, 5, 28, 21, 32, 15)),
        "q": (Float().with_variant(mysql.FLOAT(10, 2), "mysql", "mariadb"), 1.0),
        "callid": (String(255), "Default-Call-ID"),
        "cseq": (Integer(), 1),
        "last_modified": (when, 0 if expires_type else datetime(2000, 1, 1, 0, 0, 1)),
        "flags": (Integer(), 0),
        "cflags": (Integer(), 0),
        "user_agent": (String(255), ""),
        "socket": (String(64), None),
        "methods": (Integer(), None),
        "instance": (String(255), None),
        "reg_id": (Integer(), 0),
        "server_id": (Integer(), 0),
        "connection_id": (Integer(), 0),
        "keepalive": (Integer(), 0),
        "partition": (Integer(), 0),
    }
    nullable = {"domain", "received", "path", "socket", "methods", "instance"}
    columns: list[Column[Any]] = [
        Column(column_names.get(key, key), kind, key=key, nullable=key in nullable, default=default)
        for key, (kind, default) in types.items()
    ]
    table = Table(name, metadata, Column("id", Integer, primary_key=True, autoincrement=True), *columns)
    Index(f"{name}_ruid_idx", table.c["ruid"], unique=True)
    Index(f"{name}_account_contact_idx", table.c["username"], table.c["domain"])
    Index(f"{name}_expires_idx", table.c["expires"])
    Index(f"{name}_connection_idx", table.c["server_id"], table.c["connection_id"])
    return table


def htable_table(name: str, columns: Mapping[str, str]) -> Table:
    """An htable table; `columns` are other names than Kamailio's, by Kamailio's."""
    types: dict[str, TypeEngine[Any]] = {
        "key_name": String(255),
        "key_type": Integer(),
        "value_type": Integer(),
        "key_value": String(512),
        "expires": Integer(),
    }
    defaults = {"key_name": "", "key_type": 0, "value_type": 0, "key_value": "", "expires": 0}
    return Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        *[
            Column(columns.get(key, key), kind, key=key, nullable=False, default=defaults[key])
            for key, kind in types.items()
        ],
    )


def accounting_table(name: str, columns: Mapping[str, str], further: Mapping[str, TypeEngine[Any]]) -> Table:
    """A table of acc; `columns` are other names than Kamailio's, by Kamailio's, `further` those of the settings."""
    sizes = {"method": 16, "from_tag": 128, "to_tag": 128, "callid": 255, "sip_code": 3, "sip_reason": 128}
    table = Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        *[
            Column(columns.get(key, key), String(size), key=key, nullable=False, default="", server_default="")
            for key, size in sizes.items()
        ],
        Column(columns.get("time", "time"), time_type(), key="time", nullable=False),
        *[Column(key, kind, nullable=True) for key, kind in further.items()],
    )
    Index(f"{name}_callid_idx", table.c["callid"])
    return table


def call_records_table(
    name: str, times: tuple[str, str, str], further: Mapping[str, TypeEngine[Any]]
) -> Table:
    """A table of acc's call records.

    Args:
        times: the columns of a call's start, its end, and the seconds between.
        further: the columns of the settings.
    """
    start, end, duration = times
    early = datetime(2000, 1, 1)
    seconds = Float().with_variant(mysql.FLOAT(10, 3), "mysql", "mariadb")
    table = Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column(start, time_type(), nullable=False, default=early, server_default=text(f"'{early}'")),
        Column(end, time_type(), nullable=False, default=early, server_default=text(f"'{early}'")),
        Column(duration, seconds, nullable=False, default=0, server_default="0"),
        *[Column(key, kind, nullable=True) for key, kind in further.items()],
    )
    Index(f"{name}_start_time_idx", table.c[start])
    return table


def subscriber_table(name: str) -> Table:
    """A table of users for auth_db: each with the password, or with H(A1) made from user and from user@domain."""
    sizes = {"username": 64, "domain": 64, "password": 64, "ha1": 128, "ha1b": 128}
    columns = [Column(key, String(size), nullable=False, default="", server_default="") for key, size in sizes.items()]
    table = Table(name, MetaData(), Column("id", Integer, primary_key=True, autoincrement=True), *columns)
    Index(f"{name}_account_idx", table.c["username"], table.c["domain"], unique=True)
    Index(f"{name}_username_idx", table.c["username"])
    return table


def uacreg_table(name: str) -> Table:
    """A table of accounts that uac registers at other servers."""
    sizes = {"auth_ha1": 128, "auth_proxy": 255, "contact_addr": 255, "socket": 128}
    columns = [
        Column(key, Integer, nullable=False, default=0, server_default="0")
        if key in ("expires", "flags", "reg_delay")
        else Column(key, String(sizes.get(key, 64)), nullable=False, default="", server_default="")
        for key in UACREG_COLUMNS
    ]
    table = Table(name, MetaData(), Column("id", Integer, primary_key=True, autoincrement=True), *columns)
    Index(f"{name}_l_uuid_idx", table.c["l_uuid"], unique=True)
    return table


UACREG_COLUMNS: Final = (
    "l_uuid",
    "l_username",
    "l_domain",
    "r_username",
    "r_domain",
    "realm",
    "auth_username",
    "auth_password",
    "auth_ha1",
    "auth_proxy",
    "expires",
    "flags",
    "reg_delay",
    "contact_addr",
    "socket",
)
"""The columns of an uacreg table, in Kamailio's order."""


def _last_modified() -> Column[Any]:
    when = datetime(2000, 1, 1, 0, 0, 1)
    return Column("last_modified", time_type(), nullable=False, default=when, server_default=text(f"'{when}'"))


def domain_table(name: str, columns: Mapping[str, str]) -> Table:
    """A table of domains; `columns` are other names than Kamailio's, by Kamailio's."""
    return Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column(columns.get("domain", "domain"), String(64), key="domain", nullable=False, unique=True),
        Column(columns.get("did", "did"), String(64), key="did"),
        _last_modified(),
    )


def domain_attrs_table(name: str, columns: Mapping[str, str]) -> Table:
    """A table of attributes of domains."""
    table = Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column(columns.get("did", "did"), String(64), key="did", nullable=False),
        Column(columns.get("name", "name"), String(32), key="name", nullable=False),
        Column(columns.get("type", "type"), Integer, key="type", nullable=False),
        Column(columns.get("value", "value"), String(255), key="value", nullable=False),
        _last_modified(),
    )
    Index(f"{name}_domain_attrs_idx", table.c["did"], table.c["name"])
    return table


def pipes_table(name: str, columns: Mapping[str, str]) -> Table:
    """A table of pipelimit's pipes."""
    return Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column(
            columns.get("pipeid", "pipeid"),
            String(64),
            key="pipeid",
            nullable=False,
            default="",
            server_default="",
            unique=True,
        ),
        Column(
            columns.get("algorithm", "algorithm"),
            String(32),
            key="algorithm",
            nullable=False,
            default="",
            server_default="",
        ),
        Column(
            columns.get("plimit", "plimit"), Integer, key="plimit", nullable=False, default=0, server_default="0"
        ),
    )


def dialog_table(name: str, columns: Mapping[str, str]) -> Table:
    """A table of dialogs; `columns` are other names than Kamailio's, by Kamailio's."""
    texts = {
        **{"callid": 255, "from_uri": 255, "from_tag": 128, "to_uri": 255, "to_tag": 128},
        **{"caller_cseq": 20, "callee_cseq": 20, "caller_contact": 255, "callee_contact": 255},
        **{"caller_sock": 64, "callee_sock": 64, "req_uri": 255},
    }
    optional = {"caller_route_set": 512, "callee_route_set": 512, "toroute_name": 32, "xdata": 512}
    found: list[Column[Any]] = []
    for key in DIALOG_COLUMNS:
        written = columns.get(key, key)
        if key in texts:
            found.append(Column(written, String(texts[key]), key=key, nullable=False))
        elif key in optional:
            found.append(Column(written, String(optional[key]), key=key, nullable=True))
        else:
            found.append(Column(written, Integer, key=key, nullable=False, default=0, server_default="0"))
    table = Table(name, MetaData(), Column("id", Integer, primary_key=True, autoincrement=True), *found)
    Index(f"{name}_hash_idx", table.c["hash_entry"], table.c["hash_id"])
    return table


DIALOG_COLUMNS: Final = (
    *("hash_entry", "hash_id", "callid", "from_uri", "from_tag", "to_uri", "to_tag", "caller_cseq", "callee_cseq"),
    *("caller_route_set", "callee_route_set", "caller_contact", "callee_contact", "caller_sock", "callee_sock"),
    *("state", "start_time", "timeout", "sflags", "iflags", "toroute_name", "req_uri", "xdata"),
)
"""The columns of a table of dialogs, in Kamailio's order."""


def dialog_variables_table(name: str, columns: Mapping[str, str]) -> Table:
    """A table of dialogs' variables."""
    kinds: dict[str, TypeEngine[Any]] = {
        "hash_entry": Integer(),
        "hash_id": Integer(),
        "dialog_key": String(128),
        "dialog_value": String(512),
    }
    table = Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        *[Column(columns.get(key, key), kind, key=key, nullable=False) for key, kind in kinds.items()],
    )
    Index(f"{name}_hash_idx", table.c["hash_entry"], table.c["hash_id"])
    return table
