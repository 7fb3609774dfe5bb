"""The states and inputs of the four machines, named as in RFC 3261 §17 and RFC 6026.

This module knows no transition: each machine's table stands in its own file.
"""

from enum import IntEnum
from typing import Final


class State(IntEnum):
    """A machine's state. Each machine uses some of them."""

    CALLING = 0
    """INVITE client: nothing received."""
    TRYING = 1
    """Non-INVITE client: nothing received; non-INVITE server: nothing sent."""
    PROCEEDING = 2
    """A provisional response was received or sent."""
    ABANDONED = 3
    """INVITE only: the time for a final response is over and the transaction user was told, but the other
    side may still act. A client has sent CANCEL and waits for the final response it must acknowledge."""
    COMPLETED = 4
    """A final response (INVITE: 300 to 699) was received or sent."""
    CONFIRMED = 5
    """INVITE server: the ACK for it came."""
    ACCEPTED = 6
    """INVITE: a 2xx was received or sent (RFC 6026)."""
    TERMINATED = 7


PROVISIONAL: Final = 0
"""A 1xx response was received, or is to be sent."""
SUCCESS: Final = 1
"""A 2xx response."""
FAILURE: Final = 2
"""A 300 to 699 response."""
RETRANSMIT: Final = 3
"""Timer A, E or G fired (also the repetition of our own 2xx, RFC 3261 §13.3.1.4)."""
EXPIRY: Final = 4
"""The other timer of the state fired: B, C, D, F, H, I, J, K, L or M."""
FAULT: Final = 5
"""The transport could not send."""
REQUEST: Final = 6
"""Server: the request was received again."""
ACK: Final = 7
"""INVITE server: an ACK was received."""

Transitions = dict[State, dict[int, tuple[State, int]]]
"""State → input → (next state, step). An input that is not listed changes nothing and asks for nothing."""


def response_input(status: int) -> int:
    """The input that stands for a response with this status."""
    if status >= 300:
        return FAILURE
    return SUCCESS if status >= 200 else PROVISIONAL
