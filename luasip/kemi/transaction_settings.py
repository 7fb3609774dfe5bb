"""How transactions behave. Each reads it, so that it stands apart from interfaces, which mypyc cannot compile."""

from dataclasses import dataclass, field

from luasip.proxy.response_context import ForkingSettings
from luasip.transaction.timers import TransactionTimers


@dataclass(frozen=True, slots=True)
class TransactionSettings:
    """How transactions behave; the defaults are Kamailio's."""

    timers: TransactionTimers = field(default_factory=TransactionTimers)
    forking: ForkingSettings = field(default_factory=ForkingSettings)
    auto_invite_100: bool = True
    """Send 100 Trying by ourselves when an INVITE is relayed or suspended."""
    trying_reason: str = "trying -- your call is important to us"
    e2e_cancel_reason: bool = True
    """Carry the Reason headers of a CANCEL to the CANCELs we send."""
    add_local_cancel_reason: bool = True
    """Put a Reason header of our own into CANCELs we send because another branch answered."""
    disable_6xx: bool = False
    """A 6xx does not end the other branches."""
    local_request_callback: str = ""
    """Lua function that hears of requests the server makes itself, "" for none."""
    default_code: int = 500
    default_reason: str = "Server Internal Error"
