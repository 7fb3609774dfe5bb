"""uac_auth: answering the challenge of a server the request was forwarded to."""

import logging
from typing import Final

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, Route, function
from luasip.kemi.failed_branch import chosen_branch
from luasip.kemi.transactions import ClientBranchView
from luasip.modules.uac.challenges import CHALLENGES, answer
from luasip.modules.uac.settings import Credential, UacSettings, parse_credentials

_log = logging.getLogger("luasip.uac")

_HA1: Final = 1
_CNONCE_LENGTH: Final = 16


class AuthenticationFunctions(Module):
    """uac_auth and uac_auth_mode."""

    settings: UacSettings
    _services: Services

    def set_up_credentials(self, settings: UacSettings) -> None:
        """Read the settings' credentials. Raises SettingsError."""
        self._credentials = parse_credentials(settings.credential)

    @function(Route.FAILURE)
    def uac_auth(self, ctx: RouteContext) -> int:
        """Add credentials that answer the 401 or 407 this failure route is about; t_relay() then sends them.

        The Request-URI becomes that of the challenged branch. CSeq stays as it is, so that the caller's dialog fits.

        Returns: 1, -1 when there is no challenge, or no credentials for its realm.
        """
        return self.uac_auth_mode(ctx, 0)

    @function(Route.FAILURE)
    def uac_auth_mode(self, ctx: RouteContext, mode: int) -> int:
        """Add credentials as uac_auth does, with a flag.

        Args:
            mode: 1: the password is H(A1) in hexadecimal, by the algorithm of the challenge; 0 it is the password.
        Returns: as uac_auth.
        """
        branch, winner = chosen_branch(ctx), ctx.winner
        if branch is None or winner is None or winner.status not in CHALLENGES:
            _log.error("uac_auth: no 401 or 407 to answer")
            return -1
        body = ctx.edits.new_body
        header = answer(
            winner,
            lambda realm: self._credential(ctx, realm),
            method=ctx.request.method,
            uri=branch.request_uri,
            cnonce=self._services.random_token(_CNONCE_LENGTH),
            body=ctx.request.body if body is None else body,
            is_ha1=bool(mode & _HA1),
        )
        if not header:
            _log.info("uac_auth: no credentials for a challenge that can be answered")
            return -1
        ctx.edits.append_header(ctx.request, header)
        _aim_again(ctx, branch)
        return 1

    def _credential(self, ctx: RouteContext, realm: str) -> Credential | None:
        return self._variable_credential(ctx, realm) or self._credentials.get(realm)

    def _variable_credential(self, ctx: RouteContext, realm: str) -> Credential | None:
        """The credential in the script's variables, when it is for this realm."""
        settings = self.settings
        if not settings.auth_realm_avp:
            return None
        texts = [
            str(value) if (value := self._services.variables.get(ctx, name)) is not None else ""
            for name in (settings.auth_realm_avp, settings.auth_username_avp, settings.auth_password_avp)
        ]
        own_realm, username, password = texts
        if not username or not password or own_realm not in ("", realm):
            return None
        return Credential(username, realm, password)


def _aim_again(ctx: RouteContext, branch: ClientBranchView) -> None:
    """Let the request go where the challenge came from, unless the script has chosen another next hop."""
    original = ctx.attributes.get("tm.target")
    if original == (ctx.target.uri, ctx.target.destination_uri):
        ctx.target.destination_uri = branch.target.destination_uri
        ctx.target.send_socket = branch.target.send_socket
        ctx.target.path = branch.target.path
    ctx.target.uri = branch.request_uri
