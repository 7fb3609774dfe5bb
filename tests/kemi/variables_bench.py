"""A registry with the pv module on it, for tests of pseudo-variables."""

from typing import Any

from luasip.kemi.context import RouteContext
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.modules.core import Core
from luasip.modules.pv import Pv
from tests.bench import INVITE, FakeServices, context


class VariablesBench:
    """Services, registry, module and one context."""

    def __init__(self, text: str = INVITE, services: FakeServices | None = None, **source: Any) -> None:
        self.services = services or FakeServices()
        self.variables = PseudoVariables(self.services)
        self.services.variables = self.variables
        self.core = Core(Core.Settings(), self.services)
        self.pv = Pv(Pv.Settings(), self.services)
        self.variables.add(self.core)
        self.variables.add(self.pv)
        self.ctx: RouteContext = context(text, self.services, **source)

    def get(self, specification: str) -> str | int | None:
        return self.variables.get(self.ctx, specification)

    def set(self, specification: str, value: str | int | None) -> bool:
        return self.variables.set(self.ctx, specification, value)

    def expand(self, text: str) -> str:
        return self.variables.expand(self.ctx, text)

    def sent(self) -> str:
        """The message with its pending edits."""
        return self.ctx.edits.apply(self.ctx.message)
