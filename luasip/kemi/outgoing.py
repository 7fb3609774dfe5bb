"""What ksr_onsend_route is about: the message that is just being sent, and where it goes."""

from dataclasses import dataclass
from typing import Final

from luasip.kemi.context import Listener, RouteContext

_KEY: Final = "onsend.outgoing"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way out. `host` is an IP literal without brackets, `text` what goes on the wire."""

    protocol: str
    host: str
    port: int
    listener: Listener
    text: str


def set_outgoing(ctx: RouteContext, sent: Outgoing) -> None:
    """Say what the context's message is becoming; called by the server before it runs ksr_onsend_route."""
    ctx.attributes[_KEY] = sent


def outgoing(ctx: RouteContext) -> Outgoing | None:
    """What is being sent, None outside ksr_onsend_route."""
    sent = ctx.attributes.get(_KEY)
    return sent if isinstance(sent, Outgoing) else None
