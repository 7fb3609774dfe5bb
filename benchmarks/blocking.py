"""Routes that make a call of 100 ms: how many a second LuaSIP and Kamailio carry, and who else waits meanwhile.

Both run the same Lua script over the same private MariaDB or HTTP service. The rate is raised until calls fail: not
answered within 2 s.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.kamailio import Kamailio
from benchmarks.load import Measured, run
from benchmarks.luasip_server import LuaSip
from tests.wire.mariadb import MariaDb
from tests.wire.process import ROOT, free_port, wait_for

SCRIPT = """
function ksr_request_route()
  if KSR.is_OPTIONS() then
    KSR.sl.sl_send_reply(200, "OK")
    return
  end
  if KSR.tm.t_newtran() < 1 then return end
  ACTION
  KSR.tm.t_reply(200, "OK")
end
"""
ACTIONS = {
    "sql": 'KSR.sqlops.sql_query("db", "select sleep(0.1)", "ra") KSR.sqlops.sql_result_free("ra")',
    "http": 'KSR.http_client.query("http://127.0.0.1:PORT/", "$var(body)")',
}
MODULES = ("kex", "tm", "sl", "pv", "db_mysql", "sqlops", "http_client")
"""Kamailio's, which the scripts need."""
Start = Callable[[Path, Path], LuaSip | Kamailio]
"""Makes a server in a folder for a script."""
RATES = (20, 40, 60, 70, 80, 90, 100, 150, 200, 300, 400, 500, 600, 700, 800, 1000)


@contextmanager
def http_service() -> Iterator[int]:
    """The slow HTTP service; gives its port."""
    port = free_port()
    program = Path(__file__).with_name("slow_http.py")
    process = subprocess.Popen([sys.executable, str(program), str(port)], stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: not _refused(port), "the HTTP service")
        yield port
    finally:
        process.kill()
        process.wait()


def _refused(port: int) -> bool:
    with open("/proc/net/tcp", encoding="ascii") as table:
        return not any(line.split()[1].endswith(f":{port:04X}") for line in table.readlines()[1:])


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """A private MariaDB; gives its URL."""
    mariadb = MariaDb(folder)
    try:
        yield mariadb.url
    finally:
        mariadb.stop()


def luasip(folder: Path, script: Path, database: str, size: int, source: Path = ROOT) -> LuaSip:
    """LuaSIP with pools of so many threads."""
    settings = "".join(f"[pools.{name}]\nthreads = {size}\n" for name in ("sql", "http"))
    settings += f'[modules.sqlops]\nsqlcon = "db=>{database}"\n'
    return LuaSip(folder, script, free_port(), source, settings)


def kamailio(folder: Path, script: Path, database: str, size: int) -> Kamailio:
    """Kamailio with so many workers."""
    parameters = [
        f'modparam("sqlops", "sqlcon", "db=>{database}")',
        'modparam("http_client", "keep_connections", 1)',
    ]
    return Kamailio(folder, script, free_port(), size, MODULES, parameters)


def climb(
    start: Start, folder: Path, script: str, rates: Sequence[int], seconds: float
) -> tuple[Measured | None, Measured | None]:
    """The fastest run without a retransmission and the fastest without a failed call; every run is printed."""
    folder.mkdir()
    path = folder / "route.lua"
    path.write_text(script, "ascii")
    steady = best = None
    with start(folder / "server", path) as server:
        run(server.address, folder / "warm", 20, 2.0)
        for rate in rates:
            measured = run(server.address, folder / str(rate), rate, seconds)
            print(f"  {measured}", flush=True)
            if measured.counts.failed:
                break
            best = measured
            if not measured.counts.retransmissions:
                steady = measured
    return steady, best


def sql(
    folder: Path, source: Path, rates: Sequence[int], kamailio_rates: Sequence[int], seconds: float
) -> dict[str, tuple[Measured | None, Measured | None]]:
    """The SQL call in short: what `climb` finds, for LuaSIP with 64 threads and, with rates for it, Kamailio with 8."""
    script = SCRIPT.replace("ACTION", ACTIONS["sql"])
    found = {}
    folder.mkdir()
    with database(folder / "mariadb") as url:
        start: Start = partial(luasip, database=url, size=64, source=source)
        found["LuaSIP"] = climb(start, folder / "luasip", script, rates, seconds)
        if kamailio_rates:
            start = partial(kamailio, database=url, size=8)
            found["Kamailio"] = climb(start, folder / "kamailio", script, kamailio_rates, seconds)
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=[*ACTIONS, "all"], default="all")
    parser.add_argument("--server", choices=["luasip", "kamailio", "both"], default="both")
    parser.add_argument(
        "--threads", type=int, default=64, help="pool threads of LuaSIP (default: %(default)s)"
    )
    parser.add_argument("--children", type=int, default=8, help="workers of Kamailio (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=8.0, help="length of each run (default: %(default)s)"
    )
    parser.add_argument("--rates", type=int, nargs="+", default=list(RATES), help="requests a second to try")
    parser.add_argument("--source", type=Path, default=ROOT, help="the folder LuaSIP is run from (default: plain)")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before")
    best: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="luasip-bench-") as name,
        http_service() as http_port,
        database(Path(name) / "mariadb") as url,
    ):
        for what in ACTIONS if options.what == "all" else [options.what]:
            script = SCRIPT.replace("ACTION", ACTIONS[what].replace("PORT", str(http_port)))
            for kind, start, size in (
                ("luasip", luasip, options.threads),
                ("kamailio", kamailio, options.children),
            ):
                if options.server not in (kind, "both"):
                    continue
                print(f"{what}, {kind} with {size} {'threads' if kind == 'luasip' else 'workers'}:")
                server: Start = partial(start, database=url, size=size)
                if kind == "luasip":
                    server = partial(server, source=options.source)
                steady, most = climb(
                    server, Path(name) / f"{what}-{kind}", script, options.rates, options.seconds
                )
                best += [
                    f"{what:5s}{kind:9s}steady  {steady or 'none'}",
                    f"{what:5s}{kind:9s}maximum {most or 'none'}",
                ]
    print(f"Steady: no retransmission; maximum: no failed call (load {os.getloadavg()[0]:.1f} after)")
    print("\n".join(best))


if __name__ == "__main__":
    main()
