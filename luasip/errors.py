"""The exception tree.

    LuaSIPError
    ├── SipError                 what a peer sent is wrong; knows the status it deserves
    │   ├── ParseError           the message cannot be split or read
    │   │   └── NotSip           the bytes are not SIP at all: drop and count, never answer
    │   ├── HeaderError          one header's value is malformed
    │   └── UriError             a URI is malformed
    ├── FramingError             a byte stream cannot be cut into messages any more: close it
    ├── TransportError           our side could not send
    ├── SettingsError            the configuration is wrong; holds every problem found
    ├── ScriptError              Lua failed; holds the located message and the traceback
    ├── MisuseError              a script used a KSR function wrongly (arity, route, name)
    ├── PatternError             a regular expression of a script or setting cannot be compiled
    ├── CommandError             an RPC command cannot do what it was asked; knows Kamailio's code
    └── StorageError             a database or file could not be used

Whose fault it is follows from the class: a SipError is the peer's, the others are ours or the operator's.
"""


class LuaSIPError(Exception):
    """Root of every error LuaSIP raises on purpose."""


class SipError(LuaSIPError):
    """A peer's message is wrong.

    `status` is the SIP status an answer should carry, `reason` its reason phrase, which names the
    header (or the part) and is short enough for a status line.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class ParseError(SipError):
    """The message cannot be split into start line, headers and body.

    `salvaged` is a best-effort Request (`luasip.sip.message.Request`) when enough of it could be
    read to send an answer, else None.
    """

    def __init__(self, reason: str, status: int = 400, salvaged: object | None = None) -> None:
        super().__init__(reason, status)
        self.salvaged = salvaged


class NotSip(ParseError):
    """The first line is neither a SIP request line nor a status line."""


class HeaderError(SipError):
    """The value of header `name` is malformed."""

    def __init__(self, name: str, value: str, why: str = "malformed", status: int = 400) -> None:
        super().__init__(f"Bad {name} header ({why})", status)
        self.name = name
        self.value = value


class UriError(SipError):
    """`text` is not a URI this server can read."""

    def __init__(self, text: str, why: str = "malformed", status: int = 400) -> None:
        super().__init__(f"Bad URI ({why})", status)
        self.text = text


class FramingError(LuaSIPError):
    """A stream's bytes can no longer be cut into messages; the connection is to be closed."""


class TransportError(LuaSIPError):
    """A message could not be sent."""


class SettingsError(LuaSIPError):
    """The configuration is wrong. `problems` lists every mistake, each naming file and key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ScriptError(LuaSIPError):
    """Lua failed. `message` starts with file:line where Lua knew it."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.traceback = traceback


class MisuseError(LuaSIPError):
    """A script called a KSR function in a way it does not allow."""


class PatternError(LuaSIPError):
    """The regular expression `pattern` cannot be compiled."""

    def __init__(self, pattern: str, why: str) -> None:
        super().__init__(f"regular expression {pattern!r}: {why}")
        self.pattern = pattern


class CommandError(LuaSIPError):
    """An RPC command cannot do what it was asked; `code` is the one Kamailio answers (404, 500)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class StorageError(LuaSIPError):
    """A database or a file could not be used."""
