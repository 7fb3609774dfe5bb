"""xhttp: HTTP requests on the SIP port, answered by the script."""

import logging
import re
from dataclasses import dataclass
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, Route, function, variable
from luasip.sip.message import Request
from luasip.sip.status import reason_phrase

log = logging.getLogger("luasip.xhttp")

EVENT: Final = "xhttp:request"
REPLIED: Final = "xhttp.replied"

_LINE_END: Final = re.compile("[\r\n\0]")


class Xhttp(Module):
    """xhttp: a small HTTP server in the script.

    A request over a TCP connection whose first line is one of HTTP goes to the function of event_callback, which
    answers by xhttp_reply. It sees the request as it sees a SIP request: `$rm` the method, `$hu` the target, `$rb` the
    body, `$hdr(NAME)` a header, `$si` where it came from. Without event_callback such requests are dropped.
    """

    name = "xhttp"
    changeable = ("url_match", "url_skip")

    @dataclass
    class Settings:
        """Parameters of xhttp."""

        event_callback: str = ""
        """Lua function called with "xhttp:request" for each HTTP request."""
        url_match: str = ""
        """Regular expression; requests whose target does not match get 404 without the script. "" for all."""
        url_skip: str = ""
        """Regular expression; requests whose target matches get 404 without the script. "" for none."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self._services = services
        self.settings_changed()

    def settings_changed(self) -> None:
        """Read the expressions. Raises SettingsError."""
        self._match = _pattern("url_match", self.settings.url_match)
        self._skip = _pattern("url_skip", self.settings.url_skip)

    def start(self) -> None:
        """Take HTTP requests, when there is somebody to answer them."""
        if self.settings.event_callback:
            self._services.take_http(self.settings.event_callback, EVENT, self._admit, self._ended)

    @function(Route.EVENT)
    def xhttp_reply(self, ctx: RouteContext, code: int, reason: str, ctype: str, body: str) -> int:
        """Answer the HTTP request. Header lines of append_to_reply are sent too.

        Args:
            code: the status.
            reason: the reason phrase, "" for the usual one.
            ctype: value of Content-Type, "" for none.
            body: the body.
        Returns: 1, or -1 when the event is no HTTP request or was answered already.
        """
        return 1 if self.reply(ctx, code, reason, ctype, body) else -1

    @function(Route.EVENT)
    def get_hu(self, ctx: RouteContext) -> PvValue:
        """The target of the HTTP request, such as "/status?user=alice".

        Returns: it, nil when the event is no HTTP request.
        """
        return self.hu(ctx, "", None)

    @variable("hu")
    def hu(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """The target of an HTTP request, with what follows "?"; null for SIP."""
        return ctx.request.request_uri if is_http(ctx) else None

    def reply(self, ctx: RouteContext, code: int, reason: str, content_type: str, body: str) -> bool:
        """Answer an HTTP request; False when there is none, or it was answered."""
        if not is_http(ctx) or REPLIED in ctx.attributes or not 200 <= code <= 599:
            return False
        ctx.attributes[REPLIED] = code
        request = ctx.request
        is_last = closes(request)
        lines = [f"HTTP/1.1 {code} {_LINE_END.sub(' ', reason or reason_phrase(code))}\r\n"]
        if content_type:
            lines.append(f"Content-Type: {_LINE_END.sub(' ', content_type)}\r\n")
        if self._services.server_header:
            lines.append(f"Server: {self._services.server_header}\r\n")
        if is_last:
            lines.append("Connection: close\r\n")
        lines.append(f"Content-Length: {len(body)}\r\n\r\n")
        text = "".join([*lines[:-1], *ctx.reply_headers, lines[-1], "" if request.method == "HEAD" else body])
        self._services.count("xhttp:replies")
        return self._services.send_back(ctx.source, text, close=is_last)

    def _admit(self, ctx: RouteContext) -> bool:
        """Whether the script gets this request; it is answered when not."""
        self._services.count("xhttp:requests")
        target = ctx.request.request_uri
        if (self._match is None or self._match.search(target)) and not (
            self._skip and self._skip.search(target)
        ):
            return True
        self.reply(ctx, 404, "Not Found", "", "")
        return False

    def _ended(self, ctx: RouteContext) -> None:
        """The script has had its say: a client must not wait for ever."""
        if REPLIED not in ctx.attributes:
            log.warning("%s did not answer %s", self.settings.event_callback, ctx.request.request_uri[:100])
            self.reply(ctx, 500, "No Reply", "", "")


def is_http(ctx: RouteContext) -> bool:
    """Whether the message is an HTTP request."""
    return isinstance(ctx.message, Request) and ctx.message.version.startswith("HTTP/")


def closes(request: Request) -> bool:
    """Whether the connection of an HTTP request ends with its answer (RFC 9112 §9.3)."""
    line = request.first("connection")
    wanted = [] if line is None else [word.strip().lower() for word in line.value.split(",")]
    return "close" in wanted or (request.version == "HTTP/1.0" and "keep-alive" not in wanted)


def _pattern(name: str, text: str) -> "re.Pattern[str] | None":
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise SettingsError([f"modules.xhttp.{name}: {text!r}: {error}"]) from None
