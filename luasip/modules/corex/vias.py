"""corex functions on the Via the server adds to a request, and on the one replies go back by.

XAVP fields are taken as they are when the function is called.
"""

from dataclasses import dataclass

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Module, function
from luasip.kemi.lists import XavpRecord
from luasip.kemi.own_via import set_via_parameters, set_via_sent_by
from luasip.sip.message import Request


class Vias(Module):
    """What goes into Via."""

    @dataclass
    class Settings:
        """What goes into the server's own Via."""

        server_id: int = 0
        """Number via_add_srvid writes as ;srvid; 0: none."""

        xavp_via_params: str = ""
        """XAVP whose fields via_add_xavp_params adds as parameters."""

        xavp_via_fields: str = ""
        """XAVP whose fields "address" and "port" via_use_xavp_fields writes as sent-by."""

        xavp_via_reply_params: str = ""
        """XAVP whose fields via_reply_add_xavp_params adds to the top Via of replies."""

    settings: Settings

    @function()
    def via_add_srvid(self, ctx: RouteContext, fval: int) -> int:
        """Add the server_id of the settings to the server's Via, or take it away.

        Args:
            fval: 1 add, 0 take away.
        Returns: 1.
        """
        number = self.settings.server_id
        set_via_parameters(ctx, "srvid", f";srvid={number}" if fval and number else "")
        return 1

    @function()
    def via_add_xavp_params(self, ctx: RouteContext, fval: int) -> int:
        """Add the fields of the XAVP xavp_via_params to the server's Via, or take them away.

        Args:
            fval: 1 add, 0 take away.
        Returns: 1.
        """
        set_via_parameters(ctx, "xavp", _parameters(ctx, self.settings.xavp_via_params) if fval else "")
        return 1

    @function()
    def via_use_xavp_fields(self, ctx: RouteContext, fval: int) -> int:
        """Write the fields "address" and "port" of the XAVP xavp_via_fields into the server's Via.

        Args:
            fval: 1 write them, 0 go back to the socket's address.
        Returns: 1.
        """
        fields = _fields(ctx, self.settings.xavp_via_fields) if fval else {}
        address, port = fields.get("address", ""), fields.get("port", "")
        set_via_sent_by(ctx, f"{address}:{port}" if address and port else address)
        return 1

    @function()
    def via_reply_add_xavp_params(self, ctx: RouteContext, fval: int) -> int:
        """Add the fields of the XAVP xavp_via_reply_params, as they are now, to the top Via of replies.

        Args:
            fval: 1 add, 0 do nothing.
        Returns: 1.
        """
        if fval and isinstance(ctx.message, Request):
            parameters = _parameters(ctx, self.settings.xavp_via_reply_params)
            if parameters and parameters not in ctx.message.top_via_text:
                ctx.message.top_via_text += parameters
        return 1


def _fields(ctx: RouteContext, name: str) -> dict[str, str]:
    """The newest record of an XAVP as text, in the order its fields were made."""
    records = ctx.lists.xavps.get(name) if name else None
    if not records or not isinstance(records[0], XavpRecord):
        return {}
    fields = records[0].fields
    return {field: str(values[0]) for field, values in fields.items() if values}


def _parameters(ctx: RouteContext, name: str) -> str:
    return "".join(
        f";{field}={value}" if value else f";{field}" for field, value in _fields(ctx, name).items()
    )
