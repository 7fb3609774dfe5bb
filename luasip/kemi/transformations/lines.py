"""`{line.…}`: text taken by lines. A line ends at LF; a CR before it does not belong to the line."""


def at(text: str, index: int) -> str:
    """{line.at,index}: counted from the end when negative, "" when there is none."""
    lines = _lines(text)
    return lines[index] if -len(lines) <= index < len(lines) else ""


def starting_with(text: str, prefix: str) -> str | None:
    """{line.sw,prefix}: the first line that starts with `prefix`, "" when there is none."""
    if not prefix:
        return None
    return next((line for line in _lines(text) if line.startswith(prefix)), "")


def count(text: str) -> int:
    """{line.count}"""
    return len(_lines(text))


def _lines(text: str) -> list[str]:
    if not text:
        return []
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
