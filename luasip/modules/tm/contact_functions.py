"""Functions for trying contacts one after the other, by q and by flow."""

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import function
from luasip.modules.tm import contacts
from luasip.modules.tm.parts import Parts


class ContactFunctions(Parts):
    """t_next_contacts and its kin."""

    @function()
    def t_load_contacts(self, ctx: RouteContext) -> int:
        """Put the targets found by lookup into groups of equal q, for t_next_contacts.

        Returns: 1, or -1 when contacts_avp is not set.
        """
        return self.ki_t_load_contacts_mode(ctx, 0)

    @function()
    def ki_t_load_contacts_mode(self, ctx: RouteContext, mode: int) -> int:
        """Put the targets found by lookup into groups, for t_next_contacts.

        Args:
            mode: 0 groups of equal q, 1 every target a group of its own.
        Returns: 1, or -1 when contacts_avp is not set.
        """
        name = self.settings.contacts_avp
        if not name:
            return -1
        contacts.load(ctx, name, self.settings.contact_flows_avp, each_alone=bool(mode & 1))
        return 1

    @function()
    def t_next_contacts(self, ctx: RouteContext) -> int:
        """Make the next group of contacts the targets.

        Returns: 1, -2 when no group is left, -1 when contacts_avp is not set.
        """
        name = self.settings.contacts_avp
        if not name:
            return -1
        return 1 if contacts.take_group(ctx, name) else -2

    @function()
    def t_next_contact_flow(self, ctx: RouteContext) -> int:
        """Make another flow of the failed branch's instance the target (RFC 5626).

        Returns: 1, -2 when there is none, -1 when contact_flows_avp is not set.
        """
        name = self.settings.contact_flows_avp
        if not name:
            return -1
        return 1 if contacts.take_flow(ctx, name) else -2
