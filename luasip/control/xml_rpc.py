"""XML-RPC: reading calls, answering them, with system.multicall as in Python's own servers.

The reader is defusedxml's: a document that declares a DTD or entities is refused. Text is Unicode outside and wire
text inside.
"""

import base64
import datetime
import re
import xmlrpc.client
from collections.abc import Sequence
from typing import Any, Final
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.xmlrpc import DefusedExpatParser

from luasip.control.json_rpc import unwired, wired
from luasip.control.registry import Registry
from luasip.errors import CommandError
from luasip.kemi.wire_text import from_wire

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
MULTICALL: Final = "system.multicall"
MOST_CALLS: Final = 1000

_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def carry_out(registry: Registry, data: bytes) -> str:
    """Answer one XML-RPC document; whatever is wrong with it is a fault in the answer."""
    try:
        name, arguments = read(data)
        result = _multicall(registry, arguments) if name == MULTICALL else _run(registry, name, arguments)
        return _dump((result,))
    except CommandError as error:
        return fault(error.code, from_wire(error.message))
    except RecursionError:
        return fault(INVALID_REQUEST, "Invalid Request: nested too deeply")


def read(data: bytes) -> tuple[str, Sequence[Any]]:
    """The method and its arguments. Raises CommandError -32700 or -32600."""
    # Dates and binary data come as objects of this library, which _plain turns into texts.
    target = xmlrpc.client.Unmarshaller(use_builtin_types=True)
    try:
        parser = DefusedExpatParser(target, forbid_dtd=True)
        parser.feed(data)
        parser.close()
        arguments = target.close()
        name = target.getmethodname()
    except (ExpatError, DefusedXmlException, ValueError, TypeError, LookupError) as error:
        raise CommandError(PARSE_ERROR, f"Parse error: {error}") from None
    except xmlrpc.client.Error as error:
        raise CommandError(INVALID_REQUEST, f"Invalid Request: {error}") from None
    if not name:
        raise CommandError(INVALID_REQUEST, "Invalid Request: no methodName")
    return name, arguments


def fault(code: int, message: str) -> str:
    """A document with a fault."""
    return xmlrpc.client.dumps(
        xmlrpc.client.Fault(code, _NOT_XML.sub("\ufffd", message)), methodresponse=True
    )


def _run(registry: Registry, name: str, arguments: Sequence[Any]) -> Any:
    values = _plain(list(arguments))
    # A single struct holds the arguments by name.
    given = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
    result = registry.call(name, wired(given))
    return {} if result is None else unwired(result)


def _multicall(registry: Registry, arguments: Sequence[Any]) -> list[Any]:
    calls = arguments[0] if len(arguments) == 1 else None
    if not isinstance(calls, list) or len(calls) > MOST_CALLS:
        raise CommandError(
            INVALID_REQUEST, f"Invalid Request: {MULTICALL} takes a list of up to {MOST_CALLS} calls"
        )
    return [_one_of_many(registry, call) for call in calls]


def _one_of_many(registry: Registry, call: Any) -> Any:
    try:
        if not isinstance(call, dict) or call.get("methodName") == MULTICALL:
            raise CommandError(INVALID_REQUEST, "Invalid Request: not a call")
        return [_run(registry, str(call.get("methodName", "")), call.get("params", []))]
    except CommandError as error:
        return {"faultCode": error.code, "faultString": _NOT_XML.sub("\ufffd", from_wire(error.message))}


def _plain(value: Any) -> Any:
    """What was received as plain values: a date as its text, binary data as base64."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def _dump(values: tuple[Any]) -> str:
    return xmlrpc.client.dumps(
        tuple(_writable(value) for value in values), methodresponse=True, allow_none=True
    )


def _writable(value: Any) -> Any:
    """A result as XML-RPC can carry it: no characters XML forbids; integers beyond 32 bits as texts."""
    if isinstance(value, str):
        return _NOT_XML.sub("\ufffd", value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if xmlrpc.client.MININT <= value <= xmlrpc.client.MAXINT else str(value)
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    if isinstance(value, dict):
        return {_NOT_XML.sub("\ufffd", str(key)): _writable(item) for key, item in value.items()}
    return value
