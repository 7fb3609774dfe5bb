"""LuaSIP and Kamailio with the same script and the same calls: CPU a call, latency, memory, highest rate."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import blocking, flame, sources
from benchmarks.comparison import Comparison, say
from benchmarks.contestants import Contestant, kamailio, luasip
from benchmarks.load import Measured
from benchmarks.results import Result, markdown, plot, table
from benchmarks.section import Circumstances, write_section
from benchmarks.workloads import WORKLOADS, Workload
from tests.wire.process import ROOT

HEADING = "LuaSIP and Kamailio"
METHOD = """\
    scripts/bench

Both servers run `benchmarks/route.lua`, which makes the calls of Kamailio's sample script, with one UDP socket and
contacts in memory; Kamailio has 2 workers and runs with `-x fm -X fm`. They are loaded in turn. *CPU* is that of all
of a server's processes from the start of a run to the start of its next one, by the calls of the run: the median of
the rounds. *Ratio* is the median of the rounds' ratios to the last server of the group, with the smallest and the
largest one. *p50 / p99* are of single requests asked 25 times a second meanwhile: an OPTIONS where the server answers
itself, else a MESSAGE that it relays. *Failed* calls had to wait 2 s for a message, *repeated* is what sipp sent
again, *MiB* resident memory after the last round, shared pages once. *Highest rate* is that without a failed call, and
what was full above it: the server, sipp (one thread), or the CPUs, which all share. *Limited by* says the same of the
rate that is compared."""

BLOCKING_RATES = (300, 400, 500, 600, 700)
KAMAILIO_BLOCKING_RATES = (60, 80, 100)


def contestants(options: argparse.Namespace, folder: Path) -> list[Contestant]:
    """Who takes part; the last one is what the others are compared with."""
    found = []
    builds = [True] * (options.compiled or not options.plain) + [False] * options.plain
    for compiled in builds:
        source = sources.compiled() if compiled else ROOT
        found.append(luasip("LuaSIP" if compiled else "LuaSIP, plain", source))
    for commit in options.against:
        compiled = builds[0]
        name = f"{commit}{'' if compiled else ', plain'}"
        say(f"{name}: {'compiling' if compiled else 'reading'} it")
        found.append(
            luasip(name, sources.of_commit(commit, folder / f"source-{commit.replace('/', '-')}", compiled))
        )
    if not options.no_kamailio:
        found.append(kamailio(options.children))
    return found


def wanted(options: argparse.Namespace) -> list[Workload]:
    """The workloads of the command line, in our order."""
    return [workload for workload in WORKLOADS if workload.name in options.workloads]


def compare(options: argparse.Namespace, folder: Path) -> list[Result]:
    """Everything that is compared call by call."""
    results: list[Result] = []
    taking_part = contestants(options, folder)
    comparison = Comparison(taking_part, folder, options.rounds, options.seconds, not options.no_climb)
    for workload in wanted(options):
        say(f"{workload.title}:")
        results += comparison.run(workload, options.rates or workload.rates)
    return results


def blocking_table(found: dict[str, tuple[Measured | None, Measured | None]]) -> str:
    """A call of 100 ms, as a table."""
    rows = [
        [name, *(str(measured.rate) if measured else "none" for measured in rates)]
        for name, rates in found.items()
    ]
    return table(["call of 100 ms (MariaDB)", "MESSAGE/s, nothing repeated", "MESSAGE/s, none failed"], rows)


def profile(options: argparse.Namespace) -> None:
    """A flame graph of each workload."""
    source = ROOT if options.plain else sources.compiled()
    for workload in wanted(options):
        rate = (options.rates or workload.rates)[0]
        target = options.profile / f"{workload.name}.svg"
        say(f"{workload.title}, {rate}/s:")
        say(flame.profile(workload, source, not options.plain, rate, max(options.seconds, 6.0), target))
        say(f"{target}\n")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    add = parser.add_argument
    names.append("blocking")
    add("--workloads", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    add("--rates", type=int, nargs="+", help="calls a second (default: each workload's own)")
    add("--rounds", type=int, default=5, help="runs of each server (default: %(default)s)")
    add("--seconds", type=float, default=3.0, help="length of a run (default: %(default)s)")
    add("--compiled", action="store_true", help="the compiled LuaSIP (default)")
    add("--plain", action="store_true", help="the plain LuaSIP; with --compiled: both")
    add(
        "--against",
        action="append",
        default=[],
        metavar="COMMIT",
        help="another commit too, built like the first",
    )
    add("--no-kamailio", action="store_true", help="LuaSIP alone")
    add("--children", type=int, default=2, help="workers of Kamailio (default: %(default)s)")
    add("--no-climb", action="store_true", help="do not look for the highest rate")
    add("--plot", type=Path, metavar="SVG", help="draw the CPU of a call there")
    add(
        "--write",
        type=Path,
        metavar="MARKDOWN",
        help=f'put the section "{HEADING}" into this file, the plot beside it',
    )
    add(
        "--profile",
        type=Path,
        nargs="?",
        const=ROOT / "var" / "profile",
        metavar="FOLDER",
        help="flame graphs instead (var/profile)",
    )
    return parser.parse_args(arguments)


def main() -> None:
    """Run what the command line asks for."""
    options = parse()
    if options.profile:
        profile(options)
        return
    circumstances = Circumstances()
    with tempfile.TemporaryDirectory(prefix="luasip-bench-") as name:
        folder = Path(name)
        results = compare(options, folder)
        text = f"{markdown(results)}\n" if results else ""
        if "blocking" in options.workloads:
            say("Call of 100 ms:")
            source = ROOT if options.plain and not options.compiled else sources.compiled()
            rates = [] if options.no_kamailio else KAMAILIO_BLOCKING_RATES
            text += (
                f"\n{blocking_table(blocking.sql(folder / 'blocking', source, BLOCKING_RATES, rates, 3.0))}\n"
            )
    text = f"{circumstances.text()}\n\n{text}"
    say(f"\n{text}")
    if options.plot:
        options.plot.write_text(plot(results), "utf-8")
    if options.write:
        drawing = options.write.with_suffix(".svg")
        drawing.write_text(plot(results), "utf-8")
        write_section(options.write, HEADING, f"{METHOD}\n\n{text}\n![CPU of a call]({drawing.name})\n")


if __name__ == "__main__":
    main()
