"""Reading the docstring of an exported function: summary, `Args:`, `Returns:`.

The form is

    One sentence.

    More text.

    Args:
        name: what it means.
    Returns: what Lua gets.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Docstring:
    """The parts of a docstring."""

    summary: str
    description: str
    parameters: dict[str, str]
    returns: str


def parse_docstring(text: str, where: str) -> Docstring:
    """Split a docstring (already dedented). Raises TypeError naming `where` when it has no summary."""
    section, name = "text", ""
    lines: list[str] = []
    parameters: dict[str, str] = {}
    returns: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if line.startswith("Args:"):
            section = "args"
            if rest := stripped[len("Args:") :].strip():
                name, _, value = rest.partition(":")
                parameters[name] = value.strip()
        elif line.startswith("Returns:"):
            section = "returns"
            returns.append(stripped[len("Returns:") :].strip())
        elif section == "text" or (section == "args" and stripped and not _indent(line)):
            section = "text"
            lines.append(stripped)
        elif section == "returns":
            returns.append(stripped)
        elif stripped:
            head, colon, value = stripped.lstrip("*").partition(":")
            if colon and head.replace("_", "").isalnum() and _indent(line) <= 4:
                name = head
                parameters[name] = value.strip()
            elif name:
                parameters[name] += " " + stripped
    summary = lines[0] if lines else ""
    if not summary:
        raise TypeError(f"{where}: no docstring")
    return Docstring(summary, "\n".join(lines[1:]).strip(), parameters, " ".join(r for r in returns if r))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
