"""The log of a running server: what its records are about, and its levels while it runs."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, wait_for

SCRIPT = """
function ksr_request_route()
    KSR.info("begun\\n")
    KSR.dbg("in detail\\n")
    luasip.sleep(0.05)
    KSR.info("continued\\n")
    KSR.sl.send_reply(200, "OK")
end
"""


def rpc(port: int, method: str, *parameters: Any) -> Any:
    document = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/RPC", json.dumps(document).encode())
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["result"]


def records(server: Served) -> list[dict[str, str]]:
    return [json.loads(line) for line in list(server.log) if line.startswith("{")]


def settings(port: int) -> str:
    return f'[server.log]\nformat = "json"\nlevel = "info"\n[control]\nhttp = "127.0.0.1:{port}"\n'


def test_records_name_call_callback_and_transaction(tmp_path: Path) -> None:
    port = free_port()
    with Served(tmp_path, settings(port), SCRIPT) as server, Peer(server.address, "udp") as peer:
        assert peer.ask(peer.request("MESSAGE", "bob", call_id="one-call")).status == 200
        wait_for(lambda: server.logged("continued"), "the second line")
        begun, continued = [one for one in records(server) if one["message"] in ("begun", "continued")]
        for one in (begun, continued):
            assert (one["method"], one["callback"]) == ("MESSAGE", "ksr_request_route")
            assert one["call_id"].startswith("one-call")
        assert "transaction" not in begun
        index, _, label = continued["transaction"].partition(":")
        assert index.isdecimal()
        assert label.isdecimal()
        peer.send("REGISTER sip:x SIP/2.0\r\nCall-ID: bad-call\r\nCSeq: x\r\n\r\n")
        wait_for(lambda: server.logged("bad message"), "the bad message")
        assert rpc(port, "script.reload")["reloads"] == 1
        wait_for(lambda: server.logged("reloaded"), "the reload")
        (reloaded,) = [one for one in records(server) if one["message"].endswith("reloaded")]
        assert "call_id" not in reloaded


def test_levels_change_while_it_runs(tmp_path: Path) -> None:
    port = free_port()
    with Served(tmp_path, settings(port), SCRIPT) as server, Peer(server.address, "udp") as peer:
        assert peer.ask(peer.request("MESSAGE", "bob")).status == 200
        assert not server.logged("in detail")
        rpc(port, "log.set_level", "script", "dbg")
        assert {"logger": "luasip.script", "level": "dbg", "set": True} in rpc(port, "log.levels")
        assert peer.ask(peer.request("MESSAGE", "bob")).status == 200
        wait_for(lambda: server.logged("in detail"), "the debug line")
        rpc(port, "log.reset_level", "script")
        assert rpc(port, "dbg.get_mod_level", "script") == 2
        assert rpc(port, "log.state")["dropped"] == 0
