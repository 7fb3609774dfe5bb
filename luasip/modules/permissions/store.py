"""The tables address and trusted in a database, in Kamailio's schema.

Every method blocks and raises StorageError.
"""

from typing import Any

from sqlalchemy import Column, Integer, MetaData, Select, String, Table, select

from luasip.modules.permissions.settings import PermissionsSettings
from luasip.modules.permissions.trusted import Peer
from luasip.storage.database import Database


class PermissionsStore:
    """The two tables, made when they are not there."""

    def __init__(self, database: Database, settings: PermissionsSettings) -> None:
        self._database = database
        self._addresses = Table(
            settings.address_table,
            MetaData(),
            Column("id", Integer, primary_key=True, autoincrement=True),
            Column(settings.grp_col, Integer, key="grp", nullable=False, default=1),
            Column(settings.ip_addr_col, String(50), key="ip_addr", nullable=False),
            Column(settings.mask_col, Integer, key="mask", nullable=False, default=32),
            Column(settings.port_col, Integer, key="port", nullable=False, default=0),
            Column(settings.tag_col, String(64), key="tag"),
        )
        self._trusted = Table(
            settings.trusted_table,
            MetaData(),
            Column("id", Integer, primary_key=True, autoincrement=True),
            Column(settings.source_col, String(50), key="src_ip", nullable=False),
            Column(settings.proto_col, String(4), key="proto", nullable=False),
            Column(settings.from_col, String(64), key="from_pattern"),
            Column(settings.ruri_col, String(64), key="ruri_pattern"),
            Column(settings.tag_col, String(64), key="tag"),
            Column(settings.priority_col, Integer, key="priority", nullable=False, default=0),
        )

    def addresses(self) -> list[tuple[int, str, int | None, int, str]]:
        """(group, address or name, mask, port, tag) of every row."""
        self._database.create_table(self._addresses)
        columns = self._addresses.c
        names = ("grp", "ip_addr", "mask", "port", "tag")
        rows = self._database.stream(select(*[columns[name] for name in names]).order_by(columns["id"]))
        return [(int(grp), str(host), int(mask), int(port), tag or "") for grp, host, mask, port, tag in rows]

    def trusted(self) -> list[Peer]:
        """Every row of the trusted peers."""
        self._database.create_table(self._trusted)
        return self._peers(self._select())

    def trusted_at(self, source: str) -> list[Peer]:
        """The rows of one source address."""
        return self._peers(self._select().where(self._trusted.c["src_ip"] == source))

    def _select(self) -> Select[Any]:
        columns = self._trusted.c
        names = ("src_ip", "proto", "from_pattern", "ruri_pattern", "tag", "priority")
        return select(*[columns[name] for name in names]).order_by(columns["id"])

    def _peers(self, statement: Select[Any]) -> list[Peer]:
        return [
            Peer(str(source), str(protocol).lower(), sender or "", uri or "", tag or "", int(priority or 0))
            for source, protocol, sender, uri, tag, priority in self._database.stream(statement)
        ]
