"""Reading the documentation: its files, code blocks, links and tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

FILES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md")]
)

_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block; `kind` is its info string, such as "lua route"."""

    file: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def blocks(*kinds: str) -> list[Block]:
    """All blocks of these kinds."""
    return [block for file in FILES for block in blocks_of(file) if block.kind in kinds]


def blocks_of(file: Path) -> Iterator[Block]:
    """The blocks of one file."""
    text = file.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        yield Block(file, text.count("\n", 0, found.start()) + 1, found[1].strip(), found[2])


def following(block: Block) -> Block:
    """The block after this one in its file."""
    found = list(blocks_of(block.file))
    return found[found.index(block) + 1]


def prose(file: Path) -> str:
    """A file's text without its blocks."""
    return _BLOCK.sub("", file.read_text(encoding="utf-8"))


def links(file: Path) -> list[str]:
    """Where its links lead."""
    return _LINK.findall(prose(file))


def anchors(file: Path) -> set[str]:
    """The names of its headings in links."""
    headings = re.findall(r"^#+ (.+)$", prose(file), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(file: Path, heading: str) -> str:
    """The text below a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#+ |\Z)", prose(file), re.MULTILINE | re.DOTALL)
    assert found is not None, f"{file.relative_to(ROOT)}: no heading {heading!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    heads = {index - 1 for index, row in enumerate(cells) if set("".join(row)) == {"-"}}
    return [row for index, row in enumerate(cells) if index not in heads and index - 1 not in heads]
