"""What a script says about a dialog before it is there: variables, profiles, timeout. Kept with the context."""

from dataclasses import dataclass, field
from typing import Final

from luasip.kemi.context import RouteContext, Variables
from luasip.modules.dialog.dialog import SEND_BYE, Dialog
from luasip.modules.dialog.profiles import Profiles
from luasip.modules.dialog.settings import DialogSettings

_KEY: Final = "dialog.pending"


@dataclass(slots=True)
class Pending:
    """What is wanted of the dialog that the message at hand will begin, or belongs to."""

    variables: dict[str, str] = field(default_factory=dict)
    profiles: list[tuple[str, str]] = field(default_factory=list)
    timeout: int = 0
    send_bye: bool = False
    timeout_route: str = ""
    on: int = 0
    """$dlg_ctx(on), which has no effect."""
    script_flags: int = 0

    @staticmethod
    def of(ctx: RouteContext) -> "Pending":
        """That of a context."""
        found: Pending | None = ctx.attributes.get(_KEY)
        if found is None:
            found = ctx.attributes[_KEY] = Pending()
        return found

    @staticmethod
    def read(ctx: RouteContext) -> "Pending":
        """That of a context, or an empty one that is not kept."""
        return ctx.attributes.get(_KEY) or Pending()

    def give_to(self, dialog: Dialog, profiles: Profiles) -> None:
        """The dialog is there: it gets everything."""
        dialog.variables.update(self.variables)
        dialog.script_flags |= self.script_flags
        dialog.timeout_route = self.timeout_route
        if self.send_bye:
            dialog.properties |= SEND_BYE
        for membership in self.profiles:
            profiles.add(dialog, membership)
        self.variables, self.profiles = {}, []

    def from_variable(self, ctx: RouteContext, settings: DialogSettings, variables: Variables) -> int:
        """The seconds that timeout_avp holds, 0 for none."""
        if not settings.timeout_avp:
            return 0
        value = variables.get(ctx, settings.timeout_avp)
        text = "" if value is None else str(value)
        return int(text) if text.isascii() and text.isdecimal() else 0


def lifetime_of(ctx: RouteContext, settings: DialogSettings, variables: Variables) -> int:
    """Seconds a dialog that begins now may last."""
    pending = Pending.read(ctx)
    return pending.timeout or pending.from_variable(ctx, settings, variables) or settings.default_timeout
