"""Who may use the HTTP interface: a token, and what a browser that was led here would send.

A web page somebody visits can make the browser send requests to this machine. Browsers say so in Origin, and after
DNS tricks the Host is a name of the attacker's; both are refused.
"""

import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers


class Access:
    """Judges requests by their headers."""

    def __init__(self, token: str, hosts: tuple[str, ...] = ()) -> None:
        self._token = token.encode("utf-8")
        self._hosts = {"localhost", *(host.lower() for host in hosts)}

    def refusal(self, headers: Headers, *, needs_token: bool = True) -> tuple[int, str] | None:
        """(status, reason) when the request is not let in, None when it is."""
        host = headers.get("host", "")
        if not self._is_own(host):
            return 403, f"Host {host!r:.80} is not in control.hosts"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, f"requests of pages from {origin!r:.80} are not taken"
        if needs_token and self._token and not self._is_known(headers.get("authorization", "")):
            return 401, "a token is needed: Authorization: Bearer TOKEN"
        return None

    def _is_known(self, credentials: str) -> bool:
        scheme, _, token = credentials.partition(" ")
        given = token.strip().encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, self._token) and scheme.lower() == "bearer"

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._hosts or _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
