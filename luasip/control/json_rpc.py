"""JSON-RPC 2.0: reading calls, answering them.

Results have Kamailio's shapes; a command with nothing to tell gives {}. Text is Unicode outside and wire text inside.
Nothing here knows how a document came in or on which thread it is carried out.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from luasip.control.registry import Registry
from luasip.errors import CommandError
from luasip.kemi.wire_text import data_to_wire, from_wire, to_wire

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
MOST_CALLS: Final = 1000
"""Calls in one batch."""

HTTP_STATUS: Final = {PARSE_ERROR: 400, INVALID_REQUEST: 400, -32601: 404, -32602: 400}

_NONE: Final = object()
"""The id of a call that has none: a notification, which is not answered."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, or what is wrong with it."""

    name: str
    arguments: Any
    identity: Any
    """Its id, `_NONE` for a notification."""
    fault: CommandError | None = None

    @property
    def is_notification(self) -> bool:
        """Whether nobody waits for the answer."""
        return self.identity is _NONE


@dataclass(frozen=True, slots=True)
class Document:
    """What one document asks for."""

    calls: tuple[Call, ...]
    is_batch: bool
    reply_name: str = ""
    """The reply FIFO a Kamailio client names."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call ended. `code` is 200 or that of the error, `text` "OK" or its message."""

    code: int
    text: str
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a JSON document, "" when nobody waits for one, and the HTTP status that fits."""

    text: str
    status: int = 200


class ScriptCalls:
    """RPC for scripts: luasip.kemi.context.Commands."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def call(self, document: str, pretty: bool) -> tuple[int, str, str]:
        """(code, text, answer) of a JSON-RPC document, all wire text; a call without an id has an answer too.

        The code is the HTTP status that fits, for a batch always 200. Blocks as long as the commands do.
        """
        read_in = read(document.encode("latin-1"))
        if read_in.is_batch:
            return 200, "OK", to_wire(carry_out(self._registry, read_in, pretty=pretty).text)
        outcome = run(self._registry, read_in.calls[0])
        return http_status(outcome.code), to_wire(outcome.text), to_wire(render(outcome.answer, pretty))


def read(data: bytes) -> Document:
    """The calls of a document. What cannot be read is a call with a fault, which is answered."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        return Document((_faulty(PARSE_ERROR, f"Parse error: {error}"),), False)
    if not isinstance(value, list):
        name = value.get("reply_name", "") if isinstance(value, dict) else ""
        return Document((_call(value),), False, name if isinstance(name, str) else "")
    if not value or len(value) > MOST_CALLS:
        return Document(
            (_faulty(INVALID_REQUEST, f"Invalid Request: a batch has 1 to {MOST_CALLS} calls"),), False
        )
    return Document(tuple(_call(entry) for entry in value), True)


def _call(value: Any) -> Call:
    if not isinstance(value, dict):
        return _faulty(INVALID_REQUEST, "Invalid Request: not an object")
    identity = value.get("id", _NONE)
    if identity is not _NONE and not _is_identity(identity):
        return _faulty(INVALID_REQUEST, "Invalid Request: id must be a string, a number or null")
    name, arguments = value.get("method"), value.get("params", [])
    known = None if identity is _NONE else identity
    if value.get("jsonrpc") != "2.0":
        return _faulty(INVALID_REQUEST, 'Invalid Request: "jsonrpc" must be "2.0"', known)
    if not isinstance(name, str):
        return _faulty(INVALID_REQUEST, 'Invalid Request: "method" must be a string', known)
    if not isinstance(arguments, list | dict):
        return _faulty(INVALID_REQUEST, 'Invalid Request: "params" must be an array or an object', known)
    try:
        return Call(to_wire(name), data_to_wire(arguments), identity)
    except ValueError as error:  # lists in lists in lists …
        return _faulty(INVALID_REQUEST, f"Invalid Request: {error}", known)


def _is_identity(value: Any) -> bool:
    if isinstance(value, str):  # half of a surrogate pair could not be sent back
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None or isinstance(value, int | float)


def _faulty(code: int, message: str, identity: Any = None) -> Call:
    return Call("", [], identity, CommandError(code, message))


def carry_out(registry: Registry, document: Document, *, pretty: bool = False) -> Answer:
    """Run the calls of a document, one after the other, and answer those that want an answer."""
    outcomes = [(call, run(registry, call)) for call in document.calls]
    wanted = [outcome for call, outcome in outcomes if not call.is_notification]
    if not wanted:
        return Answer("", 204)
    if document.is_batch:
        return Answer(render([outcome.answer for outcome in wanted], pretty))
    return Answer(render(wanted[0].answer, pretty), http_status(wanted[0].code))


def refuse(document: Document, code: int, message: str, *, pretty: bool = False) -> Answer:
    """Answer every call of a document with the same error, without running any."""
    answers = [_error(call, code, message) for call in document.calls if not call.is_notification]
    if not answers:
        return Answer("", http_status(code))
    return Answer(render(answers if document.is_batch else answers[0], pretty), http_status(code))


def run(registry: Registry, call: Call) -> Outcome:
    """Run one call."""
    try:
        if call.fault is not None:
            raise call.fault
        result = registry.call(call.name, call.arguments)
    except CommandError as error:
        message = from_wire(error.message)
        return Outcome(error.code, message, _error(call, error.code, message))
    answer: dict[str, Any] = {"jsonrpc": "2.0", "result": {} if result is None else unwired(result)}
    if not call.is_notification:
        answer["id"] = call.identity
    return Outcome(200, "OK", answer)


def _error(call: Call, code: int, message: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"jsonrpc": "2.0", "error": {"code": code, "message": message}}
    if not call.is_notification:
        answer["id"] = call.identity
    return answer


def http_status(code: int) -> int:
    """The HTTP status for the code of an outcome, as Kamailio answers: that of a command is its own."""
    return code if 200 <= code <= 599 else HTTP_STATUS.get(code, 500)


def render(value: Any, pretty: bool = False) -> str:
    """A value as JSON: on one line, or as Kamailio's clients expect it."""
    if pretty:
        return json.dumps(value, ensure_ascii=False, indent="\t", separators=(",", ":\t"))
    return json.dumps(value, ensure_ascii=False)


def wired(value: Any) -> Any:
    """A value from outside with its texts as wire text."""
    if isinstance(value, str):
        return to_wire(value)
    if isinstance(value, list | tuple):
        return [wired(item) for item in value]
    if isinstance(value, dict):
        return {to_wire(str(key)): wired(item) for key, item in value.items()}
    return value


def unwired(value: Any) -> Any:
    """A result with its wire texts as Unicode."""
    if isinstance(value, str):
        return from_wire(value)
    if isinstance(value, list | tuple):
        return [unwired(item) for item in value]
    if isinstance(value, dict):
        return {from_wire(str(key)): unwired(item) for key, item in value.items()}
    return value
