"""uuid: universally unique identifiers (RFC 9562)."""

import secrets
import uuid

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, function, variable


class Uuid(Module):
    """uuid: universally unique identifiers."""

    name = "uuid"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        pass

    @function()
    def get(self, ctx: RouteContext) -> PvValue:
        """A new identifier of the best kind there is: random.

        Returns: 36 characters, as "0b4fc3c5-6fa5-4d1f-a4a3-3a1b0f2f4c5e".
        """
        return str(uuid.uuid4())

    @function()
    def rget(self, ctx: RouteContext) -> PvValue:
        """A new random identifier (version 4).

        Returns: 36 characters.
        """
        return str(uuid.uuid4())

    @function()
    def tget(self, ctx: RouteContext) -> PvValue:
        """A new identifier from the time (version 1). Its node is random: it does not tell this machine's address.

        Returns: 36 characters.
        """
        # RFC 9562 §6.10: a node that is no hardware address has the multicast bit set.
        return str(uuid.uuid1(secrets.randbits(48) | 1 << 40, secrets.randbits(14)))

    @variable("uuid")
    def identifier(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$uuid(kind): a new identifier: g or none the best kind, r random, t or s from the time."""
        if inner in ("", "g", "r"):
            return self.get(ctx)
        return self.tget(ctx) if inner in ("t", "s") else None
