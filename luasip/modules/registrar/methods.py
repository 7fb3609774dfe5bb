"""Methods as bits, numbered as Kamailio numbers them (they are kept in the location table)."""

from typing import Final

from luasip.modules.usrloc.contact import ALL_METHODS
from luasip.sip.message import Message

_NAMES: Final = (
    "INVITE",
    "CANCEL",
    "ACK",
    "BYE",
    "INFO",
    "REGISTER",
    "SUBSCRIBE",
    "NOTIFY",
    "MESSAGE",
    "OPTIONS",
    "PRACK",
    "UPDATE",
    "REFER",
    "PUBLISH",
    "KDMQ",
    "GET",
    "POST",
    "PUT",
    "DELETE",
)
_BITS: Final = {name: 1 << number for number, name in enumerate(_NAMES)}
_OTHER: Final = 1 << len(_NAMES)


def method_bit(method: str) -> int:
    """The bit of one method; all unknown methods share one."""
    return _BITS.get(method, _OTHER)


def method_mask(names: list[str]) -> int:
    """The bits of several methods."""
    mask = 0
    for name in names:
        mask |= method_bit(name.strip())
    return mask


def allowed_methods(message: Message) -> int:
    """What the Allow headers say; without any every method is allowed."""
    if message.first("allow") is None:
        return ALL_METHODS
    return method_mask([name for line in message.all("allow") for name in line.value.split(",")])
