"""xlog: log records whose text may hold pseudo-variables."""

import logging
from dataclasses import dataclass
from typing import Final

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.log_levels import NOTICE

ALERT: Final = logging.CRITICAL
_BY_LETTER: Final = {
    "A": ALERT,
    "B": logging.CRITICAL,
    "C": logging.CRITICAL,
    "E": logging.ERROR,
    "W": logging.WARNING,
    "N": NOTICE,
    "I": logging.INFO,
    "D": logging.DEBUG,
}
_BY_NUMBER: Final = {-2: logging.CRITICAL, -1: logging.ERROR, 0: logging.WARNING, 1: NOTICE, 2: logging.INFO}

_logger = logging.getLogger("luasip.script")


def level_number(text: str) -> int:
    """Python's level for "L_INFO", "INFO", "info" or Kamailio's number; what is none of them is an error."""
    name = text.strip().upper().removeprefix("L_")
    digits = name[1:] if name.startswith("-") else name
    if digits.isascii() and digits.isdigit() and len(digits) < 6:
        number = int(name)
        return _BY_NUMBER.get(number, logging.DEBUG if number > 0 else ALERT)
    return _BY_LETTER.get(name[:1], logging.ERROR)


class Xlog(Module):
    """xlog: the script's log records with pseudo-variables in them."""

    name = "xlog"
    changeable = ("buf_size", "prefix")

    @dataclass
    class Settings:
        """How records look."""

        buf_size: int = 4096
        """Greatest length of a text after its pseudo-variables were replaced, characters; the rest is cut
        off.
        """
        prefix: str = ""
        """Text in front of each record; pseudo-variables in it are replaced too."""
        log_facility: str = ""
        """Syslog facility in Kamailio; kept for old settings, without effect."""
        log_colors: str = ""
        """Terminal colors of levels in Kamailio; kept for old settings, without effect."""
        force_color: int = 0
        """Terminal colors in Kamailio; kept for old settings, without effect."""
        long_format: int = 0
        """Kamailio's mark for the place in its configuration; kept for old settings, without effect."""
        methods_filter: int = -1
        """Methods in Kamailio; kept for old settings, without effect."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services

    def _write(self, ctx: RouteContext, level: int, text: str) -> int:
        if _logger.isEnabledFor(level):
            expanded = self.services.variables.expand(ctx, self.settings.prefix + text)
            _logger.log(level, "%s", expanded[: max(self.settings.buf_size, 1)].rstrip("\r\n"))
        return 1

    @function()
    def xlog(self, ctx: RouteContext, slevel: str, lmsg: str) -> int:
        """Write a log record.

        Args:
            slevel: L_DBG, L_INFO, L_NOTICE, L_WARN, L_ERR, L_CRIT, L_ALERT; also without L_, or 3 to -2.
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, level_number(slevel), lmsg)

    @function()
    def xlog_facility(self, ctx: RouteContext, lfacility: str, slevel: str, lmsg: str) -> int:
        """Write a log record to a syslog facility.

        Args:
            lfacility: the facility; records go to the server's log whatever it says.
            slevel: the level, as for xlog.
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, level_number(slevel), lmsg)

    @function()
    def xdbg(self, ctx: RouteContext, lmsg: str) -> int:
        """Write a debug record.

        Args:
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, logging.DEBUG, lmsg)

    @function()
    def xinfo(self, ctx: RouteContext, lmsg: str) -> int:
        """Write an information record.

        Args:
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, logging.INFO, lmsg)

    @function()
    def xnotice(self, ctx: RouteContext, lmsg: str) -> int:
        """Write a notice.

        Args:
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, NOTICE, lmsg)

    @function()
    def xwarn(self, ctx: RouteContext, lmsg: str) -> int:
        """Write a warning.

        Args:
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, logging.WARNING, lmsg)

    @function()
    def xerr(self, ctx: RouteContext, lmsg: str) -> int:
        """Write an error record.

        Args:
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, logging.ERROR, lmsg)

    @function()
    def xcrit(self, ctx: RouteContext, lmsg: str) -> int:
        """Write a critical record.

        Args:
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, logging.CRITICAL, lmsg)

    @function()
    def xalert(self, ctx: RouteContext, lmsg: str) -> int:
        """Write an alert, the level above critical.

        Args:
            lmsg: the text, with pseudo-variables.
        Returns: 1.
        """
        return self._write(ctx, ALERT, lmsg)
