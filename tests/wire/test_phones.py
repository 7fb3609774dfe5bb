"""Two real phones (pjsua2), one over UDP and one over TCP, through the configuration of scripts/serve."""

import json
import subprocess
import sys

from tests.wire.peer import Peer
from tests.wire.process import ROOT, Served


def test_two_phones_register_and_call_each_other(served: Served) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.wire.phones", f"127.0.0.1:{served.port}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["registered"] == [200, 200]
    for call in (found["alice calls bob"], found["bob calls alice"]):
        assert call["confirmed"], call
        assert call["digits"] == ["12#", "0*"]
        assert min(call["packets"]) >= 25
        assert call["ended"]
    assert found["unregistered"] == [200, 200]
    with Peer(served.address) as peer:
        for name in ("alice", "bob"):
            answer = peer.ask(peer.request("REGISTER", name))
            assert answer.status == 200
            assert answer.contacts == []
