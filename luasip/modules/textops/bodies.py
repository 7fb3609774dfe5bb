"""textops functions on the body: what it is, a new one, and the parts of a multipart one. Changes are pending.

A body set earlier in the run counts as the body for the multipart functions; all reads are of the received
one.
"""

from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.multipart import (
    DEFAULT_BOUNDARY,
    Part,
    boundary_of,
    media_type_of,
    read_parts,
    write_part,
)
from luasip.sip.sdp import parse_sdp, read_attributes

_CONTENT_TYPE: Final = "textops.content_type"
_HOLD_MODES: Final = ("sendonly", "inactive")


class Bodies(Module):
    """Bodies and their parts."""

    services: Services

    @function()
    def has_body(self, ctx: RouteContext) -> int:
        """Whether the message has a body.

        Returns: 1 when it has, -2 when it is empty.
        """
        return 1 if ctx.message.body else -2

    @function()
    def has_body_type(self, ctx: RouteContext, ctype: str) -> int:
        """Whether the message has a body of a type. Without Content-Type it counts as application/sdp.

        Args:
            ctype: "type/subtype" or "type/*"; "" for any.
        Returns: 1 when it has, -1 when not.
        """
        if not ctx.message.body:
            return -1
        actual = ctx.message.media_type or "application/sdp"
        wanted = media_type_of(ctype)
        if wanted.endswith("/*"):
            return 1 if actual.startswith(wanted[:-1]) else -1
        return 1 if wanted in ("", actual) else -1

    @function()
    def is_audio_on_hold(self, ctx: RouteContext) -> int:
        """Whether the session description puts an audio stream on hold: address 0.0.0.0, sendonly or inactive.

        Returns: 1 when it does, -1 when not or when there is no session description.
        """
        try:
            session = parse_sdp(_session_description(ctx))
        except SipError:
            return -1
        for section in session.media:
            if section.media.lower() != "audio":
                continue
            if section.connection is not None and section.connection.address == "0.0.0.0":
                return 1
            own = [mode for mode in ("sendrecv", "recvonly", *_HOLD_MODES) if section.attributes(mode)]
            common = [mode for mode in _HOLD_MODES if read_attributes(session.lines, mode)]
            if any(mode in _HOLD_MODES for mode in own or common):
                return 1
        return -1

    @function()
    def set_body(self, ctx: RouteContext, nb: str, nc: str) -> int:
        """Replace the body.

        Args:
            nb: the new one.
            nc: its Content-Type.
        Returns: 1, -1 when one is empty.
        """
        if not nb or not nc:
            return -1
        _set_body(ctx, nb, nc)
        return 1

    @function()
    def set_body_hex(self, ctx: RouteContext, htxt: str, ct: str) -> int:
        """Replace the body by bytes given as hexadecimal digits.

        Args:
            htxt: the digits, two a byte.
            ct: the Content-Type.
        Returns: 1, -1 when one is empty or the digits are wrong.
        """
        return self.set_body(ctx, _from_hex(htxt), ct)

    @function()
    def set_reply_body(self, ctx: RouteContext, nb: str, nc: str) -> int:
        """Give the replies the server makes to this request a body.

        Args:
            nb: the body.
            nc: its Content-Type.
        Returns: 1, -1 when one is empty.
        """
        if not nb or not nc:
            return -1
        ctx.reply_body = (nb, nc)
        return 1

    @function()
    def set_reply_body_hex(self, ctx: RouteContext, htxt: str, ct: str) -> int:
        """Give the replies the server makes a body given as hexadecimal digits.

        Args:
            htxt: the digits, two a byte.
            ct: the Content-Type.
        Returns: 1, -1 when one is empty or the digits are wrong.
        """
        return self.set_reply_body(ctx, _from_hex(htxt), ct)

    @function()
    def filter_body(self, ctx: RouteContext, content_type: str) -> int:
        """Leave of a multipart body only what its first part of a type holds. Content-Type stays as it is.

        Args:
            content_type: "type/subtype".
        Returns: 1, -1 when the body is not multipart or has no such part.
        """
        body, parts = _parts(ctx, content_type)
        if not parts:
            return -1
        ctx.edits.set_body(body[parts[0].content : parts[0].content_end], None)
        return 1

    @function()
    def get_body_part(self, ctx: RouteContext, ctype: str, pvname: str) -> int:
        """Store what the first part of a type holds in a pseudo-variable.

        Args:
            ctype: "type/subtype".
            pvname: the pseudo-variable, such as "$var(x)".
        Returns: 1; -1 when there is no such part or the variable cannot be written.
        """
        body, parts = _parts(ctx, ctype)
        if not parts:
            return -1
        content = body[parts[0].content : parts[0].content_end]
        return 1 if self.services.variables.set(ctx, pvname, content) else -1

    @function()
    def get_body_part_raw(self, ctx: RouteContext, ctype: str, pvname: str) -> int:
        """Store the first part of a type, with its headers, in a pseudo-variable.

        Args:
            ctype: "type/subtype".
            pvname: the pseudo-variable, such as "$var(x)".
        Returns: 1; -1 when there is no such part or the variable cannot be written.
        """
        body, parts = _parts(ctx, ctype)
        if not parts:
            return -1
        content = body[parts[0].headers : parts[0].content_end]
        return 1 if self.services.variables.set(ctx, pvname, content) else -1

    @function()
    def remove_body_part(self, ctx: RouteContext, content_type: str) -> int:
        """Remove the parts of a type from a multipart body.

        Args:
            content_type: "type/subtype".
        Returns: 1, -1 when the body is not multipart or has no such part.
        """
        body, parts = _parts(ctx, content_type)
        if not parts:
            return -1
        if ctx.edits.new_body is None:
            for part in parts:
                ctx.edits.delete(ctx.message.body_start + part.start, ctx.message.body_start + part.end)
            return 1
        for part in reversed(parts):
            body = body[: part.start] + body[part.end :]
        _set_body(ctx, body, _content_type(ctx))
        return 1

    @function()
    def append_body_part(self, ctx: RouteContext, txt: str, ct: str) -> int:
        """Add a part to a multipart body.

        Args:
            txt: what it holds.
            ct: its Content-Type.
        Returns: 1, -1 when one is empty or the body is not multipart.
        """
        return self.append_body_part_cd(ctx, txt, ct, "")

    @function()
    def append_body_part_cd(self, ctx: RouteContext, txt: str, ct: str, cd: str) -> int:
        """Add a part with a Content-Disposition to a multipart body.

        Args:
            txt: what it holds.
            ct: its Content-Type.
            cd: its Content-Disposition, "" for none.
        Returns: 1, -1 when text or type is empty or the body is not multipart.
        """
        boundary = boundary_of(_content_type(ctx))
        if not txt or not ct or not boundary:
            return -1
        body = _body(ctx)
        closing = read_parts(body, boundary)[1]
        text = write_part(boundary, txt, ct, cd)
        if closing == len(body):
            text = f"{'' if body.endswith(chr(10)) else chr(13) + chr(10)}{text}--{boundary}--\r\n"
        if ctx.edits.new_body is None:
            ctx.edits.insert(ctx.message.body_start + closing, text)
        else:
            _set_body(ctx, body[:closing] + text + body[closing:], _content_type(ctx))
        return 1

    @function()
    def append_body_part_hex(self, ctx: RouteContext, txt: str, ct: str) -> int:
        """Add a part given as hexadecimal digits to a multipart body.

        Args:
            txt: the digits, two a byte.
            ct: its Content-Type.
        Returns: 1, -1 when one is empty, the digits are wrong or the body is not multipart.
        """
        return self.append_body_part_cd(ctx, _from_hex(txt), ct, "")

    @function()
    def append_body_part_hex_cd(self, ctx: RouteContext, htxt: str, ct: str, cd: str) -> int:
        """Add a part given as hexadecimal digits, with a Content-Disposition, to a multipart body.

        Args:
            htxt: the digits, two a byte.
            ct: its Content-Type.
            cd: its Content-Disposition, "" for none.
        Returns: 1, -1 when digits or type are empty or wrong, or the body is not multipart.
        """
        return self.append_body_part_cd(ctx, _from_hex(htxt), ct, cd)

    @function()
    def set_body_multipart(self, ctx: RouteContext, nbody: str, ctype: str, boundary: str) -> int:
        """Make the body a multipart/mixed one with one part: the given text, or the body there is.

        Args:
            nbody: what the part holds; "" for the present body.
            ctype: its Content-Type.
            boundary: the boundary, "" for "unique-boundary-1".
        Returns: 1, also when the body is multipart already; -1 when only one of nbody and ctype is given.
        """
        if bool(nbody) != bool(ctype):
            return -1
        if not nbody:
            ctype = _content_type(ctx)
            if boundary_of(ctype):
                return 1
            nbody, ctype = _body(ctx), ctype or "application/sdp"
        boundary = boundary or DEFAULT_BOUNDARY
        part = write_part(boundary, nbody, ctype) if nbody else ""
        _set_body(ctx, f"{part}--{boundary}--\r\n", f'multipart/mixed;boundary="{boundary}"')
        if ctx.message.first("mime-version") is None and not ctx.attributes.get("textops.mime_version"):
            ctx.edits.append_header(ctx.message, "Mime-Version: 1.0\r\n")
            ctx.attributes["textops.mime_version"] = True
        return 1

    @function()
    def set_body_multipart_mode(self, ctx: RouteContext) -> int:
        """Make the body a multipart/mixed one whose part is the body there is.

        Returns: 1.
        """
        return self.set_body_multipart(ctx, "", "", "")

    @function()
    def set_body_multipart_boundary(self, ctx: RouteContext, boundary: str) -> int:
        """Make the body a multipart/mixed one whose part is the body there is.

        Args:
            boundary: the boundary, "" for "unique-boundary-1".
        Returns: 1.
        """
        return self.set_body_multipart(ctx, "", "", boundary)

    @function()
    def set_body_multipart_content(self, ctx: RouteContext, nbody: str, ctype: str) -> int:
        """Make the body a multipart/mixed one with one part.

        Args:
            nbody: what the part holds.
            ctype: its Content-Type.
        Returns: 1, -1 when one is empty.
        """
        return self.set_body_multipart(ctx, nbody, ctype, "") if nbody else -1


def _set_body(ctx: RouteContext, body: str, content_type: str) -> None:
    ctx.edits.set_body(body, content_type)
    ctx.attributes[_CONTENT_TYPE] = content_type


def _body(ctx: RouteContext) -> str:
    """The body as it will leave, as far as whole bodies were set."""
    new = ctx.edits.new_body
    return ctx.message.body if new is None else new


def _content_type(ctx: RouteContext) -> str:
    """The Content-Type that goes with `_body`."""
    if ctx.edits.new_body is None:
        return ctx.message.content_type
    return str(ctx.attributes.get(_CONTENT_TYPE, ctx.message.content_type))


def _parts(ctx: RouteContext, content_type: str) -> tuple[str, list[Part]]:
    """The body, and its parts of a type."""
    body, boundary = _body(ctx), boundary_of(_content_type(ctx))
    if not boundary:
        return body, []
    wanted = media_type_of(content_type)
    return body, [part for part in read_parts(body, boundary)[0] if part.media_type == wanted]


def _session_description(ctx: RouteContext) -> str:
    """The SDP body, or the first SDP part of a multipart one."""
    body, boundary = ctx.message.body, boundary_of(ctx.message.content_type)
    if not boundary:
        return body
    for part in read_parts(body, boundary)[0]:
        if part.media_type == "application/sdp":
            return body[part.content : part.content_end]
    return ""


def _from_hex(digits: str) -> str:
    """The bytes, "" when the digits are wrong."""
    try:
        return bytes.fromhex(digits).decode("latin-1")
    except ValueError:
        return ""
