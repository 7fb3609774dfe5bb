"""The functions of nathelper about Contact headers and the alias parameter in URIs."""

import logging
from collections.abc import Callable

from luasip.errors import SipError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.current import contacts_of, uri_of
from luasip.kemi.declare import Module, Route, function
from luasip.kemi.socket_text import address_uri, bracketed
from luasip.modules.nathelper.addresses import (
    alias_uri,
    alias_value,
    parse_address,
    same_host,
    with_first_parameter,
    with_parameter,
    without_parameter,
)
from luasip.modules.nathelper.detection import DEFAULT_PORT, contact_uri
from luasip.modules.nathelper.settings import NathelperSettings
from luasip.sip.grammar import skip_quoted
from luasip.sip.values import NameAddr

_log = logging.getLogger("luasip.nathelper")

_MESSAGES = Route.REQUEST | Route.REPLY | Route.ONREPLY | Route.BRANCH | Route.FAILURE | Route.ONSEND


class ContactFunctions(Module):
    """fix_nated_contact, the alias functions, and where the source address is kept."""

    def __init__(self, settings: NathelperSettings, services: Services) -> None:
        self.settings = settings
        self._services = services

    @function(_MESSAGES)
    def fix_nated_contact(self, ctx: RouteContext) -> int:
        """Put the source address in the place of the first Contact's host and port.

        Returns: 1, or -1 when there is no Contact, it is malformed or has been changed before.
        """

        def renew(contact: NameAddr) -> str:
            uri = contact.uri
            parameters = {name: value for name, value in uri.params.items() if name != "maddr"}
            host = bracketed(ctx.source.host)
            if len(parameters) == len(uri.params):
                return uri.replace(host=host, port=ctx.source.port).text
            return uri.replace(host=host, port=ctx.source.port, params=parameters).text

        return self._rewrite(ctx, renew)

    @function(_MESSAGES)
    def set_contact_alias(self, ctx: RouteContext) -> int:
        """Have the first Contact take the source address along: ;alias=ip~port~protocol.

        Returns: 1, or -1 when there is no Contact, it is malformed or has been changed before.
        """
        return self._rewrite(ctx, lambda contact: self._aliased(contact.uri_text, self._source_alias(ctx)))

    @function(_MESSAGES)
    def set_contact_alias_trim(self, ctx: RouteContext) -> int:
        """Do as set_contact_alias, in the place of an alias the Contact has already.

        Returns: 1, or -1 when there is no Contact, it is malformed or has been changed before.
        """

        def renew(contact: NameAddr) -> str:
            trimmed, _ = without_parameter(contact.uri_text, self.settings.alias_name)
            return self._aliased(trimmed, self._source_alias(ctx))

        return self._rewrite(ctx, renew)

    @function(_MESSAGES)
    def add_contact_alias(self, ctx: RouteContext) -> int:
        """Have the first Contact take the source address along if that is another than its own.

        The alias stands before the URI's other parameters, so before one that a server nearer to the phone has added.

        Returns: 1, 2 when there is no Contact or it has the source address, -1 when it is malformed or changed before.
        """
        if not ctx.message.all("contact"):
            return 2
        uri = contact_uri(ctx)
        source = ctx.source
        if uri is not None and parse_address(uri.host) is not None:
            port, protocol = uri.port or DEFAULT_PORT, uri.transport or "udp"
            if (
                same_host(uri.host, source.host)
                and port == source.port
                and protocol == source.listener.protocol
            ):
                return 2
        return self._add_alias(ctx, self._source_alias(ctx))

    @function(_MESSAGES)
    def add_contact_alias_addr(self, ctx: RouteContext, ip_str: str, port_str: str, proto_str: str) -> int:
        """Have the first Contact take an address along.

        Args:
            ip_str: IP address.
            port_str: port.
            proto_str: udp, tcp, tls, sctp, ws or wss.
        Returns: 1, 2 without a Contact, -1 when an argument or the Contact is malformed, or it was changed before.
        """
        if not ctx.message.all("contact"):
            return 2
        port = int(port_str) if port_str.isascii() and port_str.isdecimal() and len(port_str) < 6 else 0
        alias = alias_value(ip_str.strip("[]"), port, proto_str)
        try:
            alias_uri(alias)
        except ValueError as error:
            _log.error("add_contact_alias: %s", error)
            return -1
        return self._add_alias(ctx, alias)

    @function(_MESSAGES)
    def set_alias_to_pv(self, ctx: RouteContext, pvname: str) -> int:
        """Write the alias in the first Contact as a URI.

        Args:
            pvname: pseudo-variable it is written to, such as "$avp(alias)".
        Returns: 1, or -1 when there is no alias, it is malformed, or the variable cannot be set.
        """
        contacts = contacts_of(ctx.message)
        value = without_parameter(contacts[0].uri_text, self.settings.alias_name)[1] if contacts else ""
        try:
            uri = alias_uri(value, always=True)
        except ValueError:
            return -1
        return 1 if self._services.variables.set(ctx, pvname, uri) else -1

    @function(Route.REQUEST | Route.BRANCH | Route.FAILURE)
    def handle_ruri_alias(self, ctx: RouteContext) -> int:
        """Send the request where the alias in its Request-URI says: the alias becomes $du and leaves $ru.

        Returns: 1, 2 when there is no alias, -1 when it is malformed.
        """
        return self.handle_ruri_alias_mode(ctx, 0)

    @function(Route.REQUEST | Route.BRANCH | Route.FAILURE)
    def handle_ruri_alias_mode(self, ctx: RouteContext, mode: int) -> int:
        """Do as handle_ruri_alias, with a choice of several aliases.

        Args:
            mode: 0 the first alias, any other number the last.
        Returns: 1, 2 when there is no alias, -1 when it is malformed.
        """
        if not ctx.target.uri:
            return -1
        uri, value = without_parameter(ctx.target.uri, self.settings.alias_name, last=mode != 0)
        if uri == ctx.target.uri:
            return 2
        try:
            destination = alias_uri(value)
        except ValueError as error:
            _log.error("handle_ruri_alias: %s", error)
            return -1
        ctx.target.uri, ctx.target.destination_uri = uri, destination
        return 1

    @function(Route.REQUEST)
    def fix_nated_register(self, ctx: RouteContext) -> int:
        """Put the source address as a URI into the AVP received_avp, for KSR.registrar.save.

        Returns: 1, also when received_avp is not set.
        """
        name = self.settings.received_avp.removeprefix("$avp(").removesuffix(")").removeprefix("s:")
        if name:
            ctx.lists.avps.setdefault(name, []).insert(0, _source_uri(ctx))
        return 1

    @function(Route.REQUEST)
    def add_rcv_param(self, ctx: RouteContext, upos: int) -> int:
        """Add the source address to every Contact as its parameter received, for a registrar further on.

        Args:
            upos: 0 a parameter of the header, in quotes; another number one of the URI, over UDP only.
        Returns: 1, or -1 when a Contact is malformed or the number does not fit the transport.
        """
        contacts = contacts_of(ctx.message)
        if contacts is None or (upos and ctx.source.listener.protocol != "udp"):
            return -1
        for contact in contacts:
            if upos:
                place = _uri_range(ctx, contact)[1]
                ctx.edits.insert(place, f";received={_source_uri(ctx)}")
            else:
                ctx.edits.insert(contact.end, f';received="{_source_uri(ctx)}"')
        return 1

    def _source_alias(self, ctx: RouteContext) -> str:
        return alias_value(ctx.source.host, ctx.source.port, ctx.source.listener.protocol)

    def _add_alias(self, ctx: RouteContext, alias: str) -> int:
        parameter = f"{self.settings.alias_name}={alias}"
        return self._rewrite(ctx, lambda contact: with_first_parameter(contact.uri_text, parameter))

    def _aliased(self, uri: str, alias: str) -> str:
        return with_parameter(uri, f"{self.settings.alias_name}={alias}")

    def _rewrite(self, ctx: RouteContext, renew: Callable[[NameAddr], str]) -> int:
        """Exchange the first Contact's URI, once in each message that leaves."""
        contacts = contacts_of(ctx.message)
        if not contacts or uri_of(contacts[0]) is None or not contacts[0].uri.host:
            return -1
        contact = contacts[0]
        start, end = _uri_range(ctx, contact)
        text = ctx.message.text[start:end]
        bare = ctx.message.text[end : end + 1] != ">"
        if ctx.edits.revised(ctx.message, start, end) != text:
            _log.error("the Contact is changed twice: %s", contact.text)
            return -1
        contact.rewrite_uri(text)  # another branch may have changed it
        try:
            renewed = renew(contact)
        except SipError:
            return -1
        ctx.edits.replace(start, end, f"<{renewed}>" if bare else renewed)
        contact.rewrite_uri(renewed)
        return 1


def _uri_range(ctx: RouteContext, contact: NameAddr) -> tuple[int, int]:
    """Where a Contact's URI stands in the message; its offsets stay when `uri_text` is rewritten."""
    value = ctx.message.text[contact.start : contact.end]
    name_end = skip_quoted(value, 0, len(value)) if value[:1] == '"' else 0
    opened = value.find("<", name_end)
    bare_end = value.find(";")
    if opened >= 0 and (value[:1] == '"' or bare_end < 0 or opened < bare_end):
        return contact.start + opened + 1, contact.start + value.find(">", opened)
    return contact.start, contact.start + len(value[: bare_end if bare_end >= 0 else None].rstrip())


def _source_uri(ctx: RouteContext) -> str:
    return address_uri(ctx.source.host, ctx.source.port, ctx.source.listener.protocol)
