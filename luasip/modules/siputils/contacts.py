"""siputils functions on Contact URIs: hiding them in a user part or a parameter of another URI, and back.

What is decoded came from a peer and is used only when it is a URI.
"""

import base64
from collections.abc import Callable

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.current import contacts_of, parsed_uri, request_uri
from luasip.kemi.declare import Module, function
from luasip.kemi.socket_text import bracketed, protocol_number
from luasip.sip.grammar import skip_quoted
from luasip.sip.uri import Uri, hosts_equal
from luasip.sip.values import NameAddr


class Contacts(Module):
    """Encoding and decoding of Contact URIs; edits are pending, a changed Request-URI shows at once."""

    services: Services
    separator: str

    @function()
    def encode_contact(self, ctx: RouteContext, eprefix: str, eaddr: str) -> int:
        """Write each Contact URI into the user part of a URI at another address.

        sip:user:password@ip:port;transport=tcp becomes sip:prefix*user*password*ip*port*tcp@address; other
        parameters are lost.

        Args:
            eprefix: what the user part begins with.
            eaddr: the address.
        Returns: 1, -1 when there is no Contact or one cannot be read.
        """
        if not eaddr:
            return -1
        return _rewrite(ctx, lambda uri: self._hidden(uri, eprefix, eaddr), missing=-1)

    @function()
    def decode_contact(self, ctx: RouteContext) -> int:
        """Turn a Request-URI made by encode_contact back.

        Returns: 1, -1 when it was not made so.
        """
        uri = parsed_uri(self.unhidden(ctx.target.uri) or "")
        if uri is None:
            return -1
        ctx.target.uri = uri.text
        return 1

    @function()
    def decode_contact_header(self, ctx: RouteContext) -> int:
        """Turn each Contact URI made by encode_contact back.

        Returns: 1, -1 when there is no Contact or one was not made so.
        """
        return _rewrite(ctx, lambda uri: self.unhidden(uri.text), missing=-1)

    @function()
    def contact_param_encode(self, ctx: RouteContext, nparam: str, saddr: str) -> int:
        """Write each Contact URI, base64url-encoded, into a parameter of another URI.

        Args:
            nparam: the parameter's name.
            saddr: the other URI.
        Returns: 1, also without Contact; -1 when a parameter is empty or a Contact cannot be read.
        """
        if not nparam or not saddr:
            return -1
        return _rewrite(ctx, lambda uri: f"{saddr};{nparam}={_encode(uri.text)}")

    @function()
    def contact_param_encode_alias(self, ctx: RouteContext, nparam: str, saddr: str) -> int:
        """Do as contact_param_encode, first adding ;alias=ip~port~transport where the source is another.

        Args:
            nparam: the parameter's name.
            saddr: the other URI.
        Returns: 1, also without Contact; -1 when a parameter is empty or a Contact cannot be read.
        """
        if not nparam or not saddr:
            return -1
        return _rewrite(ctx, lambda uri: f"{saddr};{nparam}={_encode(_with_alias(ctx, uri))}")

    @function()
    def contact_param_decode(self, ctx: RouteContext, nparam: str) -> int:
        """Turn each Contact URI made by contact_param_encode back; others stay.

        Args:
            nparam: the parameter's name.
        Returns: 1, also without Contact; -1 when a parameter holds no URI or a Contact cannot be read.
        """
        name = nparam.lower()
        return _rewrite(ctx, lambda uri: _decode(uri.params[name]) if uri.params.get(name) else uri.text)

    @function()
    def contact_param_decode_ruri(self, ctx: RouteContext, nparam: str) -> int:
        """Turn a Request-URI made by contact_param_encode back.

        Args:
            nparam: the parameter's name.
        Returns: 1, also when it has no such parameter; -1 when the parameter holds no URI.
        """
        uri = request_uri(ctx)
        if uri is None:
            return -1
        value = uri.params.get(nparam.lower())
        if not value:
            return 1
        decoded = _decode(value)
        if decoded is None:
            return -1
        ctx.target.uri = decoded
        return 1

    @function()
    def contact_param_rm(self, ctx: RouteContext, nparam: str) -> int:
        """Remove a parameter from each Contact URI.

        Args:
            nparam: the parameter's name.
        Returns: 1, also when there is none; -1 when a Contact cannot be read.
        """
        return _rewrite(ctx, lambda uri: without_parameter(uri, nparam))

    @function()
    def contact_param_check(self, ctx: RouteContext, nparam: str) -> int:
        """Whether a Contact URI has a parameter.

        Args:
            nparam: the parameter's name.
        Returns: 1 when one has, -1 when none has.
        """
        uris = [parsed_uri(contact.uri_text) for contact in contacts_of(ctx.message) or []]
        return 1 if any(uri is not None and nparam.lower() in uri.params for uri in uris) else -1

    def _hidden(self, uri: Uri, prefix: str, address: str) -> str:
        port = "" if uri.port is None else str(uri.port)
        fields = (prefix, uri.user, uri.password, uri.host, port, uri.params.get("transport", ""))
        return f"{uri.scheme}:{self.separator.join(fields)}@{address}"

    def unhidden(self, text: str) -> str | None:
        """The URI encode_contact hid in `text`, later parameters kept; None when there is none."""
        scheme, _, rest = text.partition(":")
        userinfo, at, tail = rest.partition("@")
        fields = userinfo.split(self.separator)
        if not at or len(fields) != 6:
            return None
        _, user, password, host, port, transport = fields
        if not host or (password and not user):
            return None
        _, semicolon, parameters = tail.partition(";")
        login = f"{user}:{password}@" if password else f"{user}@" if user else ""
        place = f"{host}:{port}" if port else host
        return (
            f"{scheme}:{login}{place}{f';transport={transport}' if transport else ''}{semicolon}{parameters}"
        )


def without_parameter(uri: Uri, name: str) -> str:
    """The URI's text without one parameter, the others byte for byte."""
    head, at, tail = uri.text.rpartition("@") if "@" in uri.text.partition("?")[0] else ("", "", uri.text)
    place, question, headers = tail.partition("?")
    first, *parameters = place.split(";")
    kept = [item for item in parameters if item.partition("=")[0].lower() != name.lower()]
    return head + at + ";".join([first, *kept]) + question + headers


def _rewrite(ctx: RouteContext, change: Callable[[Uri], str | None], missing: int = 1) -> int:
    """Exchange every Contact URI by what `change` makes of it. Nothing happens when one of them fails."""
    contacts = contacts_of(ctx.message)
    if contacts is None:
        return -1
    if not contacts:
        return missing
    edits: list[tuple[NameAddr, str]] = []
    for contact in contacts:
        uri = parsed_uri(contact.uri_text)
        changed = None if uri is None else change(uri)
        if changed is None or parsed_uri(changed) is None:
            return -1
        if changed != contact.uri_text:
            edits.append((contact, changed))
    for contact, changed in edits:
        _replace_uri(ctx, contact, changed)
    return 1


def _replace_uri(ctx: RouteContext, contact: NameAddr, text: str) -> None:
    """Exchange the URI of a Contact, with angle brackets added when it has none."""
    whole, start = ctx.message.text, contact.start
    if whole[start] == '"':
        start = skip_quoted(whole, start, contact.end)
    angle = whole.find("<", start, contact.end)
    if angle >= 0:
        ctx.edits.replace(angle + 1, whole.index(">", angle), text)
    else:
        at = whole.index(contact.uri_text, start)
        ctx.edits.replace(at, at + len(contact.uri_text), f"<{text}>")


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("latin-1")).decode("ascii").rstrip("=")


def _decode(value: str) -> str | None:
    """The URI in a parameter, None when it holds none."""
    padded = value + "=" * (-len(value) % 4)
    try:
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("latin-1")
    except ValueError:
        return None
    return text if parsed_uri(text) is not None else None


def _with_alias(ctx: RouteContext, uri: Uri) -> str:
    source = ctx.source
    protocol = source.listener.protocol
    same = hosts_equal(uri.host, source.host) and (uri.port or 5060) == source.port
    if same and (uri.transport or "udp") == protocol:
        return uri.text
    return f"{uri.text};alias={bracketed(source.host)}~{source.port}~{protocol_number(protocol)}"
