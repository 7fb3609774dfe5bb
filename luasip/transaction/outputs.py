"""What a machine tells its caller to do: one int, a mask of these bits, called a step.

Perform the bits from the lowest to the highest. That order is promised: what goes to the wire goes before the
transaction user hears of the event (its answer may depend on it), and TERMINATED is always last, after which
the machine is forgotten and every further call on it returns NOTHING.

Plain ints, not an IntFlag: a step is made and tested for every message. This module must not know what a
transport or a message is.
"""

from typing import Final

NOTHING: Final = 0

SEND: Final = 1
"""Send again what was sent last: the client's request; the server's newest response. For
`send_response` of a server it means: send the response just given (and keep it for the next SEND)."""

SEND_TRYING: Final = 2
"""Build a 100 (Trying), send it and keep it as the last response (RFC 4320 §4.1)."""

SEND_ACK: Final = 4
"""Send the hop-by-hop ACK for the final response just given (RFC 3261 §17.1.1.3)."""

SEND_CANCEL: Final = 8
"""Send a CANCEL for this branch in a client transaction of its own (RFC 3261 §9.1)."""

PASS: Final = 16
"""Hand what was just received to the transaction user."""

TIMEOUT: Final = 32
"""Nobody answered in time. Client: treat as a 408 on this branch. Server: no ACK came, or the transaction
user never answered."""

TRANSPORT_ERROR: Final = 64
"""Sending failed. Client: treat as a 503 on this branch (RFC 3261 §16.9). Server: the response is lost."""

TERMINATED: Final = 128
"""The machine has ended: take it out of the table."""

NAMES: Final = (
    "SEND", "SEND_TRYING", "SEND_ACK", "SEND_CANCEL", "PASS", "TIMEOUT", "TRANSPORT_ERROR", "TERMINATED",
)  # fmt: skip


def describe(step: int) -> str:
    """A step in words, in the order to perform it: "SEND_ACK PASS"; "NOTHING" for 0."""
    return " ".join(name for bit, name in enumerate(NAMES) if step & (1 << bit)) or "NOTHING"
