"""What the runs of a comparison come to: medians, ratios, a Markdown table and a plot."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from benchmarks.calls import Run
from benchmarks.load import percentile


@dataclass
class Result:
    """All runs of one server with one workload at one rate, and how fast it went at most."""

    workload: str
    rate: int
    server: str
    cores: float
    runs: list[Run] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Microseconds a call, run by run."""
    highest: int = 0
    """Calls a second without a failed one; 0 where none was found."""
    stopped_by: str = ""
    """What kept it from more: "server", "sipp", "CPUs", "" where nothing did."""

    @property
    def median(self) -> float:
        """Microseconds of CPU a call."""
        return statistics.median(self.cpu) if self.cpu else float("nan")

    @property
    def failed(self) -> int:
        """Calls that failed in all runs."""
        return sum(run.counts.failed for run in self.runs)

    @property
    def retransmissions(self) -> int:
        """Messages sipp had to repeat in all runs."""
        return sum(run.counts.retransmissions for run in self.runs)

    def latency(self, percent: float) -> float:
        """Milliseconds: this percentile of the probe's times in all runs."""
        return percentile([time for run in self.runs for time in run.times], percent)

    @property
    def memory(self) -> float:
        """MiB after the last run."""
        return self.runs[-1].memory

    def limits(self) -> str:
        """What kept runs from the rate asked for, "" where nothing did."""
        found = sorted({limit for run in self.runs if (limit := run.limit(self.cores))})
        return ", ".join(found)


def ratios(one: Result, other: Result) -> list[float]:
    """CPU a call of one by that of the other, pair by pair."""
    return [mine / theirs for mine, theirs in zip(one.cpu, other.cpu, strict=False) if theirs]


def ratio_text(one: Result, other: Result) -> str:
    """The median of the pairs' ratios, and the smallest and largest one."""
    found = ratios(one, other)
    if one is other or not found:
        return ""
    return f"{statistics.median(found):.2f} ({min(found):.2f}–{max(found):.2f})"


HEADINGS = (
    "workload", "calls/s", "server", "CPU µs a call", "ratio", "p50 / p99 ms", "failed", "repeated", "MiB",
    "highest rate", "limited by",
)  # fmt: skip


def row(result: Result, reference: Result) -> list[str]:
    """The cells of a result; ratios are to `reference`."""
    highest = (
        f"{result.highest}{f' ({result.stopped_by})' if result.stopped_by else ''}" if result.highest else ""
    )
    return [
        result.workload,
        str(result.rate),
        result.server,
        f"{result.median:.0f}",
        ratio_text(result, reference),
        f"{result.latency(50):.1f} / {result.latency(99):.1f}",
        str(result.failed),
        str(result.retransmissions),
        f"{result.memory:.0f}",
        highest,
        result.limits(),
    ]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, also readable as it stands."""
    widths = [max(len(cells[column]) for cells in [headings, *rows]) for column in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(headings), line(["-" * width for width in widths]), *map(line, rows)])


def markdown(results: Sequence[Result]) -> str:
    """All results; each one's reference is the last server of its workload and rate."""
    last = {(result.workload, result.rate): result for result in results}
    return table(HEADINGS, [row(result, last[result.workload, result.rate]) for result in results])


COLOURS = ("#2a6fbb", "#7fb2e5", "#d9822b", "#8a8a8a")


def plot(results: Sequence[Result]) -> str:
    """An SVG: a bar for each result, CPU microseconds a call."""
    servers = list(dict.fromkeys(result.server for result in results))
    most = max((result.median for result in results), default=1.0) or 1.0
    parts: list[str] = []
    y = 34
    group = None
    for result in results:
        if (result.workload, result.rate) != group:
            group = (result.workload, result.rate)
            y += 12
            name = f"{result.workload}, {result.rate}/s"
            parts.append(f'<text x="230" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        width = 380 * result.median / most
        colour = COLOURS[servers.index(result.server) % len(COLOURS)]
        parts.append(f'<rect x="240" y="{y}" width="{width:.1f}" height="16" fill="{colour}"/>')
        parts.append(f'<text x="{246 + width:.1f}" y="{y + 13}">{result.median:.0f}</text>')
        y += 19
    for number, server in enumerate(servers):
        x = 240 + 130 * number
        parts.append(f'<rect x="{x}" y="8" width="12" height="12" fill="{COLOURS[number % len(COLOURS)]}"/>')
        parts.append(f'<text x="{x + 18}" y="19">{escape(server)}</text>')
    parts.append(f'<text x="240" y="{y + 20}">CPU of the server, microseconds a call</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="700" height="{y + 30}"'
    head += ' font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([head, *parts, "</svg>", ""])
