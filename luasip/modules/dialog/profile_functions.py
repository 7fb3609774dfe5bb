"""Functions of profiles."""

import logging

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route, function
from luasip.modules.dialog.parts import Parts
from luasip.modules.dialog.pending import Pending

log = logging.getLogger("luasip.dialog")


class ProfileFunctions(Parts):
    """set_dlg_profile and its kin."""

    @function()
    def set_dlg_profile(self, ctx: RouteContext, sprofile: str, svalue: str) -> int:
        """Put the current dialog, or the one that dlg_manage will begin, into a profile. It leaves when it ends.

        Args:
            sprofile: a name of profiles_with_value or profiles_no_value.
            svalue: the value it is in the profile with; ignored for a profile without values.
        Returns: 1, -1 when there is no such profile, no value where one is needed, or no dialog.
        """
        membership = self._membership(sprofile, svalue)
        if membership is None:
            return -1
        dialog = self._dialog(ctx)
        if dialog is None:
            if ctx.route is not Route.REQUEST:
                return -1
            Pending.of(ctx).profiles.append(membership)
            return 1
        if not dialog.is_live:
            return -1
        self._profiles.add(dialog, membership)
        self._life.changed(dialog)
        return 1

    @function()
    def set_dlg_profile_static(self, ctx: RouteContext, sprofile: str) -> int:
        """Put the current dialog, or the one that dlg_manage will begin, into a profile without values.

        Args:
            sprofile: a name of profiles_no_value.
        Returns: as set_dlg_profile.
        """
        return self.set_dlg_profile(ctx, sprofile, "")

    @function()
    def unset_dlg_profile(self, ctx: RouteContext, sprofile: str, svalue: str) -> int:
        """Take the current dialog out of a profile.

        Args:
            sprofile: the profile.
            svalue: the value it is in the profile with; ignored for a profile without values.
        Returns: 1, -1 when it is not in it.
        """
        membership, dialog = self._membership(sprofile, svalue), self._dialog(ctx)
        if membership is None or dialog is None or not self._profiles.remove(dialog, membership):
            return -1
        self._life.changed(dialog)
        return 1

    @function()
    def unset_dlg_profile_static(self, ctx: RouteContext, sprofile: str) -> int:
        """Take the current dialog out of a profile without values.

        Args:
            sprofile: the profile.
        Returns: 1, -1 when it is not in it.
        """
        return self.unset_dlg_profile(ctx, sprofile, "")

    @function()
    def is_in_profile(self, ctx: RouteContext, sprofile: str, svalue: str) -> int:
        """Whether the current dialog is in a profile.

        Args:
            sprofile: the profile.
            svalue: the value; ignored for a profile without values.
        Returns: 1 when it is, -1 when not.
        """
        membership, dialog = self._membership(sprofile, svalue), self._dialog(ctx)
        return 1 if membership is not None and dialog is not None and membership in dialog.profiles else -1

    @function()
    def is_in_profile_static(self, ctx: RouteContext, sprofile: str) -> int:
        """Whether the current dialog is in a profile, with whatever value.

        Args:
            sprofile: the profile.
        Returns: 1 when it is, -1 when not.
        """
        dialog = self._dialog(ctx)
        if dialog is None or not self._is_profile(sprofile):
            return -1
        return 1 if any(name == sprofile for name, _ in dialog.profiles) else -1

    @function()
    def get_profile_size(self, ctx: RouteContext, sprofile: str, svalue: str, spv: str) -> int:
        """How many dialogs are in a profile.

        Args:
            sprofile: the profile.
            svalue: only those with this value; "" for all.
            spv: the variable that gets the number, such as "$var(size)".
        Returns: 1, -1 when there is no such profile or the variable cannot be set.
        """
        if not self._is_profile(sprofile):
            return -1
        by_value = bool(svalue) and self._profiles.has_value(sprofile)
        size = self._profiles.size(sprofile, svalue if by_value else None)
        return 1 if self._services.variables.set(ctx, spv, size) else -1

    @function()
    def get_profile_size_static(self, ctx: RouteContext, sprofile: str, spv: str) -> int:
        """How many dialogs are in a profile, with whatever value.

        Args:
            sprofile: the profile.
            spv: the variable that gets the number, such as "$var(size)".
        Returns: 1, -1 when there is no such profile or the variable cannot be set.
        """
        return self.get_profile_size(ctx, sprofile, "", spv)

    def _is_profile(self, name: str) -> bool:
        if name in self._profiles:
            return True
        log.error("there is no profile %r (modules.dialog.profiles_with_value, profiles_no_value)", name)
        return False

    def _membership(self, name: str, value: str) -> tuple[str, str] | None:
        if not self._is_profile(name):
            return None
        if not value and self._profiles.has_value(name):
            log.error("the profile %r needs a value", name)
            return None
        return self._profiles.key(name, value)
