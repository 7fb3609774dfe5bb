"""SRV and NAPTR records, asked of the system's name servers (RFC 2782, 3403).

The system's own look-up knows addresses and names only, so these are asked for here. `query` blocks for seconds at
worst: call it in a pool. Knows no SIP.
"""

from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.nameserver
import dns.resolver

from luasip.errors import TransportError

Record = dict[str, str | int]
"""SRV: priority, weight, port, target. NAPTR: order, pref, flags, services, regex, replace."""

Server = tuple[str, int]


def query(
    name: str, kind: str, servers: Sequence[Server] | None = None, timeout: float = 4.0
) -> list[Record]:
    """The records of a name, as the server sent them; [] when there are none.

    Args:
        name: the whole name, without or with the dot at its end.
        kind: "SRV" or "NAPTR".
        servers: (address, port) of the name servers, None for the system's.
        timeout: seconds for all servers together.
    Raises TransportError when the name is none, or no server gives an answer.
    """
    try:
        answer = _resolver(servers).resolve(
            name, kind, search=False, lifetime=timeout, raise_on_no_answer=False
        )
    except dns.resolver.NXDOMAIN:
        return []
    except (dns.exception.DNSException, OSError, UnicodeError) as error:
        raise TransportError(f"no {kind} records of {name!r}: {error}") from error
    return [_record(data, kind) for data in answer]


def _resolver(servers: Sequence[Server] | None) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=servers is None)
    if servers is not None:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in servers]
    return resolver


def _record(data: Any, kind: str) -> Record:
    if kind == "SRV":
        return {
            "priority": data.priority,
            "weight": data.weight,
            "port": data.port,
            "target": _name(data.target),
        }
    return {
        "order": data.order,
        "pref": data.preference,
        "flags": data.flags.decode("latin-1"),
        "services": data.service.decode("latin-1"),
        "regex": data.regexp.decode("latin-1"),
        "replace": _name(data.replacement),
    }


def _name(name: Any) -> str:
    """A name without the dot at its end; the root is ""."""
    text: str = name.to_text()
    return text.removesuffix(".")
