"""Contacts and tables as Kamailio's RPC commands show them."""

import zlib
from typing import Any, Final

from luasip.modules.usrloc.contact import Contact
from luasip.modules.usrloc.table import LocationTable

MAXIMUM_Q: Final = 1000
_NOT_SET: Final = "[not set]"


def aor_hash(aor: str) -> int:
    """A number for an address of record that is the same on every server."""
    return zlib.crc32(aor.encode("latin-1", "replace"))


def dump_table(table: LocationTable, brief: bool, now: float) -> dict[str, Any]:
    """One table: its addresses of record, with `brief` by name only. `now` is seconds since the epoch."""
    aors: list[dict[str, Any]] = []
    for aor, contacts in table.snapshot():
        if brief:
            aors.append({"AoR": aor})
            continue
        shown = [{"Contact": dump_contact(table, contact, now)} for contact in contacts]
        aors.append({"Info": {"AoR": aor, "HashID": aor_hash(aor), "Contacts": shown}})
    return {
        "Domain": {
            "Domain": table.name,
            "Size": len(aors),
            "AoRs": aors,
            "Stats": {"Records": len(aors), "Max-Slots": 1 if aors else 0},
        }
    }


def dump_contact(table: LocationTable, contact: Contact, now: float) -> dict[str, Any]:
    """One contact with Kamailio's names."""
    return {
        "Address": contact.uri,
        "Expires": _remaining(contact, now),
        "Q": -1 if contact.q < 0 else contact.q / MAXIMUM_Q,
        "Call-ID": contact.call_id,
        "CSeq": contact.cseq,
        "User-Agent": contact.user_agent or _NOT_SET,
        "Received": contact.received or _NOT_SET,
        "Path": contact.path or _NOT_SET,
        "State": "CS_DIRTY" if table.is_pending(contact) else "CS_SYNC" if table.is_stored else "CS_NEW",
        "Flags": contact.flags,
        "CFlags": contact.cflags,
        "Socket": contact.socket or _NOT_SET,
        "Methods": contact.methods,
        "Ruid": contact.ruid or _NOT_SET,
        "Instance": contact.instance or _NOT_SET,
        "Reg-Id": contact.reg_id,
        "Server-Id": contact.server_id,
        "Tcpconn-Id": contact.connection_id,
        "Keepalive": contact.keepalive,
        "Last-Keepalive": contact.last_modified,
        "KA-Roundtrip": 0,
        "Last-Modified": contact.last_modified,
    }


def _remaining(contact: Contact, now: float) -> int | str:
    if contact.expires == 0:
        return "permanent"
    return "expired" if now > contact.expires else int(contact.expires - now)
