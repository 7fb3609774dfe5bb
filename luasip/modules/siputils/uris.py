"""siputils functions on URIs and short texts, and on the parameters of the Request-URI."""

from typing import Final

from luasip.kemi.context import RouteContext
from luasip.kemi.current import parsed_uri, request_uri
from luasip.kemi.declare import Module, function
from luasip.modules.siputils.contacts import without_parameter
from luasip.sip.grammar import ALPHANUM, is_number
from luasip.sip.header_names import canonical
from luasip.sip.uri import hosts_equal, uris_equal

EQUAL: Final = 1
DIFFERENT: Final = -1
UNREADABLE: Final = -2


class Uris(Module):
    """Questions about texts and URIs."""

    @function()
    def uri_param(self, ctx: RouteContext, sparam: str) -> int:
        """Whether the Request-URI has a parameter without value.

        Args:
            sparam: the parameter's name.
        Returns: 1 when it has, -1 when not.
        """
        return self.uri_param_value(ctx, sparam, "")

    @function()
    def uri_param_value(self, ctx: RouteContext, sparam: str, svalue: str) -> int:
        """Whether the Request-URI has a parameter with a certain value.

        Args:
            sparam: the parameter's name.
            svalue: the value, case mattering; "" for none.
        Returns: 1 when it has, -1 when not.
        """
        uri = request_uri(ctx)
        return 1 if uri is not None and uri.params.get(sparam.lower()) == svalue else -1

    @function()
    def uri_param_any(self, ctx: RouteContext, sparam: str) -> int:
        """Whether the Request-URI has a parameter, whatever its value.

        Args:
            sparam: the parameter's name.
        Returns: 1 when it has, -1 when not.
        """
        uri = request_uri(ctx)
        return 1 if uri is not None and sparam.lower() in uri.params else -1

    @function()
    def add_uri_param(self, ctx: RouteContext, param: str) -> int:
        """Add a parameter to the Request-URI.

        Args:
            param: "name=value", or "name".
        Returns: 1, also when the text is empty; -1 when the result would be no URI.
        """
        if not param:
            return 1
        uri = request_uri(ctx)
        if uri is None:
            return -1
        place, question, headers = uri.text, "", ""
        if uri.headers:
            place, question, headers = uri.text[: -len(uri.headers) - 1], "?", uri.headers
        return _use(ctx, f"{place};{param}{question}{headers}")

    @function()
    def uri_param_rm(self, ctx: RouteContext, sparam: str) -> int:
        """Remove a parameter from the Request-URI.

        Args:
            sparam: the parameter's name.
        Returns: 1, also when it has none; -1 when the Request-URI cannot be read.
        """
        uri = request_uri(ctx)
        return -1 if uri is None else _use(ctx, without_parameter(uri, sparam))

    @function()
    def is_gruu(self, ctx: RouteContext) -> int:
        """Whether the Request-URI is a GRUU (RFC 5627).

        Returns: 1 for a public one, 2 for a temporary one, -1 for another URI.
        """
        uri = request_uri(ctx)
        if uri is None or "gr" not in uri.params:
            return -1
        return 1 if uri.params["gr"] else 2

    @function()
    def cmp_uri(self, ctx: RouteContext, uri1: str, uri2: str) -> int:
        """Compare two URIs by RFC 3261 §19.1.4.

        Args:
            uri1: one URI.
            uri2: the other.
        Returns: 1 equal, -1 different, -2 one cannot be read.
        """
        one, other = parsed_uri(uri1), parsed_uri(uri2)
        if one is None or other is None:
            return UNREADABLE
        return EQUAL if uris_equal(one, other) else DIFFERENT

    @function()
    def cmp_aor(self, ctx: RouteContext, uri1: str, uri2: str) -> int:
        """Compare two addresses of record: user and host of the URIs.

        Args:
            uri1: one URI.
            uri2: the other.
        Returns: 1 equal, -1 different, -2 one cannot be read.
        """
        one, other = parsed_uri(uri1), parsed_uri(uri2)
        if one is None or other is None:
            return UNREADABLE
        return EQUAL if one.user == other.user and hosts_equal(one.host, other.host) else DIFFERENT

    @function()
    def cmp_hdr_name(self, ctx: RouteContext, shname1: str, shname2: str) -> int:
        """Compare two header names, compact forms included.

        Args:
            shname1: one name.
            shname2: the other.
        Returns: 1 equal, -1 different, -2 one is empty.
        """
        if not shname1 or not shname2:
            return UNREADABLE
        return EQUAL if canonical(shname1) == canonical(shname2) else DIFFERENT

    @function()
    def is_uri(self, ctx: RouteContext, suri: str) -> int:
        """Whether a text is a URI.

        Args:
            suri: the text.
        Returns: 1 when it is, -1 when not.
        """
        return 1 if parsed_uri(suri) is not None else -1

    @function()
    def is_tel_number(self, ctx: RouteContext, tval: str) -> int:
        """Whether a text is a telephone number: digits, with a + before them or not.

        Args:
            tval: the text.
        Returns: 1 when it is, -1 when not.
        """
        return 1 if is_number(tval.removeprefix("+")) else -1

    @function()
    def is_numeric(self, ctx: RouteContext, tval: str) -> int:
        """Whether a text is digits only.

        Args:
            tval: the text.
        Returns: 1 when it is, -1 when not.
        """
        return 1 if is_number(tval) else -1

    @function()
    def is_alphanum(self, ctx: RouteContext, tval: str) -> int:
        """Whether a text is ASCII letters and digits only.

        Args:
            tval: the text.
        Returns: 1 when it is, -1 when not.
        """
        return self.is_alphanumex(ctx, tval, "")

    @function()
    def is_alphanumex(self, ctx: RouteContext, tval: str, eset: str) -> int:
        """Whether a text is ASCII letters, digits and certain other characters only.

        Args:
            tval: the text.
            eset: the other characters.
        Returns: 1 when it is, -1 when not.
        """
        return 1 if tval and not tval.strip(ALPHANUM + eset) else -1


def _use(ctx: RouteContext, text: str) -> int:
    """Make `text` the Request-URI when it is a URI."""
    if parsed_uri(text) is None:
        return -1
    ctx.target.uri = text
    return 1
