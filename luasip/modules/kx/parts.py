"""kx: getters that also come as gete_… ("" in place of nil) and getw_… ("<null>")."""

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.credentials import credentials
from luasip.kemi.current import contacts_of, from_header, request_uri, to_header, uri_of
from luasip.kemi.declare import Module, function
from luasip.kemi.pseudo_variables import NULL
from luasip.modules.kx import reading


class Parts(Module):
    """Parts of the message that may be missing."""

    @function()
    def get_ruser(self, ctx: RouteContext) -> PvValue:
        """User part of the current Request-URI.

        Returns: text, nil when there is none.
        """
        return _ruser(ctx)

    @function()
    def gete_ruser(self, ctx: RouteContext) -> PvValue:
        """User part of the current Request-URI.

        Returns: text, "" when there is none.
        """
        return _ruser(ctx) or ""

    @function()
    def getw_ruser(self, ctx: RouteContext) -> PvValue:
        """User part of the current Request-URI.

        Returns: text, "<null>" when there is none.
        """
        return _ruser(ctx) or NULL

    @function()
    def get_rhost(self, ctx: RouteContext) -> PvValue:
        """Host of the current Request-URI.

        Returns: text, nil when there is none.
        """
        return _rhost(ctx)

    @function()
    def gete_rhost(self, ctx: RouteContext) -> PvValue:
        """Host of the current Request-URI.

        Returns: text, "" when there is none.
        """
        return _rhost(ctx) or ""

    @function()
    def getw_rhost(self, ctx: RouteContext) -> PvValue:
        """Host of the current Request-URI.

        Returns: text, "<null>" when there is none.
        """
        return _rhost(ctx) or NULL

    @function()
    def get_duri(self, ctx: RouteContext) -> PvValue:
        """Destination URI.

        Returns: text, nil when there is none.
        """
        return _duri(ctx)

    @function()
    def gete_duri(self, ctx: RouteContext) -> PvValue:
        """Destination URI.

        Returns: text, "" when there is none.
        """
        return _duri(ctx) or ""

    @function()
    def getw_duri(self, ctx: RouteContext) -> PvValue:
        """Destination URI.

        Returns: text, "<null>" when there is none.
        """
        return _duri(ctx) or NULL

    @function()
    def get_fuser(self, ctx: RouteContext) -> PvValue:
        """User part of From.

        Returns: text, nil when there is none.
        """
        return _fuser(ctx)

    @function()
    def gete_fuser(self, ctx: RouteContext) -> PvValue:
        """User part of From.

        Returns: text, "" when there is none.
        """
        return _fuser(ctx) or ""

    @function()
    def getw_fuser(self, ctx: RouteContext) -> PvValue:
        """User part of From.

        Returns: text, "<null>" when there is none.
        """
        return _fuser(ctx) or NULL

    @function()
    def get_fhost(self, ctx: RouteContext) -> PvValue:
        """Host of From.

        Returns: text, nil when there is none.
        """
        return _fhost(ctx)

    @function()
    def gete_fhost(self, ctx: RouteContext) -> PvValue:
        """Host of From.

        Returns: text, "" when there is none.
        """
        return _fhost(ctx) or ""

    @function()
    def getw_fhost(self, ctx: RouteContext) -> PvValue:
        """Host of From.

        Returns: text, "<null>" when there is none.
        """
        return _fhost(ctx) or NULL

    @function()
    def get_tuser(self, ctx: RouteContext) -> PvValue:
        """User part of To.

        Returns: text, nil when there is none.
        """
        return _tuser(ctx)

    @function()
    def gete_tuser(self, ctx: RouteContext) -> PvValue:
        """User part of To.

        Returns: text, "" when there is none.
        """
        return _tuser(ctx) or ""

    @function()
    def getw_tuser(self, ctx: RouteContext) -> PvValue:
        """User part of To.

        Returns: text, "<null>" when there is none.
        """
        return _tuser(ctx) or NULL

    @function()
    def get_thost(self, ctx: RouteContext) -> PvValue:
        """Host of To.

        Returns: text, nil when there is none.
        """
        return _thost(ctx)

    @function()
    def gete_thost(self, ctx: RouteContext) -> PvValue:
        """Host of To.

        Returns: text, "" when there is none.
        """
        return _thost(ctx) or ""

    @function()
    def getw_thost(self, ctx: RouteContext) -> PvValue:
        """Host of To.

        Returns: text, "<null>" when there is none.
        """
        return _thost(ctx) or NULL

    @function()
    def get_cturi(self, ctx: RouteContext) -> PvValue:
        """URI of the first Contact.

        Returns: text, nil when there is none.
        """
        return _cturi(ctx)

    @function()
    def gete_cturi(self, ctx: RouteContext) -> PvValue:
        """URI of the first Contact.

        Returns: text, "" when there is none.
        """
        return _cturi(ctx) or ""

    @function()
    def getw_cturi(self, ctx: RouteContext) -> PvValue:
        """URI of the first Contact.

        Returns: text, "<null>" when there is none.
        """
        return _cturi(ctx) or NULL

    @function()
    def get_au(self, ctx: RouteContext) -> PvValue:
        """User of the credentials.

        Returns: text, nil when there is none.
        """
        return _au(ctx)

    @function()
    def gete_au(self, ctx: RouteContext) -> PvValue:
        """User of the credentials.

        Returns: text, "" when there is none.
        """
        return _au(ctx) or ""

    @function()
    def getw_au(self, ctx: RouteContext) -> PvValue:
        """User of the credentials.

        Returns: text, "<null>" when there is none.
        """
        return _au(ctx) or NULL

    @function()
    def get_ua(self, ctx: RouteContext) -> PvValue:
        """User-Agent.

        Returns: text, nil when there is none.
        """
        return _ua(ctx)

    @function(body=reading.gete_ua)
    def gete_ua(self, ctx: RouteContext) -> PvValue:
        """User-Agent.

        Returns: text, "" when there is none.
        """
        return reading.gete_ua(self, ctx)

    @function()
    def getw_ua(self, ctx: RouteContext) -> PvValue:
        """User-Agent.

        Returns: text, "<null>" when there is none.
        """
        return _ua(ctx) or NULL

    @function()
    def get_body(self, ctx: RouteContext) -> PvValue:
        """The body.

        Returns: text, nil when there is none.
        """
        return _body(ctx)

    @function()
    def gete_body(self, ctx: RouteContext) -> PvValue:
        """The body.

        Returns: text, "" when there is none.
        """
        return _body(ctx) or ""

    @function()
    def getw_body(self, ctx: RouteContext) -> PvValue:
        """The body.

        Returns: text, "<null>" when there is none.
        """
        return _body(ctx) or NULL


def _ruser(ctx: RouteContext) -> str | None:
    uri = request_uri(ctx)
    return None if uri is None else uri.user or None


def _rhost(ctx: RouteContext) -> str | None:
    uri = request_uri(ctx)
    return None if uri is None else uri.host or None


def _duri(ctx: RouteContext) -> str | None:
    return ctx.target.destination_uri or None


def _fuser(ctx: RouteContext) -> str | None:
    uri = uri_of(from_header(ctx.message))
    return None if uri is None else uri.user or None


def _fhost(ctx: RouteContext) -> str | None:
    uri = uri_of(from_header(ctx.message))
    return None if uri is None else uri.host or None


def _tuser(ctx: RouteContext) -> str | None:
    uri = uri_of(to_header(ctx.message))
    return None if uri is None else uri.user or None


def _thost(ctx: RouteContext) -> str | None:
    uri = uri_of(to_header(ctx.message))
    return None if uri is None else uri.host or None


def _cturi(ctx: RouteContext) -> str | None:
    contacts = contacts_of(ctx.message)
    return contacts[0].uri_text if contacts else None


def _au(ctx: RouteContext) -> str | None:
    found = credentials(ctx)
    return None if found is None else found.username.partition("@")[0] or None


def _ua(ctx: RouteContext) -> str | None:
    return ctx.message.user_agent or None


def _body(ctx: RouteContext) -> str | None:
    return ctx.message.body or None
