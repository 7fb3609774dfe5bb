"""dns.*: what is remembered of the names of next hops, in the shapes of Kamailio's DNS cache."""

from typing import Any

from luasip.errors import CommandError, TransportError
from luasip.kemi.declare import command
from luasip.server.resolving import CachingResolver, Remembered

FAMILIES = {"A": False, "AAAA": True}
"""Types of records, and whether their addresses are IPv6."""


class DnsCommands:
    """Commands about names of next hops. Both types of a name are asked for and forgotten together."""

    def __init__(self, resolver: CachingResolver) -> None:
        self._resolver = resolver

    @command("dns.view")
    def view(self) -> list[dict[str, Any]]:
        """The names that are remembered with their addresses; negative_entry: it is known not to exist."""
        found = {(one.host, kind): one for one in self._resolver.remembered() for kind in _kinds(one)}
        return [_shown(one, kind) for (_, kind), one in found.items()]

    @command("dns.lookup")
    def lookup(self, type: str, name: str) -> dict[str, Any]:
        """Look a name up, or find it among those remembered.

        Args:
            type: "A" or "AAAA".
            name: the name.
        """
        if type.upper() not in FAMILIES:
            raise CommandError(400, f"type {type!r}: A or AAAA")
        try:
            self._resolver.resolve(name, 5060, "udp")
        except TransportError as error:
            raise CommandError(400, f"Not found: {error}") from None
        for one in self._resolver.remembered():
            if one.host == name.lower() and one.addresses and type.upper() in _kinds(one):
                return _shown(one, type.upper())
        raise CommandError(400, "Not found")

    @command("dns.delete_a")
    def delete_a(self, name: str) -> None:
        """Forget a name, to ask for it anew.

        Args:
            name: the name.
        """
        if not self._resolver.forget(name):
            raise CommandError(400, "Not found")

    @command("dns.delete_aaaa")
    def delete_aaaa(self, name: str) -> None:
        """Forget a name, as dns.delete_a.

        Args:
            name: the name.
        """
        self.delete_a(name)

    @command("dns.delete_all")
    def delete_all(self) -> dict[str, str]:
        """Forget all names."""
        self._resolver.clear()
        return {"status": "ok"}

    @command("dns.delete_all_force")
    def delete_all_force(self) -> dict[str, str]:
        """Forget all names; none is kept for ever here."""
        return self.delete_all()


def _kinds(one: Remembered) -> list[str]:
    """The types of records that make the addresses; "A" when there are none."""
    return [kind for kind, is_ipv6 in FAMILIES.items() if _of(one, is_ipv6)] or ["A"]


def _of(one: Remembered, is_ipv6: bool) -> list[str]:
    return [address for address in one.addresses if (":" in address) == is_ipv6]


def _shown(one: Remembered, kind: str) -> dict[str, Any]:
    addresses = _of(one, FAMILIES[kind])
    shown: dict[str, Any] = {
        "name": one.host,
        "type": kind,
        "permanent": "no",
        "expires": one.expires_in,
        "negative_entry": "no" if addresses else "yes",
    }
    if addresses:
        shown["records"] = [
            {"rr_idx": index, "rr_ip": address, "rr_permanent": "no", "rr_expires": one.expires_in}
            for index, address in enumerate(addresses)
        ]
    return shown
