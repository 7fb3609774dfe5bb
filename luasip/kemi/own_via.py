"""What a script wants in the Via the server adds to a request: another sent-by, further parameters.

Kept with the run's attributes, so that branches inherit it; the server reads it when it writes the Via.
"""

from typing import Final

from luasip.kemi.context import RouteContext

_SENT_BY: Final = "via.sent_by"
_PARAMETERS: Final = "via.parameters"


def set_via_sent_by(ctx: RouteContext, sent_by: str) -> None:
    """Write `host[:port]` in place of the sending socket's address; "" goes back to it."""
    ctx.attributes[_SENT_BY] = sent_by


def set_via_parameters(ctx: RouteContext, name: str, text: str) -> None:
    """Add `text`, parameters each with its ';', under a name of the caller's; "" takes them away."""
    ctx.attributes[_PARAMETERS] = {**ctx.attributes.get(_PARAMETERS, {}), name: text}


def via_sent_by(ctx: RouteContext) -> str:
    """The sent-by asked for, "" when none."""
    return str(ctx.attributes.get(_SENT_BY, ""))


def via_parameters(ctx: RouteContext) -> str:
    """All parameters asked for, each with its ';'."""
    parameters = ctx.attributes.get(_PARAMETERS)
    return "".join(parameters.values()) if parameters else ""
