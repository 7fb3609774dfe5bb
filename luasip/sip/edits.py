"""Pending changes of a message: splices over `Message.text`, what Kamailio calls lumps.

It must not know why something is changed. Offsets are those of the text as received; reads of the message
do not see the changes until `apply` has written a new text.
"""

from typing import Any

from luasip.native import mypyc_attr
from luasip.sip.header_names import canonical
from luasip.sip.message import HeaderLine, Message


@mypyc_attr(acyclic=True)
class Splice:
    """`text` in the place of `Message.text[start:end]`; an insertion takes nothing away, a deletion puts nothing in.

    Not to be changed: copies share it.
    """

    __slots__ = ("end", "start", "text")

    def __init__(self, start: int, end: int, text: str) -> None:
        self.start = start
        self.end = end
        self.text = text


@mypyc_attr(acyclic=True)
class Edits:
    """Insertions and deletions by offset.

    Insertions at one offset keep the order they were made in; deletions that overlap merge; an insertion
    inside a deleted range survives it. Not for two threads at once.
    """

    __slots__ = ("_body", "_content_type", "_splices", "_start_line")

    def __init__(self) -> None:
        self._splices: list[Splice] | None = None
        """Kept in the order of their offsets: most are made in that order anyway. None until there is one: most
        messages that callbacks see are not changed."""
        self._body: str | None = None
        self._content_type: str | None = None
        self._start_line = ""

    def __bool__(self) -> bool:
        return bool(self._splices) or self._body is not None or self._start_line != ""

    def insert(self, at: int, text: str) -> None:
        """Puts `text` before offset `at`, behind what was already put there."""
        if text:
            self._add(Splice(at, at, text))

    def delete(self, start: int, end: int) -> None:
        """Takes `text[start:end]` away."""
        if start < end:
            self._add(Splice(start, end, ""))

    def replace(self, start: int, end: int, text: str) -> None:
        """Puts `text` in the place of `text[start:end]`."""
        if start < end:
            self._add(Splice(start, end, text))
        else:
            self.insert(start, text)

    def _add(self, splice: Splice) -> None:
        splices = self._splices
        if splices is None:
            self._splices = [splice]
            return
        last = index = len(splices)
        while index > 0 and splices[index - 1].start > splice.start:
            index -= 1
        if index == last:
            splices.append(splice)
        else:
            splices.insert(index, splice)

    def copy(self) -> "Edits":
        """An independent copy: what a branch adds stays its own."""
        other = Edits()
        splices = self._splices
        if splices:
            other._splices = splices.copy()
        other._body = self._body
        other._content_type = self._content_type
        other._start_line = self._start_line
        return other

    def packed(self) -> tuple[object, ...]:
        """All of it as one object, which takes a quarter of the memory; () when there is nothing. See `unpacked`."""
        if not self:
            return ()
        parts: list[object] = [self._body, self._content_type, self._start_line]
        splices = self._splices
        if splices is not None:
            for splice in splices:
                parts.append(splice.start)
                parts.append(splice.end)
                parts.append(splice.text)
        return tuple(parts)

    def clear(self) -> None:
        """Forgets every change."""
        self._splices = None
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
        return any(splice.start <= line.start and splice.end >= line.end for splice in self._splices or ())

    def revised(self, message: Message, start: int, end: int) -> str:
        """`text[start:end]` as it will be sent; what is inserted at `end` does not count."""
        return self._splice(message.text, start, end)

    def forget(self, start: int, end: int) -> None:
        """Takes back every change inside `text[start:end]`; deletions that reach beyond it stay."""
        kept: list[Splice] = []
        for splice in self._splices or ():
            if not start <= splice.start < end:
                kept.append(splice)
            elif splice.end > end:
                kept.append(Splice(splice.start, splice.end, ""))
        self._splices = kept

    def set_start_line(self, line: str) -> None:
        """Exchanges the start line (`line` without its CRLF); the last one set counts."""
        self._start_line = f"{line}\r\n"

    def adds_header(self, key: str) -> bool:
        """True when a header line with this key was put in as a whole line."""
        lines = [line for splice in self._splices or () for line in splice.text.split("\r\n")]
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
        body = self._new_body_text(message)
        start_line = self._start_line
        start = message.headers_start if start_line else 0
        if body is None:
            changed = self._splice(text, start, len(text))
        else:
            work = self.copy()
            work._fix_body_headers(message, len(body), self._content_type)
            changed = work._splice(text, start, message.body_start) + body
        return start_line + changed if start_line else changed

    def _new_body_text(self, message: Message) -> str | None:
        """The body after all changes, None when none touches it."""
        if self._body is not None:
            return self._body
        start = message.body_start
        splices = self._splices
        if splices is not None:
            for splice in splices:
                if splice.start >= start or splice.end > start:
                    return self._splice(message.text, start, len(message.text), True)
        return None

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
        pieces: list[str] = []
        position = start
        splices = self._splices
        if splices is not None:
            for splice in splices:
                at = splice.start
                if at >= limit:
                    break
                if at > position:
                    pieces.append(text[position:at])
                    position = at
                if at >= start and splice.text:
                    pieces.append(splice.text)
                if splice.end > position:
                    position = splice.end
        if position < end:
            pieces.append(text[position:end])
        return "".join(pieces)


def unpacked(parts: tuple[Any, ...]) -> Edits:
    """What `Edits.packed` gave, as Edits again."""
    edits = Edits()
    if parts:
        edits._body, edits._content_type, edits._start_line = parts[0], parts[1], parts[2]
        for index in range(3, len(parts), 3):
            edits.replace(parts[index], parts[index + 1], parts[index + 2])
    return edits
