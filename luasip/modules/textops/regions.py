"""textops functions that search and change the message's text, wherever in it."""

from luasip.errors import UriError
from luasip.kemi.context import RouteContext
from luasip.kemi.current import parsed_uri, request_uri
from luasip.kemi.declare import Module, function
from luasip.modules.textops.matching import (
    WHOLE,
    append_to_match,
    body_only,
    headers_and_body,
    headers_only,
    matches,
    replace_matches,
    replace_text,
    substitute_matches,
    substituted,
    whole_message,
)


class Regions(Module):
    """Search and replace. Patterns are POSIX extended, case ignored, each line by itself; changes are pending."""

    @function()
    def search(self, ctx: RouteContext, sre: str) -> int:
        """Search the whole message for a pattern.

        Args:
            sre: the pattern.
        Returns: 1 when it matches, -1 when not.
        """
        return 1 if matches(whole_message(ctx).text, sre) else -1

    @function()
    def search_body(self, ctx: RouteContext, sre: str) -> int:
        """Search the body for a pattern.

        Args:
            sre: the pattern.
        Returns: 1 when it matches, -1 when not.
        """
        return 1 if matches(body_only(ctx).text, sre) else -1

    @function()
    def search_append(self, ctx: RouteContext, ematch: str, val: str) -> int:
        """Insert a text behind the first match in headers and body.

        Args:
            ematch: the pattern.
            val: the text.
        Returns: 1, -1 when nothing matches.
        """
        return append_to_match(ctx, headers_and_body(ctx), ematch, val)

    @function()
    def search_append_body(self, ctx: RouteContext, ematch: str, val: str) -> int:
        """Insert a text behind the first match in the body.

        Args:
            ematch: the pattern.
            val: the text.
        Returns: 1, -1 when nothing matches.
        """
        return append_to_match(ctx, body_only(ctx), ematch, val)

    @function()
    def replace(self, ctx: RouteContext, sre: str, sval: str) -> int:
        """Replace the first match in headers and body.

        Args:
            sre: the pattern.
            sval: the text to put there.
        Returns: 1, -1 when nothing matches.
        """
        return replace_matches(ctx, headers_and_body(ctx), sre, sval, every=False)

    @function()
    def replace_all(self, ctx: RouteContext, sre: str, sval: str) -> int:
        """Replace every match in headers and body.

        Args:
            sre: the pattern.
            sval: the text to put there.
        Returns: 1, -1 when nothing matches.
        """
        return replace_matches(ctx, headers_and_body(ctx), sre, sval, every=True)

    @function()
    def replace_hdrs(self, ctx: RouteContext, sre: str, sval: str) -> int:
        """Replace every match in the headers.

        Args:
            sre: the pattern.
            sval: the text to put there.
        Returns: 1, -1 when nothing matches.
        """
        return replace_matches(ctx, headers_only(ctx), sre, sval, every=True)

    @function()
    def replace_body(self, ctx: RouteContext, sre: str, sval: str) -> int:
        """Replace the first match in the body.

        Args:
            sre: the pattern.
            sval: the text to put there.
        Returns: 1, -1 when nothing matches.
        """
        return replace_matches(ctx, body_only(ctx), sre, sval, every=False)

    @function()
    def replace_body_all(self, ctx: RouteContext, sre: str, sval: str) -> int:
        """Replace every match in the body.

        Args:
            sre: the pattern.
            sval: the text to put there.
        Returns: 1, -1 when nothing matches.
        """
        return replace_matches(ctx, body_only(ctx), sre, sval, every=True)

    @function()
    def replace_body_atonce(self, ctx: RouteContext, sre: str, sval: str) -> int:
        """Replace every match in the body taken as one line: ^ and $ are its ends.

        Args:
            sre: the pattern.
            sval: the text to put there.
        Returns: 1, -1 when nothing matches.
        """
        return replace_matches(ctx, body_only(ctx), sre, sval, every=True, flags=WHOLE)

    @function()
    def replace_str(self, ctx: RouteContext, mkey: str, rval: str, rmode: str) -> int:
        """Replace a text in headers and body.

        Args:
            mkey: the text, case mattering.
            rval: what to put there.
            rmode: "a" every occurrence, "f" the first.
        Returns: 1, -1 when it does not occur.
        """
        return replace_text(ctx, headers_and_body(ctx), mkey, rval, rmode)

    @function()
    def replace_hdrs_str(self, ctx: RouteContext, mkey: str, rval: str, rmode: str) -> int:
        """Replace a text in the headers.

        Args:
            mkey: the text, case mattering.
            rval: what to put there.
            rmode: "a" every occurrence, "f" the first.
        Returns: 1, -1 when it does not occur.
        """
        return replace_text(ctx, headers_only(ctx), mkey, rval, rmode)

    @function()
    def replace_body_str(self, ctx: RouteContext, mkey: str, rval: str, rmode: str) -> int:
        """Replace a text in the body.

        Args:
            mkey: the text, case mattering.
            rval: what to put there.
            rmode: "a" every occurrence, "f" the first.
        Returns: 1, -1 when it does not occur.
        """
        return replace_text(ctx, body_only(ctx), mkey, rval, rmode)

    @function()
    def subst(self, ctx: RouteContext, subst: str) -> int:
        """Carry out a sed-like expression on headers and body.

        Args:
            subst: /pattern/replacement/flags.
        Returns: 1, -1 when nothing matches.
        """
        return substitute_matches(ctx, headers_and_body(ctx), subst)

    @function()
    def subst_body(self, ctx: RouteContext, subst: str) -> int:
        """Carry out a sed-like expression on the body.

        Args:
            subst: /pattern/replacement/flags.
        Returns: 1, -1 when nothing matches.
        """
        return substitute_matches(ctx, body_only(ctx), subst)

    @function()
    def subst_uri(self, ctx: RouteContext, subst: str) -> int:
        """Carry out a sed-like expression on the Request-URI; it shows at once.

        Args:
            subst: /pattern/replacement/flags.
        Returns: 1, -1 when nothing matches or the result is no URI.
        """
        result = substituted(ctx, ctx.target.uri, subst)
        if result is None or parsed_uri(result) is None:
            return -1
        ctx.target.uri = result
        return 1

    @function()
    def subst_user(self, ctx: RouteContext, subst: str) -> int:
        """Carry out a sed-like expression on the user of the Request-URI; it shows at once.

        Args:
            subst: /pattern/replacement/flags.
        Returns: 1, -1 when nothing matches or the result is no URI.
        """
        uri = request_uri(ctx)
        result = None if uri is None else substituted(ctx, uri.user, subst)
        if uri is None or result is None:
            return -1
        try:
            ctx.target.uri = uri.replace(user=result, password=uri.password if result else "").text
        except UriError:
            return -1
        return 1
