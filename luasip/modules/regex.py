"""regex: Perl-compatible regular expressions, single ones and groups of them read from a file.

Python's `re` stands for PCRE: possessive quantifiers and atomic groups, look-around and named groups are alike;
recursion, `\\K`, `\\R`, callouts and Unicode properties are errors here (-4).
"""

import logging
import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from luasip.errors import CommandError, SettingsError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, command, function

log = logging.getLogger("luasip.regex")


class Regex(Module):
    """regex: Perl-compatible regular expressions."""

    name = "regex"
    changeable = ("max_groups", "group_max_size")

    @dataclass
    class Settings:
        """Groups of expressions, and how all are read."""

        file: str = ""
        """File of groups: a line "[0]" begins the first group, "[1]" the next and so on; the other lines are
        expressions, one of which has to match. Lines that begin with # or white space are left out. "" for none."""
        max_groups: int = 20
        """Groups the file may have."""
        group_max_size: int = 8192
        """Bytes a group may have."""
        pcre_caseless: int = 0
        """1: upper and lower case are the same."""
        pcre_multiline: int = 0
        """1: ^ and $ match at each line."""
        pcre_dotall: int = 0
        """1: a dot matches a line end too."""
        pcre_extended: int = 0
        """1: white space and comments in expressions are left out."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        options = (
            (settings.pcre_caseless, re.IGNORECASE),
            (settings.pcre_multiline, re.MULTILINE),
            (settings.pcre_dotall, re.DOTALL),
            (settings.pcre_extended, re.VERBOSE),
        )
        self._flags = int(re.ASCII)
        for chosen, flag in options:
            self._flags |= flag if chosen else 0
        self._lock = threading.Lock()
        self._groups: list[re.Pattern[str]] = []
        if settings.file:
            try:
                self._groups = self._load()
            except (OSError, ValueError) as error:
                raise SettingsError([f"modules.regex.file: {error}"]) from error

    @function()
    def pcre_match(self, ctx: RouteContext, string: str, regex: str) -> int:
        """Whether an expression matches somewhere in a text.

        Args:
            string: the text.
            regex: the expression.
        Returns: 1 it matches, -1 not, -4 when the expression is wrong.
        """
        try:
            pattern = _compile(regex, self._flags)
        except (re.error, OverflowError, RecursionError) as error:
            log.error("regex: %r: %s", regex, error)
            return -4
        return 1 if pattern.search(string) else -1

    @function()
    def pcre_match_group(self, ctx: RouteContext, string: str, num_pcre: int) -> int:
        """Whether one of the expressions of a group matches somewhere in a text.

        Args:
            string: the text.
            num_pcre: number of the group, from 0.
        Returns: 1 one matches, -1 none, -2 when there is no file, -4 when there is no such group.
        """
        if not self.settings.file:
            log.error("regex: group matching is disabled (modules.regex.file)")
            return -2
        with self._lock:
            groups = self._groups
        if not 0 <= num_pcre < len(groups):
            log.error("regex: there is no group %d, there are %d", num_pcre, len(groups))
            return -4
        return 1 if groups[num_pcre].search(string) else -1

    @command("regex.reload")
    def reload(self) -> None:
        """Read the file of groups again. When something is wrong in it the old groups stay."""
        if not self.settings.file:
            raise CommandError(500, "Group matching not enabled")
        try:
            groups = self._load()
        except (OSError, ValueError) as error:
            log.error("regex: %s", error)
            raise CommandError(500, f"Failed to reload: {error}") from error
        with self._lock:
            self._groups = groups

    def _load(self) -> list[re.Pattern[str]]:
        groups: list[list[str]] = []
        path = self.settings.file
        for number, line in enumerate(Path(path).read_text("latin-1").split("\n"), 1):
            if not line or line[0].isspace() or line[0] == "#":
                continue
            if line[0] == "[":
                groups.append([])
            elif not groups:
                raise ValueError(f"{path}:{number}: [0] must come before any expression")
            else:
                groups[-1].append(line.rstrip("\r"))
        return self._compiled(groups)

    def _compiled(self, groups: list[list[str]]) -> list[re.Pattern[str]]:
        path, most = self.settings.file, self.settings.group_max_size
        if not groups:
            raise ValueError(f"{path}: no expressions in it")
        if len(groups) > self.settings.max_groups:
            raise ValueError(f"{path}: {len(groups)} groups, max_groups is {self.settings.max_groups}")
        patterns: list[re.Pattern[str]] = []
        for number, lines in enumerate(groups):
            text = "(" + "|".join(f"({line})" for line in lines) + ")" if lines else "^$"
            if len(text) > most:
                raise ValueError(f"{path}: group {number} has {len(text)} bytes, group_max_size is {most}")
            try:
                patterns.append(re.compile(text, self._flags))
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"{path}: group {number}: {error}") from error
        return patterns


@lru_cache(maxsize=1024)
def _compile(expression: str, flags: int) -> re.Pattern[str]:
    return re.compile(expression, flags)
