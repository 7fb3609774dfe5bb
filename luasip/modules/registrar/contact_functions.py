"""Functions and the variable by which scripts read contacts."""

from luasip.kemi.context import PvValue, RouteContext, Suspending
from luasip.kemi.declare import function, variable
from luasip.modules.registrar.profiles import Profile, attribute, profiles
from luasip.modules.registrar.tables import TableAccess


class ContactFunctions(TableAccess):
    """reg_fetch_contacts, $ulc and its getters."""

    @function(suspends=True)
    def reg_fetch_contacts(self, ctx: RouteContext, dtable: str, uri: str, profile: str) -> Suspending:
        """Make the contacts of a URI readable as $ulc(profile=>attribute).

        Args:
            dtable: location table.
            uri: whose contacts.
            profile: name to read them by.
        Returns: 1, -1 when there are none.
        """
        profiles(ctx).pop(profile, None)
        fetched = yield from self._fetch(dtable, uri)
        if fetched is None or not profile:
            return -1
        profiles(ctx)[profile] = Profile(dtable, *fetched)
        return 1

    @function()
    def reg_free_contacts(self, ctx: RouteContext, profile: str) -> int:
        """Forget fetched contacts.

        Args:
            profile: their name.
        Returns: 1, -1 without a name.
        """
        profiles(ctx).pop(profile, None)
        return 1 if profile else -1

    @function()
    def ulc_rget(self, ctx: RouteContext, rid: str, attr: str) -> PvValue:
        """An attribute of fetched contacts as a whole.

        Args:
            rid: the profile.
            attr: "count" or "aor".
        Returns: the value, 0 when there is none.
        """
        profile = profiles(ctx).get(rid)
        if profile is None or attr not in ("count", "aor"):
            return 0
        return profile.aor if attr == "aor" else len(profile.contacts)

    @function()
    def ulc_cget(self, ctx: RouteContext, rid: str, attr: str, idx: int) -> PvValue:
        """An attribute of one fetched contact.

        Args:
            rid: the profile.
            attr: as in $ulc(profile=>attr).
            idx: which contact, from 0.
        Returns: the value, "" for a socket that is not known, 0 when there is no such contact.
        """
        profile = profiles(ctx).get(rid)
        if profile is None or max(idx, 0) >= len(profile.contacts):
            return 0
        value = attribute(profile, attr, max(idx, 0))
        if value is None:
            return "" if attr == "socket" else 0
        return value

    @variable("ulc")
    def contact_attribute(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$ulc(profile=>attribute)[i]: an attribute of a contact fetched by reg_fetch_contacts.

        Attributes: addr, aor, aorhash, callid, cflags, conid, count, cseq, domain, expires, flags,
            instance, methods,
        modified, path, q, received, regid, ruid, server_id, socket, user_agent.
        """
        name, _, wanted = inner.partition("=>")
        profile = profiles(ctx).get(name.strip())
        if profile is None:
            return None
        return attribute(profile, wanted.strip(), max(index, 0) if isinstance(index, int) else 0)
