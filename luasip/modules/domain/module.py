"""The domain module: questions about domains, their attributes as AVPs, and the RPC commands."""

import logging
import threading
from typing import Any

from luasip.errors import CommandError, LuaSIPError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.current import from_header, parsed_uri, request_uri, uri_of
from luasip.kemi.declare import Module, Route, command, function
from luasip.modules.domain.domains import Domains, load_domains
from luasip.modules.domain.settings import DomainSettings

_log = logging.getLogger("luasip.domain")

_ASKING = Route.REQUEST | Route.FAILURE | Route.BRANCH | Route.EVENT


class Domain(Module):
    """domain: the domains this server is responsible for."""

    name = "domain"

    Settings = DomainSettings

    def __init__(self, settings: DomainSettings, services: Services) -> None:
        self.settings = settings
        self._services = services
        self._domains = Domains()
        self._reloading = threading.Lock()

    def start(self) -> None:
        """Read the tables. Raises StorageError: a server that does not know its domains must not start."""
        self._load()
        if self.settings.register_myself:
            self._services.register_own(lambda host: self._domains.find(host) is not None)

    def _load(self) -> None:
        self._domains = load_domains(self._services.databases.open(self.settings.db_url), self.settings)

    @function(_ASKING)
    def is_from_local(self, ctx: RouteContext) -> int:
        """Tell whether the host of the From URI is one of the domains.

        Returns: 1, -1, or -2 when From cannot be read.
        """
        uri = uri_of(from_header(ctx.message))
        return -2 if uri is None else self._is_local(uri.host)

    @function(_ASKING)
    def is_uri_host_local(self, ctx: RouteContext) -> int:
        """Tell whether the host of the Request-URI is a domain of ours; in a failure callback, of the first new branch.

        Returns: 1 or -1, also when there is no such URI.
        """
        if ctx.route is Route.FAILURE:
            uri = parsed_uri(ctx.branches[0].uri) if ctx.branches else None
        else:
            uri = request_uri(ctx)
        return -1 if uri is None else self._is_local(uri.host)

    @function(_ASKING)
    def is_domain_local(self, ctx: RouteContext, sdomain: str) -> int:
        """Tell whether a domain is one of those of this server.

        Args:
            sdomain: the domain.
        Returns: 1 or -1.
        """
        return self._is_local(sdomain)

    @function(_ASKING)
    def lookup_domain(self, ctx: RouteContext, _sdomain: str) -> int:
        """Put a domain's attributes into AVPs of their names, and its identifier into $avp(did).

        Args:
            _sdomain: the domain.
        Returns: 1, or -1 when it is not one of this server's.
        """
        return self._lookup(ctx, _sdomain, "")

    @function(_ASKING)
    def lookup_domain_prefix(self, ctx: RouteContext, _sdomain: str, _sprefix: str) -> int:
        """Put a domain's attributes into AVPs, and its identifier into the one with "did".

        Args:
            _sdomain: the domain.
            _sprefix: stands before the names of the AVPs.
        Returns: 1, or -1 when it is not one of this server's.
        """
        return self._lookup(ctx, _sdomain, _sprefix)

    def _is_local(self, host: str) -> int:
        return -1 if self._domains.find(host) is None else 1

    def _lookup(self, ctx: RouteContext, domain: str, prefix: str) -> int:
        found = self._domains.find(domain)
        if found is None:
            return -1
        # Newest first: of several with one name the first in the table is $avp(name).
        for name, value in (*reversed(found.attributes), ("did", found.did)):
            ctx.lists.avps.setdefault(prefix + name, []).insert(0, value)
        return 1

    @command("domain.reload")
    def reload(self) -> str:
        """Read the tables again. When something is wrong with them the old domains stay."""
        with self._reloading:
            try:
                self._load()
            except LuaSIPError as error:
                _log.error("%s", error)
                raise CommandError(400, "Reload of domain tables failed") from error
        return "ok"

    @command("domain.dump")
    def dump(self) -> list[dict[str, Any]]:
        """The domains with their identifiers, then each identifier with the names of its attributes."""
        domains = self._domains
        found: list[dict[str, Any]] = [
            {"domain": one.domain, "did": one.did} for one in domains.by_name.values()
        ]
        found += [
            {"did": did, "attrs": [name for name, _ in attributes]}
            for did, attributes in domains.attributes.items()
        ]
        return found
