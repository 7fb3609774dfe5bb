"""luasip.sign: text that only this server can make, also after a restart.

The key is a setting, or made once and kept in a file that only its owner may read. Knows no message.
"""

import contextlib
import hashlib
import hmac
import logging
import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, function

_log = logging.getLogger("luasip.script")

_DIGITS: Final = 32
_SHORTEST: Final = 16


@dataclass
class SignatureSettings(Module.Settings):
    """What luasip.sign signs with."""

    secret: str = ""
    """Key of luasip.sign, at least 16 characters, the same on all servers of a cluster; "" keeps one in secret_file."""
    secret_file: str = "var/luasip.secret"
    """File a key is kept in, made when it is not there; "" for a new key at each start."""


class Signatures:
    """The part of luasip that signs."""

    _settings: SignatureSettings
    _key: bytes
    _key_lock: threading.Lock

    @function()
    def sign(self, ctx: RouteContext, text: str) -> PvValue:
        """A signature of a text: who sees it can neither make that of another text nor find out the key.

        Args:
            text: any text; begin it with what it is for, so that no signature does for something else.
        Returns: 32 hexadecimal digits, always the same for a text.
        """
        with self._key_lock:
            if not self._key:
                self._key = _key_of(self._settings)
        return hmac.new(self._key, text.encode("latin-1", "replace"), hashlib.sha256).hexdigest()[:_DIGITS]


def check(settings: SignatureSettings) -> None:
    """Raises SettingsError for a key that can be guessed."""
    if settings.secret and len(settings.secret) < _SHORTEST:
        raise SettingsError([f"modules.luasip.secret: shorter than {_SHORTEST} characters"])


def _key_of(settings: SignatureSettings) -> bytes:
    if settings.secret:
        return settings.secret.encode("utf-8")
    if settings.secret_file:
        try:
            return _kept(Path(settings.secret_file))
        except (OSError, ValueError) as error:
            _log.warning("luasip.sign: no key can be kept, signatures end with this process: %s", error)
    return secrets.token_bytes(32)


def _kept(file: Path) -> bytes:
    """The key in a file; of several servers that make it at one time all get the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(secrets.token_hex(32) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink()
    key = file.read_bytes().strip()
    if len(key) < _SHORTEST:
        raise ValueError(f"{file}: shorter than {_SHORTEST} characters")
    return key
