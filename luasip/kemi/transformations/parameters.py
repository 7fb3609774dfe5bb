"""`{param.…}`: lists such as "a=1;b=\"x;y\";c". Names ignore case; a quoted value is given without its
quotes.
"""


def split(text: str, separator: str = ";") -> list[tuple[str, str]]:
    """(name, value) pairs in order. A separator inside quotes separates nothing; empty items are left out."""
    pairs: list[tuple[str, str]] = []
    start = at = 0
    quote = before = ""
    while at < len(text):
        char = text[at]
        if quote:
            at += char == "\\"
            if char == quote:
                quote = before = ""
        elif char == separator:
            _add(pairs, text[start:at])
            start, before = at + 1, ""
        elif char in "\"'" and before == "=":
            quote = char
        elif not char.isspace():
            before = char
        at += 1
    _add(pairs, text[start:])
    return pairs


def _add(pairs: list[tuple[str, str]], item: str) -> None:
    if item.strip():
        pairs.append(_pair(item))


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
