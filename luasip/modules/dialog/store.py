"""Dialogs in a database, in Kamailio's tables: rows from dialogs, and dialogs from rows.

Every method blocks and raises StorageError.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, delete, select

from luasip.errors import StorageError
from luasip.modules.dialog.dialog import Dialog, Leg, State
from luasip.storage.database import Database
from luasip.storage.tables import DIALOG_COLUMNS, dialog_table, dialog_variables_table

Identity = tuple[int, int]

_OPTIONAL: Final = {"xdata": 512, "toroute_name": 32}
_KEY: Final = 128
_VALUE: Final = 512
"""How many characters Kamailio's columns hold."""

_ROUNDING: Final = 2
"""Seconds by which times in the table may differ and mean the same."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What stands in the tables for one dialog."""

    identity: Identity
    dialog: Mapping[str, Any]
    variables: Sequence[Mapping[str, Any]]

    def within_columns(self) -> "Rows":
        """The same without what is too long for Kamailio's columns and may be missing."""
        row = dict(self.dialog)
        for name, length in _OPTIONAL.items():
            if len(row[name] or "") > length:
                row[name] = None
        fitting = [
            variable
            for variable in self.variables
            if len(variable["dialog_key"]) <= _KEY and len(variable["dialog_value"]) <= _VALUE
        ]
        return Rows(self.identity, row, fitting)


@dataclass(frozen=True, slots=True)
class Kept:
    """A dialog read from the database, its memberships, and the time (seconds since the epoch) its row ends."""

    dialog: Dialog
    memberships: Sequence[tuple[str, str]]
    timeout: float


class DialogStore:
    """The two tables of one database."""

    def __init__(
        self,
        database: Database,
        names: tuple[str, str],
        columns: Mapping[str, str],
        variable_columns: Mapping[str, str],
    ) -> None:
        """`names` are those of the tables: of dialogs, and of their variables."""
        self._database = database
        self._table = dialog_table(names[0], columns)
        self._variables = dialog_variables_table(names[1], variable_columns)

    def create(self) -> None:
        """Create the tables unless they exist."""
        self._database.create_table(self._table)
        self._database.create_table(self._variables)

    def is_there(self) -> bool:
        """Whether the database answers."""
        try:
            self._database.execute("select 1")
        except StorageError:
            return False
        return True

    def load(self, call_id: str = "") -> list[Kept]:
        """The dialogs of a Call-ID, or all."""
        wanted = select(*[self._table.c[key] for key in DIALOG_COLUMNS])
        if call_id:
            wanted = wanted.where(self._table.c["callid"] == call_id)
        rows = list(self._database.stream(wanted))
        variables = self._load_variables() if rows else {}
        return [_kept(dict(zip(DIALOG_COLUMNS, row, strict=True)), variables) for row in rows]

    def _load_variables(self) -> dict[Identity, dict[str, str]]:
        column = self._variables.c
        found: dict[Identity, dict[str, str]] = {}
        statement = select(
            column["hash_entry"], column["hash_id"], column["dialog_key"], column["dialog_value"]
        )
        for entry, number, key, value in self._database.stream(statement):
            found.setdefault((entry, number), {})[key] = value
        return found

    def write(self, written: Iterable[Rows], gone: Iterable[Identity]) -> None:
        """Put rows in the place of those there are and delete others, in one transaction."""
        rows = list(written)
        identities = [{"b_entry": entry, "b_number": number} for entry, number in gone]
        identities += [{"b_entry": row.identity[0], "b_number": row.identity[1]} for row in rows]
        if not identities:
            return
        with self._database.transaction() as transaction:
            for table in (self._table, self._variables):
                mine = (table.c["hash_entry"] == bindparam("b_entry")) & (
                    table.c["hash_id"] == bindparam("b_number")
                )
                transaction.execute(delete(table).where(mine), identities)
            if rows:
                transaction.execute(self._table.insert(), [dict(row.dialog) for row in rows])
            variables = [dict(variable) for row in rows for variable in row.variables]
            if variables:
                transaction.execute(self._variables.insert(), variables)


def rows_of(dialog: Dialog, timeout: float) -> Rows:
    """What is to be written; `timeout` in seconds since the epoch. The table's lock is held."""
    caller, callee = dialog.caller, dialog.callee
    row = {
        "hash_entry": dialog.entry,
        "hash_id": dialog.number,
        "callid": dialog.call_id,
        "from_uri": dialog.from_uri,
        "from_tag": caller.tag,
        "to_uri": dialog.to_uri,
        "to_tag": callee.tag,
        "caller_cseq": str(caller.cseq),
        "callee_cseq": str(callee.cseq),
        "caller_route_set": caller.route_set or None,
        "callee_route_set": callee.route_set or None,
        "caller_contact": caller.contact,
        "callee_contact": callee.contact,
        "caller_sock": caller.socket,
        "callee_sock": callee.socket,
        "state": int(dialog.state),
        "start_time": int(dialog.started),
        "timeout": int(timeout),
        "sflags": dialog.script_flags,
        "iflags": dialog.properties,
        "toroute_name": dialog.timeout_route or None,
        "req_uri": dialog.request_uri,
        "xdata": _further_text(dialog, timeout),
    }
    identity = {"hash_entry": dialog.entry, "hash_id": dialog.number}
    variables = [
        {**identity, "dialog_key": key, "dialog_value": value} for key, value in dialog.variables.items()
    ]
    return Rows(dialog.identity, row, variables)


def _further_text(dialog: Dialog, timeout: float) -> str | None:
    """JSON of what has no column: the profiles it is in, as Kamailio has them, and its lifetime where the timeout that
    later requests have put off does not tell it.
    """
    further: dict[str, Any] = {}
    if dialog.profiles:
        further["profiles"] = [
            {"name": name, "value": value} if value else {"name": name} for name, value in dialog.profiles
        ]
    if abs(timeout - dialog.started - dialog.lifetime) > _ROUNDING:
        further.setdefault("profiles", [])
        further["lifetime"] = dialog.lifetime
    return json.dumps(further, separators=(",", ":")) if further else None


def _kept(row: dict[str, Any], variables: Mapping[Identity, dict[str, str]]) -> Kept:
    identity = (row["hash_entry"], row["hash_id"])
    dialog = Dialog(
        *identity,
        row["callid"],
        row["from_uri"],
        row["to_uri"],
        row["req_uri"],
        _leg(row, "from_tag", "caller"),
        _leg(row, "to_tag", "callee"),
        State(row["state"]) if 1 <= row["state"] <= 5 else State.DELETED,
        created=float(row["start_time"]),
        started=float(row["start_time"]),
        script_flags=row["sflags"],
        properties=row["iflags"],
        timeout_route=row["toroute_name"] or "",
        variables=dict(variables.get(identity, {})),
        stored=True,
    )
    further = _further(row["xdata"])
    lifetime = further.get("lifetime")
    dialog.lifetime = lifetime if isinstance(lifetime, int) else max(0, row["timeout"] - row["start_time"])
    return Kept(dialog, _memberships(further), float(row["timeout"]))


def _leg(row: Mapping[str, Any], tag: str, side: str) -> Leg:
    cseq = row[f"{side}_cseq"] or ""
    return Leg(
        row[tag],
        row[f"{side}_contact"],
        row[f"{side}_route_set"] or "",
        int(cseq) if cseq.isdecimal() else 0,
        row[f"{side}_sock"],
    )


def _further(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _memberships(further: Mapping[str, Any]) -> list[tuple[str, str]]:
    try:
        return [(str(one["name"]), str(one.get("value") or "")) for one in further.get("profiles", ())]
    except (KeyError, AttributeError, TypeError):
        return []
