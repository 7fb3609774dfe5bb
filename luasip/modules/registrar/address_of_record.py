"""From a URI to the address of record it names: the key of a location table.

Knows no table.
"""

from luasip.errors import SipError
from luasip.modules.registrar.refusal import Refusal, RegistrationRefused
from luasip.sip.uri import parse_uri, unescape

LONGEST = 512


class AddressRules:
    """What makes two URIs the same address of record."""

    __slots__ = ("_case_sensitive", "_realm_prefix", "use_domain")

    def __init__(self, use_domain: bool, case_sensitive: bool, realm_prefix: str) -> None:
        self.use_domain = use_domain
        self._case_sensitive = case_sensitive
        self._realm_prefix = realm_prefix

    def address_of(self, uri_text: str) -> str:
        """ "user" or "user@domain" with escapes resolved, in lower case unless case matters.

        Raises RegistrationRefused when `uri_text` is no URI, has no user to go by, or is too long.
        """
        try:
            uri = parse_uri(uri_text)
            user = unescape(uri.user)
        except SipError as error:
            raise RegistrationRefused(Refusal.AOR_PARSE) from error
        if not uri.is_sip and uri.scheme != "tel":
            raise RegistrationRefused(Refusal.AOR_PARSE)
        if not self._case_sensitive:
            user = user.lower()
        if not self.use_domain:
            if not user:
                raise RegistrationRefused(Refusal.NO_USER)
            aor = user
        else:
            domain = uri.host.lower()
            if self._realm_prefix and len(self._realm_prefix) < len(domain):
                domain = domain.removeprefix(self._realm_prefix)
            aor = f"{user}@{domain}" if user else domain
        if len(aor) > LONGEST:
            raise RegistrationRefused(Refusal.AOR_LENGTH)
        return aor
