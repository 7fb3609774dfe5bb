"""One server with the configuration of scripts/serve, shared by the tests that leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.wire.process import Served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The shared server; also listens on the IPv6 loopback."""
    listen = [f"{protocol}:{host}:5060" for host in ("127.0.0.1", "[::1]") for protocol in ("udp", "tcp")]
    with Served(tmp_path_factory.mktemp("served"), listen=listen) as server:
        yield server
        assert not server.logged(" ERROR "), "".join(server.log)
