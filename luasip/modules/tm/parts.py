"""What the mixins of the module share, and how a function finds its transaction."""

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module
from luasip.kemi.transactions import Transaction
from luasip.modules.tm import matching
from luasip.modules.tm.settings import TmSettings


class Parts(Module):
    """Set by the module's constructor."""

    settings: TmSettings
    _services: Services

    def _lookup(self, ctx: RouteContext) -> Transaction | None:
        found: Transaction | None = matching.transaction_of(self, ctx)
        return found

    def _own(self, ctx: RouteContext) -> Transaction | None:
        """The transaction, created when there is none yet."""
        if ctx.transaction is None and ctx.is_request:
            self._services.transactions.create(ctx)
        return ctx.transaction
