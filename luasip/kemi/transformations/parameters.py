"""`{param.…}`: lists such as "a=1;b=\"x;y\";c". Names ignore case; a quoted value is given without its
quotes.
"""


def split(text: str, separator: str = ";") -> list[tuple[str, str]]:
    """(name, value) pairs in order. A separator inside quotes separates nothing; empty items are left out."""
    pairs: list[tuple[str, str]] = []
    start = at = 0
    quote = ""
    while at <= len(text):
        char = text[at : at + 1]
        if quote and char:
            at += char == "\\"
            if char == quote:
                quote = ""
        elif char in ('"', "'") and char and text[start:at].rstrip().endswith("="):
            quote = char
        elif char in (separator, ""):
            if text[start:at].strip():
                pairs.append(_pair(text[start:at]))
            start = at + 1
        at += 1
    if quote and text[start:].strip():
        pairs.append(_pair(text[start:]))
    return pairs


def _pair(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return name.strip(), value


def value(text: str, name: str, separator: str = ";") -> str | None:
    """{param.value,name[,separator]}: the last one's value, "" when there is none; None for a list without
    items.
    """
    found = _find(text, name, separator)
    return found if found is not None or not split(text, separator) else ""


def contains(text: str, name: str, separator: str = ";") -> int | None:
    """{param.in,name[,separator]}: 1 or 0."""
    return 0 if _find(text, name, separator) is None else 1


def _find(text: str, name: str, separator: str) -> str | None:
    wanted = name.lower()
    for key, found in reversed(split(text, separator)):
        if key.lower() == wanted:
            return found
    return None


def value_at(text: str, index: int, separator: str = ";") -> str | None:
    """{param.valueat,index[,separator]}"""
    return _at(text, index, separator, 1)


def name_at(text: str, index: int, separator: str = ";") -> str | None:
    """{param.name,index[,separator]}"""
    return _at(text, index, separator, 0)


def _at(text: str, index: int, separator: str, field: int) -> str | None:
    pairs = split(text, separator)
    if not pairs:
        return None
    return pairs[index][field] if -len(pairs) <= index < len(pairs) else ""


def count(text: str, separator: str = ";") -> int | None:
    """{param.count[,separator]}"""
    return len(split(text, separator)) or None
