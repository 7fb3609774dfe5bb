"""uac: requests of the server's own, credentials for others', From and To replaced, registrations elsewhere."""

from luasip.modules.uac.module import Uac

__all__ = ["Uac"]
