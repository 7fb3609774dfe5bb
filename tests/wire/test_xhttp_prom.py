"""Metrics of a script, asked for on the SIP port as from a Kamailio, and on the control interface."""

import urllib.request
from pathlib import Path

from tests.wire.peer import Peer
from tests.wire.process import Served, free_port

SCRIPT = """
function ksr_request_route()
    KSR.xhttp_prom.counter_inc_l1("requests", 1, KSR.kx.get_method())
    KSR.xhttp_prom.histogram_observe_l0("size", tostring(KSR.pv.get("$ml")))
    KSR.xhttp_prom.gauge_set_l0("last", "7.5")
    KSR.sl.send_reply(200, "OK")
end

function ksr_xhttp_event()
    if KSR.xhttp_prom.check_uri() > 0 then
        KSR.xhttp_prom.dispatch()
    else
        KSR.xhttp.xhttp_reply(404, "Not Found", "", "")
    end
end
"""

SETTINGS = """
[control]
http = "127.0.0.1:{port}"
[modules.xhttp]
event_callback = "ksr_xhttp_event"
[modules.xhttp_prom]
prom_counter = ["name=requests; label=method"]
prom_gauge = ["name=last"]
prom_histogram = ["name=size; buckets=10:100000"]
xhttp_prom_stats = "rcv_requests"
"""


def test_both_pages(tmp_path: Path) -> None:
    port = free_port()
    with Served(tmp_path, SETTINGS.format(port=port), SCRIPT) as server:
        with Peer(server.address, "udp") as peer:
            for _ in range(2):
                assert peer.ask(peer.request("OPTIONS", "")).status == 200
        for place in (server.port, port):
            with urllib.request.urlopen(f"http://127.0.0.1:{place}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
            assert 'kamailio_requests{method="OPTIONS"} 2.0' in lines
            assert "kamailio_last 7.5" in lines
            assert 'kamailio_size_bucket{le="10.0"} 0.0' in lines
            assert 'kamailio_size_bucket{le="+Inf"} 2.0' in lines
            assert ("kamailio_core_rcv_requests 2.0" in lines) == (place == server.port)
