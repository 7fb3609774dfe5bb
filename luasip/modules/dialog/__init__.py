"""The dialog module: calls as a whole, from INVITE to BYE, with profiles, variables, timeouts and a database."""

from luasip.modules.dialog.module import DialogModule

__all__ = ["DialogModule"]
