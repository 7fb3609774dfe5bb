"""JSON-RPC 2.0 messages, to bytes and from bytes. Pure; text on this side is wire text."""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from luasip.kemi.wire_text import data_from_wire, data_to_wire


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `error` is None, or a table of code, message and perhaps data."""

    id: int | None
    result: Any = None
    error: dict[str, Any] | None = None


def request(method: str, params: Any, identity: int | None) -> bytes:
    """A request, or a notification without `identity`. Raises ValueError or TypeError for what JSON cannot hold."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": data_from_wire(method)}
    if params is not None:
        message["params"] = data_from_wire(params)
    if identity is not None:
        message["id"] = identity
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode()


def read_answer(payload: bytes) -> Answer:
    """The response in a frame. Raises ValueError when it is none."""
    try:
        message = json.loads(payload.decode(), parse_constant=_refuse)
        if not isinstance(message, dict):
            raise ValueError("not an object")
        if "method" in message:
            raise ValueError("a request, and this is a client")
        identity, error = message.get("id"), message.get("error")
        if isinstance(identity, bool) or not isinstance(identity, int | None):
            raise ValueError(f"the id is {identity!r:.40}")
        if error is not None:
            return Answer(identity, error=_error(error))
        if "result" not in message:
            raise ValueError("neither result nor error")
        return Answer(identity, data_to_wire(message["result"]))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _error(error: Any) -> dict[str, Any]:
    if not isinstance(error, dict):
        raise ValueError("the error is no object")
    code, message = error.get("code"), error.get("message")
    if isinstance(code, bool) or not isinstance(code, int) or not isinstance(message, str):
        raise ValueError("an error has a code and a message")
    found: dict[str, Any] = {"code": code, "message": data_to_wire(message)}
    if error.get("data") is not None:
        found["data"] = data_to_wire(error["data"])
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
