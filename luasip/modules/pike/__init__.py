"""pike: telling addresses that send too much."""

from luasip.modules.pike.module import Pike
from luasip.modules.pike.tree import AddressTree

__all__ = ["AddressTree", "Pike"]
