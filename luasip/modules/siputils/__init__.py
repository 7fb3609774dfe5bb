"""siputils: questions about the message, URIs and short texts; Contact encoding; the answer to OPTIONS."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from luasip.errors import SipError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.credentials import accepted_credentials
from luasip.kemi.current import request_uri
from luasip.kemi.declare import Route, function
from luasip.modules.siputils import dialogs
from luasip.modules.siputils.contacts import Contacts
from luasip.modules.siputils.uris import Uris
from luasip.sip.message import Request
from luasip.sip.uri import Uri, hosts_equal


class Siputils(Uris, Contacts):
    """siputils: questions about messages, URIs and texts."""

    name = "siputils"
    changeable = (
        *("options_accept", "options_accept_encoding", "options_accept_language", "options_support"),
        *("contact_flds_separator",),
    )

    @dataclass
    class Settings:
        """What OPTIONS is answered with, and how Contact URIs are encoded."""

        options_accept: str = "*/*"
        """Accept header of the answer to OPTIONS."""

        options_accept_encoding: str = ""
        """Accept-Encoding header of the answer to OPTIONS."""

        options_accept_language: str = "en"
        """Accept-Language header of the answer to OPTIONS."""

        options_support: str = ""
        """Supported header of the answer to OPTIONS."""

        contact_flds_separator: str = "*"
        """Its first character separates what encode_contact puts into a user part."""

    settings: Settings

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self.settings_changed()

    def settings_changed(self) -> None:
        """Read the separator."""
        self.separator = self.settings.contact_flds_separator[:1] or "*"

    @function()
    def is_request(self, ctx: RouteContext) -> int:
        """Whether the message is a request.

        Returns: 1 when it is, -1 when not.
        """
        return 1 if ctx.is_request else -1

    @function()
    def is_reply(self, ctx: RouteContext) -> int:
        """Whether the message is a reply.

        Returns: 1 when it is, -1 when not.
        """
        return -1 if ctx.is_request else 1

    @function()
    def is_sip(self, ctx: RouteContext) -> int:
        """Whether the message is SIP.

        Returns: 1 when it is, -1 when not.
        """
        return 1 if _version(ctx).startswith("SIP/") else -1

    @function()
    def is_http(self, ctx: RouteContext) -> int:
        """Whether the message is HTTP.

        Returns: 1 when it is, -1 when not.
        """
        return 1 if _version(ctx).startswith("HTTP/") else -1

    @function(body=dialogs.has_totag)
    def has_totag(self, ctx: RouteContext) -> int:
        """Whether To has a tag: the request belongs to a dialog.

        Returns: 1 when it has, -1 when not.
        """
        return dialogs.has_totag(self, ctx)

    @function()
    def is_user(self, ctx: RouteContext, suser: str) -> int:
        """Compare the user name in the credentials an auth module has accepted.

        Args:
            suser: the name.
        Returns: 1 when it is the same, -1 when not or when nobody has been authenticated.
        """
        accepted = accepted_credentials(ctx)
        return 1 if accepted is not None and accepted.params.get("username") == suser else -1

    @function()
    def is_first_hop(self, ctx: RouteContext) -> int:
        """Whether the message comes straight from an end: one Via, or our Record-Route on top of a reply.

        Returns: 1 when it does, -1 when not.
        """
        return self.is_first_hop_mode(ctx, 0)

    @function()
    def is_first_hop_mode(self, ctx: RouteContext, mode: int) -> int:
        """Whether the message comes straight from an end.

        Args:
            mode: 0 the Record-Route on top of a reply must be an IP address of ours that is not its source;
                1 any address or name of ours.
        Returns: 1 when it does, -1 when not.
        """
        try:
            if isinstance(ctx.message, Request):
                return 1 if len(ctx.message.vias) < 2 else -1
            record_routes = ctx.message.record_routes
            if not record_routes:
                return 1
            uri = record_routes[0].uri
        except SipError:
            return 1 if ctx.is_request else -1
        if mode == 0 and not _is_address(uri.host):
            return -1
        if not self.services.is_myself(uri.host, uri.port or 0, uri.transport):
            return -1
        return -1 if mode == 0 and _is_source(ctx, uri) else 1

    @function()
    def sip_parse_headers(self, ctx: RouteContext) -> int:
        """Read all headers; here they always are.

        Returns: 1.
        """
        return 1

    @function()
    def hdr_date_check(self, ctx: RouteContext, tdiff: int) -> int:
        """Whether the Date header is not too old.

        Args:
            tdiff: greatest age in seconds.
        Returns: 1 when it is not, -1 when there is none or it cannot be read, -4 when it is too old.
        """
        line = ctx.message.first("date")
        if line is None:
            return -1
        try:
            sent_at = parsedate_to_datetime(line.value).timestamp()
        except (ValueError, OverflowError):
            return -1
        return -4 if self.services.wall_clock() > sent_at + tdiff else 1

    @function(Route.REQUEST | Route.EVENT)
    def options_reply(self, ctx: RouteContext) -> int:
        """Answer an OPTIONS request for the server itself: 200 with the Accept headers and Supported.

        Returns: 0 when answered; -1 when it is no OPTIONS, its Request-URI has a user, or sending failed.
        """
        uri = request_uri(ctx)
        if not isinstance(ctx.message, Request) or ctx.message.method != "OPTIONS" or uri is None or uri.user:
            return -1
        settings = self.settings
        ctx.reply_headers.append(
            f"Accept: {settings.options_accept}\r\n"
            f"Accept-Encoding: {settings.options_accept_encoding}\r\n"
            f"Accept-Language: {settings.options_accept_language}\r\n"
            f"Supported: {settings.options_support}\r\n"
        )
        return 0 if self.services.reply(ctx, 200, "OK") > 0 else -1


def _version(ctx: RouteContext) -> str:
    message = ctx.message
    return message.version.upper()


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal()


def _is_source(ctx: RouteContext, uri: Uri) -> bool:
    """Whether the message came from the very socket `uri` names: it went round."""
    source = ctx.source
    if not hosts_equal(uri.host, source.host) or (uri.port or 5060) != source.port:
        return False
    return (uri.transport or "udp") == source.listener.protocol
