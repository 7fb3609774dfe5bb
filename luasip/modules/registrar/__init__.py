"""registrar: saving REGISTER requests and finding where a user can be reached (RFC 3261 §10)."""

from luasip.modules.registrar.module import Registrar
from luasip.modules.registrar.settings import RegistrarSettings

__all__ = ["Registrar", "RegistrarSettings"]
