"""The ipops module: IP literals and look-ups for scripts."""

import logging
import random
import re
from collections.abc import Generator
from typing import Any, Final

from luasip.kemi.context import PvValue, RouteContext, Services, Suspending
from luasip.kemi.declare import Module, function, variable
from luasip.kemi.operation import Call, Operation
from luasip.modules.ipops.literals import (
    Address,
    address,
    in_networks,
    is_reference,
    is_rfc1918,
    kind,
    pure_address,
)
from luasip.modules.ipops.records import Record, in_naptr_order, in_order_to_try

log = logging.getLogger("luasip.ipops")

_RECORD: Final = re.compile(r"\s*(\w+)\s*=>\s*(\w+)\s*(?:\[(-?\d+)\])?\s*")
_LONGEST_NAME: Final = 255
_DNS: Final = "ipops.dns"
_PTR: Final = "ipops.ptr"


class Ipops(Module):
    """ipops: IP addresses and look-ups."""

    name = "ipops"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self._services = services
        self._chance = random.Random()

    # Literals

    @function()
    def is_ip(self, ctx: RouteContext, sval: str) -> int:
        """Whether a text is an IP address; IPv6 may stand in brackets.

        Args:
            sval: the text.
        Returns: 1 or -1.
        """
        return 1 if address(sval) else -1

    @function()
    def is_pure_ip(self, ctx: RouteContext, sval: str) -> int:
        """Whether a text is an IP address without brackets.

        Args:
            sval: the text.
        Returns: 1 or -1.
        """
        return 1 if pure_address(sval) else -1

    @function()
    def is_ip4(self, ctx: RouteContext, sval: str) -> int:
        """Whether a text is an IPv4 address.

        Args:
            sval: the text.
        Returns: 1 or -1.
        """
        return 1 if self.ip_type(ctx, sval) == 1 else -1

    @function()
    def is_ip6(self, ctx: RouteContext, sval: str) -> int:
        """Whether a text is an IPv6 address without brackets.

        Args:
            sval: the text.
        Returns: 1 or -1.
        """
        return 1 if self.ip_type(ctx, sval) == 2 else -1

    @function()
    def is_ip6_reference(self, ctx: RouteContext, sval: str) -> int:
        """Whether a text is an IPv6 address in brackets.

        Args:
            sval: the text.
        Returns: 1 or -1.
        """
        return 1 if is_reference(sval) else -1

    @function()
    def ip_type(self, ctx: RouteContext, sval: str) -> int:
        """What kind of address a text is.

        Args:
            sval: the text.
        Returns: 1 IPv4, 2 IPv6, 3 IPv6 in brackets, -1 none.
        """
        if is_reference(sval):
            return 3
        found = pure_address(sval)
        return -1 if found is None else 1 if found.version == 4 else 2

    @function()
    def is_ip_rfc1918(self, ctx: RouteContext, sval: str) -> int:
        """Whether a text is a private IPv4 address (RFC 1918).

        Args:
            sval: the text.
        Returns: 1 or -1.
        """
        found = pure_address(sval)
        return 1 if found and is_rfc1918(found) else -1

    @function()
    def compare_ips(self, ctx: RouteContext, _sval1: str, _sval2: str) -> int:
        """Whether two texts are the same IP address; IPv6 may stand in brackets.

        Args:
            _sval1: one address.
            _sval2: the other.
        Returns: 1 the same, -1 not, or one is no address.
        """
        return _same(address(_sval1), address(_sval2))

    @function()
    def compare_pure_ips(self, ctx: RouteContext, _sval1: str, _sval2: str) -> int:
        """Whether two texts without brackets are the same IP address.

        Args:
            _sval1: one address.
            _sval2: the other.
        Returns: 1 the same, -1 not, or one is no address without brackets.
        """
        return _same(pure_address(_sval1), pure_address(_sval2))

    @function()
    def ip_is_in_subnet(self, ctx: RouteContext, _sval1: str, _sval2: str) -> int:
        """Whether an address is in one of several networks.

        Args:
            _sval1: the address, without brackets.
            _sval2: networks as "192.0.2.0/24" and addresses, separated by commas.
        Returns: 1 or -1.
        """
        found = pure_address(_sval1)
        return 1 if found and in_networks(found, _sval2) else -1

    @function()
    def is_in_subnet(self, ctx: RouteContext, _sval1: str, _sval2: str) -> int:
        """Whether an address is in one of several networks.

        Args:
            _sval1: the address, without brackets.
            _sval2: networks as "192.0.2.0/24" and addresses, separated by commas.
        Returns: 1 or -1.
        """
        return self.ip_is_in_subnet(ctx, _sval1, _sval2)

    @function()
    def detailed_ip_type(self, ctx: RouteContext, _sval: str, _dpv: str) -> int:
        """Kind of an address: "PRIVATE", "PUBLIC", "LOOPBACK", "GLOBAL-UNICAST" …

        Args:
            _sval: the address; IPv6 may stand in brackets.
            _dpv: the pseudo-variable that gets the kind.
        Returns: 1, -1 when it is no address or the variable cannot be set.
        """
        return self._set_kind(ctx, _dpv, address(_sval.strip()))

    @function()
    def detailed_ipv4_type(self, ctx: RouteContext, _sval: str, _dpv: str) -> int:
        """Kind of an IPv4 address, as detailed_ip_type.

        Args:
            _sval: the address.
            _dpv: the pseudo-variable that gets the kind.
        Returns: 1, -1 when it is no IPv4 address or the variable cannot be set.
        """
        found = address(_sval.strip())
        return self._set_kind(ctx, _dpv, found if found and found.version == 4 else None)

    @function()
    def detailed_ipv6_type(self, ctx: RouteContext, _sval: str, _dpv: str) -> int:
        """Kind of an IPv6 address, as detailed_ip_type.

        Args:
            _sval: the address; it may stand in brackets.
            _dpv: the pseudo-variable that gets the kind.
        Returns: 1, -1 when it is no IPv6 address or the variable cannot be set.
        """
        found = address(_sval.strip())
        return self._set_kind(ctx, _dpv, found if found and found.version == 6 else None)

    def _set_kind(self, ctx: RouteContext, specification: str, found: Address | None) -> int:
        if found is None:
            return -1
        return 1 if self._services.variables.set(ctx, specification, kind(found)) else -1

    # Look-ups

    @function(suspends=True)
    def dns_sys_match_ip(self, ctx: RouteContext, vhn: str, vip: str) -> Suspending:
        """Whether an address is one of a host name's. The route is suspended meanwhile.

        Args:
            vhn: the host name.
            vip: the address.
        Returns: 1 it is, -1 not, -3 it is no address, -4 the name was not found.
        """
        return (yield from self._matches(vhn, vip))

    @function(suspends=True)
    def dns_int_match_ip(self, ctx: RouteContext, vhn: str, vip: str) -> Suspending:
        """Whether an address is one of a host name's; the same as dns_sys_match_ip.

        Args:
            vhn: the host name.
            vip: the address.
        Returns: 1 it is, -1 not, -3 it is no address, -4 the name was not found.
        """
        return (yield from self._matches(vhn, vip))

    @function(suspends=True)
    def dns_query(self, ctx: RouteContext, naptrname: str, pvid: str) -> Suspending:
        """Look a host name up into $dns(pvid=>…), which this run of the callback keeps.

        The route is suspended meanwhile.

        Args:
            naptrname: the host name.
            pvid: a name for the answer.
        Returns: 1, -2 the name is too long, -3 pvid is empty, -4 the name was not found.
        """
        if len(naptrname) > _LONGEST_NAME:
            return -2
        if not pvid:
            return -3
        kept: dict[str, list[str]] = ctx.attributes.setdefault(_DNS, {})
        kept.pop(pvid, None)
        found = yield from self._look_up(naptrname)
        if found is None:
            return -4
        kept[pvid] = found
        return 1

    @function(suspends=True)
    def srv_query(self, ctx: RouteContext, naptrname: str, pvid: str) -> Suspending:
        """Look SRV records up into $srvquery(pvid=>…), in the order to try them. The route is suspended meanwhile.

        Args:
            naptrname: the name, such as "_sip._udp.example.com".
            pvid: a name for the answer, which this run of the callback keeps.
        Returns: 1 (also when there are none: the count is 0), -2 the name is empty, -3 pvid is empty.
        """
        return (yield from self._records(ctx, "SRV", naptrname, pvid))

    @function(suspends=True)
    def naptr_query(self, ctx: RouteContext, naptrname: str, pvid: str) -> Suspending:
        """Look NAPTR records up into $naptrquery(pvid=>…), in their order. The route is suspended meanwhile.

        Args:
            naptrname: the name.
            pvid: a name for the answer, which this run of the callback keeps.
        Returns: 1 (also when there are none: the count is 0), -2 the name is empty, -3 pvid is empty.
        """
        return (yield from self._records(ctx, "NAPTR", naptrname, pvid))

    def _records(self, ctx: RouteContext, kind: str, name: str, pvid: str) -> Suspending:
        if not name:
            return -2
        if not pvid:
            return -3
        answer = yield Call("dns", lambda: self._services.dns_records(name, kind))
        if not isinstance(answer, list):
            log.info("ipops: no %s records of %s: %s", kind, name, answer)
            answer = []
        ordered = in_order_to_try(answer, self._chance) if kind == "SRV" else in_naptr_order(answer)
        ctx.attributes.setdefault(f"ipops.{kind}", {})[pvid] = ordered
        return 1

    @function(suspends=True)
    def ptr_query(self, ctx: RouteContext, ip: str, pvid: str) -> Suspending:
        """Look an address's host name up into $ptrquery(pvid=>…), which this run of the callback keeps.

        Args:
            ip: the address.
            pvid: a name for the answer.
        Returns: 1, -1 when it is no address, pvid is empty or there is no name.
        """
        found = address(ip)
        if found is None or not pvid:
            return -1
        kept: dict[str, str] = ctx.attributes.setdefault(_PTR, {})
        kept.pop(pvid, None)
        answer = yield Call("dns", lambda: self._services.name_of(str(found)))
        if not isinstance(answer, str):
            log.info("ipops: %s has no name: %s", found, answer)
            return -1
        kept[pvid] = answer
        return 1

    @function()
    def dns_set_local_ttl(self, ctx: RouteContext, vttl: int) -> int:
        """Kept for old scripts: how long names are remembered is `server.dns.cache_time`.

        Args:
            vttl: seconds; not used.
        Returns: 1.
        """
        return 1

    def _matches(self, name: str, text: str) -> Suspending:
        wanted = address(text)
        if wanted is None:
            log.error("ipops: %r is no IP address", text)
            return -3
        found = yield from self._look_up(name)
        if found is None:
            return -4
        return 1 if str(wanted) in found else -1

    def _look_up(self, name: str) -> Generator[Operation, Any, list[str] | None]:
        answer = yield Call("dns", lambda: self._services.addresses_of(name))
        if isinstance(answer, list):
            return answer
        log.info("ipops: %s was not found: %s", name, answer)
        return None

    # Variables

    @variable("dns")
    def record(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$dns(pvid=>key): answer of dns_query. Keys: addr[i], type[i] (4 or 6), count, ipv4, ipv6 (1: there are)."""
        match = _RECORD.fullmatch(inner)
        if match is None:
            return None
        records: list[str] = ctx.attributes.get(_DNS, {}).get(match[1], [])
        place = int(match[3] or 0)
        if not -len(records) <= place < len(records):
            return None
        versions = [6 if ":" in text else 4 for text in records]
        values: dict[str, PvValue] = {
            "addr": records[place],
            "type": versions[place],
            "count": len(records),
            "ipv4": int(4 in versions),
            "ipv6": int(6 in versions),
        }
        return values.get(match[2])

    @variable("srvquery")
    def srv_record(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$srvquery(pvid=>key): answer of srv_query. Keys: count, port[i], priority[i], target[i], weight[i]."""
        return _part_of(ctx, "SRV", inner)

    @variable("naptrquery")
    def naptr_record(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$naptrquery(pvid=>key): answer of naptr_query.

        Keys: count, order[i], pref[i], flags[i], services[i], regex[i], replace[i].
        """
        return _part_of(ctx, "NAPTR", inner)

    @variable("ptrquery")
    def name_record(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$ptrquery(pvid=>ptrdname): answer of ptr_query."""
        match = _RECORD.fullmatch(inner)
        if match is None or match[2] != "ptrdname":
            return None
        answer: PvValue = ctx.attributes.get(_PTR, {}).get(match[1])
        return answer


def _same(one: Address | None, other: Address | None) -> int:
    return 1 if one is not None and one == other else -1


def _part_of(ctx: RouteContext, kind: str, inner: str) -> PvValue:
    """A field of a record that was looked up in this run."""
    match = _RECORD.fullmatch(inner)
    if match is None:
        return None
    records: list[Record] | None = ctx.attributes.get(f"ipops.{kind}", {}).get(match[1])
    if match[2] == "count":
        return len(records or ())
    place = int(match[3] or 0)
    if records is None or not -len(records) <= place < len(records):
        return None
    return records[place].get(match[2])
