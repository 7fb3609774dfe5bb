"""Many routes suspended at one time in one process: memory, whether all go on, and what plain OPTIONS wait meanwhile.

Each MESSAGE starts a route that sleeps; sipp sends them at a rate that has them all waiting together, and counts how
many are answered.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from benchmarks.load import Options, percentile, start
from tests.wire.process import Served

SCRIPT = """
function ksr_request_route()
  if KSR.is_OPTIONS() then
    KSR.sl.sl_send_reply(200, "OK")
    return
  end
  if KSR.tm.t_newtran() < 1 then return end
  local before = KSR.pv.get("$ci")
  luasip.sleep(SECONDS)
  KSR.tm.t_reply(200, before == KSR.pv.get("$ci") and "OK" or "Mixed up")
end
"""


def resident(pid: int) -> float:
    """MiB of memory a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routes", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each waits once all are there")
    parser.add_argument("--rate", type=int, default=1000, help="new routes a second (default: %(default)s)")
    options = parser.parse_args()
    arriving = options.routes / options.rate
    waits = options.seconds + arriving
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory(prefix="luasip-bench-") as name:
        folder = Path(name)
        settings = f"[server.workers]\nmax_suspended = {options.routes + 100}\n"
        with Served(folder / "server", settings, SCRIPT.replace("SECONDS", f"{waits:g}")) as server:
            pid = server.process.pid
            with start(server.address, folder / "warm", 50, 50, waits + 10) as warm:
                warm.wait(waits + 30)
            before = resident(pid)
            most = before
            with (
                Options(server.address) as others,
                start(server.address, folder / "load", options.rate, options.routes, waits + 20) as load,
            ):
                began = time.monotonic()
                while load.poll() is None and time.monotonic() - began < waits * 3 + 60:
                    most = max(most, resident(pid))
                    time.sleep(0.1)
                took = time.monotonic() - began
            counts = load.counts()
            after = resident(pid)
    times = others.times
    print(
        f"{options.routes} routes, each waiting {waits:g} s: {counts.successful} answered, {counts.failed} not,"
    )
    print(f"  {counts.retransmissions} retransmissions, {took:.1f} s in all")
    print(f"  memory {before:.0f} MiB before, {most:.0f} at most (+{most - before:.0f}), {after:.0f} after")
    print(
        f"  OPTIONS p50 {percentile(times, 50):.1f} ms, p99 {percentile(times, 99):.1f} ms of {len(times)},"
        f" {others.unanswered} unanswered (load {os.getloadavg()[0]:.1f} after)"
    )


if __name__ == "__main__":
    main()
