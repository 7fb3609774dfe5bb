"""http_client's settings, under Kamailio's names and in its units."""

from dataclasses import dataclass, field
from typing import Final

from luasip.kemi.declare import Module

_DEFAULT_TIMEOUT: Final = 4.0


@dataclass
class HttpClientSettings(Module.Settings):
    """Named servers, and how requests are made."""

    httpcon: list[str] = field(default_factory=list)
    """Servers, each "name=>http://user:password@host/path;attribute=value…". Attributes: timeout,
    useragent, httpredirect, maxdatasize, failover (name of another), verify_peer, verify_host, tlsversion,
    client_cert, client_key, cipher_suites, authmethod."""
    connection_timeout: int = 0
    """How long a whole request may take, in the unit timeout_mode names; 0: 4 seconds."""
    timeout_mode: int = 1
    """Unit of timeouts: 1 seconds, 2 milliseconds; 0: no timeout (60 seconds)."""
    query_result: int = 0
    """1: only the first line of a body; 0: all of it (Kamailio's default is 1)."""
    query_maxdatasize: int = 0
    """Characters of a body kept by query and its like; 0: all."""
    maxdatasize: int = 0
    """Characters of a body kept by curl_connect; 0: all."""
    useragent: str = ""
    """User-Agent of requests; "" for the server's own."""
    httpredirect: int = 0
    """1: follow redirects."""
    httpproxy: str = ""
    """A proxy, host or http://host; used when httpproxyport is set."""
    httpproxyport: int = 0
    """The proxy's port."""
    authmethod: int = 3
    """Ways to show credentials: 1 Basic, 2 Digest, 3 what the server asks for."""
    cacert: str = ""
    """File or folder of CA certificates; "" for the system's."""
    client_cert: str = ""
    """File of a client certificate."""
    client_key: str = ""
    """File of its key."""
    cipher_suites: str = ""
    """Allowed ciphers, in OpenSSL's notation; "" for the usual ones."""
    tlsversion: int = 0
    """curl's number of the lowest TLS version: 0 any, 4 1.0, 5 1.1, 6 1.2, 7 1.3."""
    verify_peer: int = 1
    """Check the certificates of https servers."""
    verify_host: int = 2
    """Check that a certificate is for its host; 0 does not. Only with verify_peer."""
    keep_connections: int = 0
    """Accepted; connections are always kept."""
    response_headers: int = 0
    """1: keep the headers of the last response for $httprhdr."""

    def seconds(self, timeout: int) -> float:
        """A timeout in seconds; 0.0 where there is none."""
        if self.timeout_mode not in (1, 2):
            return 0.0
        if timeout <= 0:
            return _DEFAULT_TIMEOUT
        return timeout if self.timeout_mode == 1 else timeout / 1000
