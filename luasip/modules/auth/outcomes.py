"""What a check of credentials can come to: the codes scripts get."""

import enum


class Outcome(enum.IntEnum):
    """Kamailio's codes."""

    ACCEPTED = 1
    ERROR = -1
    WRONG_PASSWORD = -2
    UNKNOWN_USER = -3
    STALE_NONCE = -4
    NO_CREDENTIALS = -5
    NONCE_REUSED = -6
    OTHER_USER = -8
