"""core log functions: the script's own records, in the logger "luasip.script"."""

import logging
from typing import Final

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Module, function
from luasip.kemi.log_levels import NOTICE

LEVELS: Final = {
    "dbg": logging.DEBUG,
    "info": logging.INFO,
    "notice": NOTICE,
    "warn": logging.WARNING,
    "err": logging.ERROR,
    "crit": logging.CRITICAL,
}
_DEBUG_VALUES: Final = (
    (logging.DEBUG, 3),
    (logging.INFO, 2),
    (NOTICE, 1),
    (logging.WARNING, 0),
    (logging.ERROR, -1),
)
"""Python's levels → Kamailio's "debug" numbers."""
_logger = logging.getLogger("luasip.script")


class Logs(Module):
    """Log functions. The text is written as it is, without the line end scripts put at its end."""

    @function()
    def log(self, ctx: RouteContext, level: str, txt: str) -> None:
        """Write a log record.

        Args:
            level: dbg, info, notice, warn, err or crit, in any case; anything else means err.
            txt: the text.
        """
        _write(LEVELS.get(level.lower(), logging.ERROR), txt)

    @function(level=logging.DEBUG)
    def dbg(self, ctx: RouteContext, txt: str) -> None:
        """Write a debug record.

        Args:
            txt: the text.
        """
        _write(logging.DEBUG, txt)

    @function(level=logging.INFO)
    def info(self, ctx: RouteContext, txt: str) -> None:
        """Write an information record.

        Args:
            txt: the text.
        """
        _write(logging.INFO, txt)

    @function(level=NOTICE)
    def notice(self, ctx: RouteContext, txt: str) -> None:
        """Write a notice.

        Args:
            txt: the text.
        """
        _write(NOTICE, txt)

    @function(level=logging.WARNING)
    def warn(self, ctx: RouteContext, txt: str) -> None:
        """Write a warning.

        Args:
            txt: the text.
        """
        _write(logging.WARNING, txt)

    @function(level=logging.ERROR)
    def err(self, ctx: RouteContext, txt: str) -> None:
        """Write an error record.

        Args:
            txt: the text.
        """
        _write(logging.ERROR, txt)

    @function(level=logging.CRITICAL)
    def crit(self, ctx: RouteContext, txt: str) -> None:
        """Write a critical record.

        Args:
            txt: the text.
        """
        _write(logging.CRITICAL, txt)

    @function()
    def get_debug(self, ctx: RouteContext) -> int:
        """The log level by Kamailio's numbers.

        Returns: 3 debug, 2 information, 1 notice, 0 warning, -1 error, -2 critical.
        """
        level = _logger.getEffectiveLevel()
        return next((value for limit, value in _DEBUG_VALUES if level <= limit), -2)


def _write(level: int, text: str) -> None:
    _logger.log(level, "%s", text.rstrip("\r\n"))
