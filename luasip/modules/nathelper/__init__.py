"""nathelper: reaching phones behind NAT."""

from luasip.modules.nathelper.module import Nathelper

__all__ = ["Nathelper"]
