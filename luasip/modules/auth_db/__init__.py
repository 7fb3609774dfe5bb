"""auth_db: credentials checked against the users of a database."""

from luasip.modules.auth_db.module import AuthDb

__all__ = ["AuthDb"]
