"""pv: what the Authorization or Proxy-Authorization header says; only $Au and $AU are of proven users."""

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.credentials import accepted_credentials, credentials
from luasip.kemi.current import from_header, uri_of
from luasip.kemi.declare import Module, variable
from luasip.kemi.pseudo_variables import Index


def _parameter(ctx: RouteContext, name: str) -> str | None:
    found = credentials(ctx)
    return None if found is None else found.params.get(name) or None


class CredentialVariables(Module):
    """$au $ar $ad $adu and the like."""

    @variable("au")
    def auth_user(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User part of the credentials' username: what precedes an "@"."""
        username = _parameter(ctx, "username")
        return None if username is None else username.partition("@")[0]

    @variable("aU")
    def auth_username(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The credentials' whole username."""
        return _parameter(ctx, "username")

    @variable("ad")
    def auth_domain(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """What follows the "@" in the credentials' username."""
        username = _parameter(ctx, "username")
        return None if username is None else username.partition("@")[2] or None

    @variable("ar")
    def auth_realm(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Realm of the credentials."""
        return _parameter(ctx, "realm")

    @variable("adu")
    def auth_uri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of the credentials."""
        return _parameter(ctx, "uri")

    @variable("aa")
    def auth_algorithm(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Algorithm of the credentials."""
        return _parameter(ctx, "algorithm")

    @variable("adn")
    def auth_nonce(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Nonce of the credentials."""
        return _parameter(ctx, "nonce")

    @variable("adc")
    def auth_cnonce(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Client nonce of the credentials."""
        return _parameter(ctx, "cnonce")

    @variable("adr")
    def auth_response(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Response of the credentials."""
        return _parameter(ctx, "response")

    @variable("ado")
    def auth_opaque(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Opaque of the credentials."""
        return _parameter(ctx, "opaque")

    @variable("Au")
    def accounting_username(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """user@realm of accepted credentials, else user@host of From."""
        accepted = accepted_credentials(ctx)
        if accepted is not None and accepted.username:
            user = accepted.username.partition("@")[0]
            return f"{user}@{accepted.realm}" if accepted.realm else user
        uri = uri_of(from_header(ctx.message))
        return None if uri is None else f"{uri.user}@{uri.host}"

    @variable("AU")
    def accounting_user(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User of accepted credentials, else the user part of From."""
        accepted = accepted_credentials(ctx)
        if accepted is not None and accepted.username:
            return accepted.username.partition("@")[0]
        uri = uri_of(from_header(ctx.message))
        return None if uri is None else uri.user or None
