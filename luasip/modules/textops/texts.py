"""textops functions on texts that are not the message."""

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.modules.textops.matching import EXACT, matches, pattern, substituted


class Texts(Module):
    """Comparing and searching texts."""

    services: Services

    @function()
    def cmp_str(self, ctx: RouteContext, s1: str, s2: str) -> int:
        """Compare two texts.

        Args:
            s1: one text.
            s2: the other.
        Returns: 1 equal, -1 the first sorts behind the other, -2 before it.
        """
        return _order(s1, s2)

    @function()
    def cmp_istr(self, ctx: RouteContext, s1: str, s2: str) -> int:
        """Compare two texts, ignoring case.

        Args:
            s1: one text.
            s2: the other.
        Returns: 1 equal, -1 the first sorts behind the other, -2 before it.
        """
        return _order(s1.lower(), s2.lower())

    @function()
    def starts_with(self, ctx: RouteContext, s1: str, s2: str) -> int:
        """Whether a text begins with another.

        Args:
            s1: the text.
            s2: the beginning.
        Returns: 1 when it does, -1 when not.
        """
        return 1 if s1.startswith(s2) else -1

    @function()
    def ends_with(self, ctx: RouteContext, vstr: str, vsuffix: str) -> int:
        """Whether a text ends with another.

        Args:
            vstr: the text.
            vsuffix: the end.
        Returns: 1 when it does, -1 when not.
        """
        return 1 if vstr.endswith(vsuffix) else -1

    @function()
    def str_find(self, ctx: RouteContext, txt: str, needle: str) -> int:
        """Whether a text contains another.

        Args:
            txt: the text.
            needle: what to look for.
        Returns: 1 when it does, -1 when not or one is empty.
        """
        return 1 if needle and needle in txt else -1

    @function()
    def str_ifind(self, ctx: RouteContext, txt: str, needle: str) -> int:
        """Whether a text contains another, ignoring case.

        Args:
            txt: the text.
            needle: what to look for.
        Returns: 1 when it does, -1 when not or one is empty.
        """
        return 1 if needle and needle.lower() in txt.lower() else -1

    @function()
    def str_any_in(self, ctx: RouteContext, txt: str, clist: str) -> int:
        """Whether a text has any of some characters.

        Args:
            txt: the text.
            clist: the characters.
        Returns: 1 when it has, -1 when not.
        """
        return 1 if any(character in clist for character in txt) else -1

    @function()
    def str_all_in(self, ctx: RouteContext, txt: str, clist: str) -> int:
        """Whether a text is made of some characters only.

        Args:
            txt: the text.
            clist: the characters.
        Returns: 1 when it is, -1 when not or when it is empty.
        """
        return 1 if txt and all(character in clist for character in txt) else -1

    @function()
    def in_list(self, ctx: RouteContext, subject: str, list: str, vsep: str) -> int:
        """Whether a text is one of the items of a list.

        Args:
            subject: the text.
            list: the items; white space counts.
            vsep: the one character between them.
        Returns: 1 when it is, -1 when not or when the separator is not one character.
        """
        return 1 if subject and len(vsep) == 1 and subject in list.split(vsep) else -1

    @function()
    def in_list_prefix(self, ctx: RouteContext, subject: str, list: str, vsep: str) -> int:
        """Whether a text begins with one of the items of a list.

        Args:
            subject: the text.
            list: the items; white space counts.
            vsep: the one character between them.
        Returns: 1 when it does, -1 when not or when the separator is not one character.
        """
        if len(vsep) != 1:
            return -1
        return 1 if any(item and subject.startswith(item) for item in list.split(vsep)) else -1

    @function()
    def search_str(self, ctx: RouteContext, stext: str, sre: str) -> int:
        """Search a text for a pattern.

        Args:
            stext: the text.
            sre: POSIX extended regular expression, case ignored.
        Returns: 1 when it matches, -1 when not.
        """
        return 1 if matches(stext, sre) else -1

    @function()
    def regex_substring(
        self, ctx: RouteContext, input: str, regex: str, mindex: int, nmatch: int, dst: str
    ) -> int:
        """Store one group of a match in a pseudo-variable.

        Args:
            input: the text to search.
            regex: POSIX extended regular expression, case mattering.
            mindex: which group, 0 for the whole match.
            nmatch: how many groups are looked at, the whole match included.
            dst: the pseudo-variable, such as "$var(x)".
        Returns: 1 when it was stored; -1 when nothing matches, the group is not there or dst cannot be
        written.
        """
        compiled = pattern(regex, EXACT)
        match = None if compiled is None else compiled.search(input)
        if match is None or not 0 <= mindex < nmatch or mindex > match.re.groups:
            return -1
        value = match.group(mindex)
        return 1 if value is not None and self.services.variables.set(ctx, dst, value) else -1

    @function()
    def subst_v(self, ctx: RouteContext, itext: str, subex: str, opv: str) -> int:
        """Store what a sed-like expression makes of a text in a pseudo-variable.

        Args:
            itext: the text.
            subex: /pattern/replacement/flags.
            opv: the pseudo-variable, such as "$var(x)".
        Returns: 1 when it was stored; -1 when nothing matches or opv cannot be written.
        """
        result = substituted(ctx, itext, subex)
        return 1 if result is not None and self.services.variables.set(ctx, opv, result) else -1


def _order(one: str, other: str) -> int:
    if one == other:
        return 1
    return -1 if one > other else -2
