"""domain: the domains this server is responsible for, from a database."""

from luasip.modules.domain.module import Domain

__all__ = ["Domain"]
