"""textopsx: applying pending edits, the status of a reply, header values, iterators, shell patterns."""

import fnmatch
import logging
import re
from functools import lru_cache
from typing import Final

from luasip.errors import PatternError, SipError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, Route, function
from luasip.kemi.posix_regex import compile_posix
from luasip.modules.textopsx.iterators import Iterators, forget_iterators
from luasip.modules.textopsx.values import Values
from luasip.sip.edits import Edits
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message
from luasip.sip.via import received_via

_logger = logging.getLogger("luasip.textopsx")

ALWAYS_KEPT: Final = frozenset(
    (
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "content-length",
        "content-type",
        "max-forwards",
        "contact",
        "route",
        "record-route",
    )
)
"""Headers keep_hf never removes."""

_WHOLE_MESSAGE_ROUTES: Final = Route.REQUEST | Route.REPLY | Route.EVENT


class Textopsx(Values, Iterators):
    """textopsx: more on the text of the message."""

    name = "textopsx"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self.settings = settings
        self.services = services

    @function()
    def msg_apply_changes(self, ctx: RouteContext) -> int:
        """Carry out all pending edits, so that reads see them. Request-URI and destination stay as they are.

        Returns: 1; -1 in routes of a transaction (their message is stored already), or when the result is no
        message.
        """
        if not ctx.route & _WHOLE_MESSAGE_ROUTES:
            return -1
        if not ctx.edits:
            return 1
        message = _parsed(ctx.edits.apply(ctx.message))
        return -1 if message is None else _take(ctx, message)

    @function()
    def msg_set_buffer(self, ctx: RouteContext, obuf: str) -> int:
        """Put another message in the place of this one; pending edits are forgotten.

        Args:
            obuf: its text, a request for a request and a reply for a reply.
        Returns: 1; -1 in routes of a transaction, or when the text is no such message.
        """
        message = _parsed(obuf) if ctx.route & _WHOLE_MESSAGE_ROUTES else None
        if message is None or message.is_request != ctx.is_request:
            return -1
        if isinstance(message, Request):
            ctx.target.uri = message.request_uri
        return _take(ctx, message)

    @function(Route.REPLY | Route.ONREPLY | Route.EVENT)
    def change_reply_status(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Give the reply another status and reason phrase.

        Args:
            code: 100 to 699; provisional and 2xx replies keep their class.
            reason: the reason phrase.
        Returns: 1, -1 when the status is not allowed or the message is no reply.
        """
        reply = ctx.message
        if not isinstance(reply, Response) or not 100 <= code <= 699 or "\r" in reason or "\n" in reason:
            return -1
        if (code < 300 or reply.status < 300) and code // 100 != reply.status // 100:
            return -1
        reply.status, reply.reason = code, reason
        ctx.edits.set_start_line(f"{reply.version} {code} {reason}")
        return 1

    @function(Route.REPLY | Route.ONREPLY | Route.EVENT)
    def change_reply_status_code(self, ctx: RouteContext, code: int) -> int:
        """Give the reply another status; its reason phrase stays.

        Args:
            code: 100 to 699; provisional and 2xx replies keep their class.
        Returns: 1, -1 when the status is not allowed or the message is no reply.
        """
        reply = ctx.message
        return self.change_reply_status(ctx, code, reply.reason) if isinstance(reply, Response) else -1

    @function()
    def remove_body(self, ctx: RouteContext) -> int:
        """Remove the body; Content-Length becomes 0.

        Returns: 1, also when there is none.
        """
        if ctx.message.body or ctx.edits.new_body:
            ctx.edits.set_body("", None)
        return 1

    @function()
    def keep_hf(self, ctx: RouteContext) -> int:
        """Remove all headers but those a message needs.

        Via, From, To, Call-ID, CSeq, Content-Length, Content-Type, Max-Forwards, Contact, Route and
        Record-Route stay.

        Returns: 1.
        """
        return _keep(ctx, None)

    @function()
    def keep_hf_re(self, ctx: RouteContext, sre: str) -> int:
        """Remove all headers but those keep_hf leaves and those whose name matches a pattern.

        Args:
            sre: POSIX extended regular expression, case ignored.
        Returns: 1, -1 when the pattern is malformed.
        """
        if not sre:
            return -1
        try:
            return _keep(ctx, compile_posix(sre, "in"))
        except PatternError as error:
            _logger.error("keep_hf: %s", error)
            return -1

    @function()
    def fnmatch(self, ctx: RouteContext, val: str, match: str) -> int:
        """Compare a text with a shell pattern.

        Args:
            val: the text.
            match: the pattern with *, ? and [...]; a backslash takes their meaning away.
        Returns: 1 when the whole text matches, -1 when not.
        """
        return self.fnmatch_ex(ctx, val, match, "")

    @function()
    def fnmatch_ex(self, ctx: RouteContext, val: str, match: str, flags: str) -> int:
        """Compare a text with a shell pattern.

        Args:
            val: the text.
            match: the pattern with *, ? and [...]; a backslash takes their meaning away.
            flags: "i" to ignore case.
        Returns: 1 when the whole text matches, -1 when not.
        """
        return 1 if _shell_pattern(match, "i" in flags.lower()).match(val) else -1


def _keep(ctx: RouteContext, pattern: re.Pattern[str] | None) -> int:
    for line in ctx.message.headers:
        if line.key not in ALWAYS_KEPT and (pattern is None or not pattern.search(line.name)):
            ctx.edits.remove_header(line)
    return 1


@lru_cache(maxsize=512)
def _shell_pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """A shell pattern as a regular expression; an escaped character becomes a class of one."""
    plain = re.sub(r"\\(.)", lambda m: f"[{m.group(1)}]" if m.group(1) in "*?[" else m.group(1), pattern)
    return re.compile(fnmatch.translate(plain), re.IGNORECASE if ignore_case else 0)


def _parsed(text: str) -> Request | Response | None:
    try:
        return parse_message(text)
    except SipError as error:
        _logger.error("the changed message is no SIP message: %s", error)
        return None


def _take(ctx: RouteContext, message: Request | Response) -> int:
    """Make `message` the context's. What was noted by offset in the old one is forgotten."""
    old = ctx.message
    if isinstance(message, Request):
        try:
            if isinstance(old, Request) and message.top_via.text == old.top_via.text:
                message.top_via_text = old.top_via_text
            else:
                source = ctx.source
                message.top_via_text = received_via(
                    message.top_via, source.host, source.port, ctx.rport_forced
                )
        except SipError:
            return -1
    ctx.message = message
    ctx.edits = Edits()
    for note in ("textopsx.removed", "textops.content_type", "textops.mime_version"):
        ctx.attributes.pop(note, None)
    forget_iterators(ctx)
    return 1
