"""pipelimit: limits with names, from a database or made by the script."""

from luasip.modules.pipelimit.module import Pipelimit

__all__ = ["Pipelimit"]
