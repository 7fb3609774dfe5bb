"""ratelimit: how many requests of each method may pass."""

from luasip.modules.ratelimit.module import Ratelimit

__all__ = ["Ratelimit"]
