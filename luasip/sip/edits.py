"""Pending changes of a message: splices over `Message.text`, what Kamailio calls lumps.

It must not know why something is changed. Offsets are those of the text as received; reads of the message
do not see the changes until `apply` has written a new text.
"""

from typing import Any

from luasip.sip.header_names import canonical
from luasip.sip.message import HeaderLine, Message


class Edits:
    """Insertions and deletions by offset.

    Insertions at one offset keep the order they were made in; deletions that overlap merge; an insertion
    inside a deleted range survives it. Not for two threads at once.
    """

    __slots__ = ("_body", "_content_type", "_deletions", "_insertions", "_start_line")

    def __init__(self) -> None:
        self._insertions: list[tuple[int, str]] | None = None
        """Kept in the order of their offsets, as are the deletions: most are made in that order anyway. None until
        there is one: most messages that callbacks see are not changed."""
        self._deletions: list[tuple[int, int]] | None = None
        self._body: str | None = None
        self._content_type: str | None = None
        self._start_line = ""

    def __bool__(self) -> bool:
        changed = bool(self._insertions) or bool(self._deletions)
        return changed or self._body is not None or self._start_line != ""

    def insert(self, at: int, text: str) -> None:
        """Puts `text` before offset `at`, behind what was already put there."""
        if text:
            insertions = self._insertions
            if insertions is None:
                insertions = self._insertions = []
            index = len(insertions)
            while index > 0 and insertions[index - 1][0] > at:
                index -= 1
            insertions.insert(index, (at, text))

    def delete(self, start: int, end: int) -> None:
        """Takes `text[start:end]` away."""
        if start < end:
            deletions = self._deletions
            if deletions is None:
                deletions = self._deletions = []
            index = len(deletions)
            while index > 0 and deletions[index - 1][0] > start:
                index -= 1
            deletions.insert(index, (start, end))

    def replace(self, start: int, end: int, text: str) -> None:
        """Puts `text` in the place of `text[start:end]`."""
        self.delete(start, end)
        self.insert(start, text)

    def copy(self) -> "Edits":
        """An independent copy: what a branch adds stays its own."""
        other = Edits()
        if self._insertions:
            other._insertions = self._insertions.copy()
        if self._deletions:
            other._deletions = self._deletions.copy()
        other._body = self._body
        other._content_type = self._content_type
        other._start_line = self._start_line
        return other

    def packed(self) -> tuple[object, ...]:
        """All of it as one object, which takes a quarter of the memory; () when there is nothing. See `unpacked`."""
        if not self:
            return ()
        insertions = self._insertions or []
        parts: list[object] = [self._body, self._content_type, self._start_line, len(insertions)]
        for at, text in insertions:
            parts.append(at)
            parts.append(text)
        for start, end in self._deletions or ():
            parts.append(start)
            parts.append(end)
        return tuple(parts)

    def clear(self) -> None:
        """Forgets every change."""
        self._insertions = self._deletions = None
        self._body = None
        self._content_type = None
        self._start_line = ""

    def append_header(self, message: Message, text: str) -> None:
        """Puts whole header lines (each with its CRLF) behind the last header."""
        self.insert(message.headers_end, text)

    def insert_header(self, message: Message, text: str) -> None:
        """Puts whole header lines (each with its CRLF) before the first header."""
        self.insert(message.headers_start, text)

    def insert_before(self, line: HeaderLine, text: str) -> None:
        """Puts whole header lines before `line`."""
        self.insert(line.start, text)

    def insert_after(self, line: HeaderLine, text: str) -> None:
        """Puts whole header lines behind `line`."""
        self.insert(line.end, text)

    def remove_header(self, line: HeaderLine) -> None:
        """Takes a whole header line away."""
        self.delete(line.start, line.end)

    def replace_value(self, line: HeaderLine, value: str) -> None:
        """Exchanges a header's value, its name and line end stay."""
        self.replace(line.value_start, line.value_end, value)

    def is_removed(self, line: HeaderLine) -> bool:
        """True when one deletion covers the whole header line."""
        return any(start <= line.start and end >= line.end for start, end in self._deletions or ())

    def revised(self, message: Message, start: int, end: int) -> str:
        """`text[start:end]` as it will be sent; what is inserted at `end` does not count."""
        return self._splice(message.text, start, end)

    def forget(self, start: int, end: int) -> None:
        """Takes back every change inside `text[start:end]`; deletions that reach beyond it stay."""
        self._insertions = [item for item in self._insertions or () if not start <= item[0] < end]
        self._deletions = [item for item in self._deletions or () if item[0] < start or item[1] > end]

    def set_start_line(self, line: str) -> None:
        """Exchanges the start line (`line` without its CRLF); the last one set counts."""
        self._start_line = f"{line}\r\n"

    def adds_header(self, key: str) -> bool:
        """True when a header line with this key was put in as a whole line."""
        lines = [line for _, text in self._insertions or () for line in text.split("\r\n")]
        return any(canonical(line.partition(":")[0].strip()) == key for line in lines)

    def set_body(self, body: str, content_type: str | None = None) -> None:
        """Exchanges the whole body (changes inside the body are lost); None keeps the Content-Type."""
        self._body = body
        self._content_type = content_type

    @property
    def new_body(self) -> str | None:
        """The body given to `set_body`, None when there was none."""
        return self._body

    def apply(self, message: Message) -> str:
        """The new text of the message. When the body changed, Content-Length is made right, and added if
        missing.
        """
        if not self:
            return message.text
        text = message.text
        body_start = message.body_start
        body = self._new_body_text(message)
        work = self
        if body is not None:
            work = self.copy()
            work._fix_body_headers(message, len(body), self._content_type)
        else:
            body = text[body_start:]
        if self._start_line:
            return self._start_line + work._splice(text, message.headers_start, body_start) + body
        return work._splice(text, 0, body_start) + body

    def _new_body_text(self, message: Message) -> str | None:
        """The body after all changes, None when none touches it."""
        if self._body is not None:
            return self._body
        start, end = message.body_start, len(message.text)
        insertions, deletions = self._insertions, self._deletions
        touched = insertions is not None and bool(insertions) and insertions[-1][0] >= start
        if deletions is not None and not touched:
            touched = any(last > start for _, last in deletions)
        return self._splice(message.text, start, end, True) if touched else None

    def _fix_body_headers(self, message: Message, length: int, content_type: str | None) -> None:
        self._set_header(message, "content-length", "Content-Length", str(length))
        if content_type is not None:
            self._set_header(message, "content-type", "Content-Type", content_type)

    def _set_header(self, message: Message, key: str, name: str, value: str) -> None:
        lines = [line for line in message.all(key) if not self.is_removed(line)]
        if not lines:
            self.append_header(message, f"{name}: {value}\r\n")
        elif lines[0].value != value:
            self.replace_value(lines[0], value)
        for line in lines[1:]:
            self.remove_header(line)

    def _splice(self, text: str, start: int, end: int, to_end: bool = False) -> str:
        """`text[start:end]` with the changes that fall into it; insertions at `end` count when `to_end` is
        set.
        """
        limit = end + 1 if to_end else end
        deletions = self._deletions or []
        pieces: list[str] = []
        position = start
        index = 0
        for at, inserted in self._insertions or ():
            if at < start:
                continue
            if at >= limit:
                break
            while index < len(deletions) and deletions[index][0] < at:
                first, last = deletions[index]
                if first > position:
                    pieces.append(text[position:first])
                position = max(position, last)
                index += 1
            if at > position:
                pieces.append(text[position:at])
                position = at
            pieces.append(inserted)
        while index < len(deletions) and deletions[index][0] < end:
            first, last = deletions[index]
            if first > position:
                pieces.append(text[position:first])
            position = max(position, last)
            index += 1
        if position < end:
            pieces.append(text[position:end])
        return "".join(pieces)


def unpacked(parts: tuple[Any, ...]) -> Edits:
    """What `Edits.packed` gave, as Edits again."""
    edits = Edits()
    if parts:
        edits._body, edits._content_type, edits._start_line = parts[0], parts[1], parts[2]
        deletions_from = 4 + 2 * int(parts[3])
        for index in range(4, deletions_from, 2):
            edits.insert(parts[index], parts[index + 1])
        for index in range(deletions_from, len(parts), 2):
            edits.delete(parts[index], parts[index + 1])
    return edits
