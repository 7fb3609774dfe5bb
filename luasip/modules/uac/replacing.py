"""Replacing From and To, and restoring them: in replies of the transaction, and in later requests of the dialog.

The original and the new URI travel in a parameter of our Record-Route (stored_uri.py); rr writes it and finds it again.
"""

import logging
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.current import parsed_uri, to_header
from luasip.kemi.declare import Module, Route, function
from luasip.modules.rr import Rr
from luasip.modules.uac.address_edits import put_address, received_address, rewrite_address
from luasip.modules.uac.settings import Restoring, UacSettings, restoring_mode
from luasip.modules.uac.stored_uri import recover, store

_log = logging.getLogger("luasip.uac")

_REPLACING: Final = Route.REQUEST | Route.BRANCH | Route.FAILURE | Route.BRANCH_FAILURE | Route.EVENT
_REPLACED: Final = "uac.replaced"
_RESTORED: Final = "uac.restored"


class ReplaceFunctions(Module):
    """uac_replace_* and uac_restore_*."""

    settings: UacSettings
    _services: Services
    _rr: Rr

    def set_up_restoring(self, settings: UacSettings, rr: Rr) -> None:
        """Have rr tell of followed Routes in mode "auto". Raises SettingsError."""
        self._restoring = restoring_mode(settings)
        self._rr = rr
        self._stored = {"from": settings.rr_from_store_param, "to": settings.rr_to_store_param}
        self._kept = {"from": settings.restore_from_avp, "to": settings.restore_to_avp}
        if self._restoring is not Restoring.AUTO:
            return
        if not rr.settings.append_fromtag:
            raise SettingsError(
                ['modules.rr.append_fromtag: modules.uac.restore_mode "auto" needs it to be 1']
            )
        rr.on_followed(self._followed)

    @function(_REPLACING)
    def uac_replace_from(self, ctx: RouteContext, pdsp: str, puri: str) -> int:
        """Replace display name and URI of From in the request when it is sent.

        The replies get the original From back; with restore_mode "auto" so do later requests of the dialog.
        Branch and failure routes may replace anew, for their branches, what the request route has replaced.

        Args:
            pdsp: display name as it is to stand there, with its quotes; "" keeps the old one.
            puri: the URI; "" keeps the old one.
        Returns: 1, -1 when the request route has replaced it already, when it cannot be read, or in a dialog when
            restore_mode is "auto".
        """
        return self._replace(ctx, "from", pdsp, puri)

    @function(_REPLACING)
    def uac_replace_from_uri(self, ctx: RouteContext, puri: str) -> int:
        """Replace the URI of From, see uac_replace_from.

        Args:
            puri: the URI; "" keeps the old one.
        Returns: as uac_replace_from.
        """
        return self._replace(ctx, "from", "", puri)

    @function(_REPLACING)
    def uac_replace_to(self, ctx: RouteContext, pdsp: str, puri: str) -> int:
        """Replace display name and URI of To in the request when it is sent, see uac_replace_from.

        Args:
            pdsp: display name as it is to stand there, with its quotes; "" keeps the old one.
            puri: the URI; "" keeps the old one.
        Returns: as uac_replace_from.
        """
        return self._replace(ctx, "to", pdsp, puri)

    @function(_REPLACING)
    def uac_replace_to_uri(self, ctx: RouteContext, puri: str) -> int:
        """Replace the URI of To, see uac_replace_from.

        Args:
            puri: the URI; "" keeps the old one.
        Returns: as uac_replace_from.
        """
        return self._replace(ctx, "to", "", puri)

    @function(Route.REQUEST)
    def uac_restore_from(self, ctx: RouteContext) -> int:
        """In a request of a dialog whose From was replaced: put the URI there that its receiver knows.

        For restore_mode "manual"; with "auto" loose_route does it. Its replies are restored too.

        Returns: 1, -1 when our Route does not tell of a replaced From.
        """
        return self._restore(ctx, "from")

    @function(Route.REQUEST)
    def uac_restore_to(self, ctx: RouteContext) -> int:
        """In a request of a dialog whose To was replaced: put the URI there that its receiver knows.

        Returns: as uac_restore_from, for To.
        """
        return self._restore(ctx, "to")

    def _replace(self, ctx: RouteContext, key: str, display: str, uri: str) -> int:
        found = received_address(ctx.message, key)
        if found is None or not ctx.is_request:
            return -1
        original, parts = found
        if not self._may_replace(ctx, key, display, uri):
            return -1
        self._keep(ctx, key, original)
        if not rewrite_address(ctx, key, display=display, uri=uri):
            return -1
        if not uri or self._restoring is Restoring.NONE:
            return 1
        stored = store(parts.uri, uri, self.settings.restore_passwd)
        self._rr.put_parameter(ctx, self._stored[key], stored)
        ctx.attributes[_REPLACED] = (*ctx.attributes.get(_REPLACED, ()), key)
        _restore_in_replies(ctx, key, original)
        return 1

    def _may_replace(self, ctx: RouteContext, key: str, display: str, uri: str) -> bool:
        if ctx.route is Route.REQUEST and key in ctx.attributes.get(_REPLACED, ()):
            _log.error("%s was replaced in this request already", key)
            return False
        if "\r" in display or "\n" in display:
            _log.error("%s is not replaced: its display name has a line end", key)
            return False
        if not uri:
            return True
        if parsed_uri(uri) is None or set(uri) & set(' <>"\r\n'):
            _log.error("%s is not replaced by %r, which is no URI", key, uri)
            return False
        receiver = to_header(ctx.message)
        if self._restoring is Restoring.AUTO and (receiver is None or receiver.tag):
            _log.error('%s is not replaced in a dialog: restore_mode is "auto"', key)
            return False
        return True

    def _keep(self, ctx: RouteContext, key: str, original: str) -> None:
        """Give the script the original, where the settings name an AVP for it."""
        if self._kept[key] and self._restoring is not Restoring.NONE:
            self._services.variables.set(ctx, self._kept[key], original)

    def _followed(self, ctx: RouteContext) -> None:
        for key in ("from", "to"):
            self._restore(ctx, key)

    def _restore(self, ctx: RouteContext, replaced: str) -> int:
        """Exchange what was replaced as `replaced`; against the dialog's direction From and To have changed places."""
        parameter = self._stored[replaced]
        stored = self._rr.own_parameter(ctx, parameter)
        if not stored:
            return -1
        if replaced in ctx.attributes.get(_RESTORED, ()):
            return 1
        turned = self._rr.is_upstream(ctx)
        key = {"from": "to", "to": "from"}[replaced] if turned else replaced
        found = received_address(ctx.message, key)
        if found is None:
            return -1
        original, parts = found
        other = recover(stored, parts.uri, self.settings.restore_passwd)
        if not other or parsed_uri(other) is None:
            _log.warning("%s is not restored: %s is not the URI it was replaced for", key, parts.uri)
            return -1
        # A request that refreshes the route set must keep the parameter in it.
        self._rr.put_parameter(ctx, parameter, stored)
        self._keep(ctx, key, original)
        rewrite_address(ctx, key, uri=other)
        ctx.attributes[_RESTORED] = (*ctx.attributes.get(_RESTORED, ()), replaced)
        _restore_in_replies(ctx, key, original)
        return 1


def _restore_in_replies(ctx: RouteContext, key: str, original: str) -> None:
    """Replies carry the From and To of the request as its sender wrote them (RFC 3261 §8.2.6.2)."""

    def restore(reply: RouteContext) -> None:
        put_address(reply, key, original)

    ctx.on_response = (*ctx.on_response, restore)
