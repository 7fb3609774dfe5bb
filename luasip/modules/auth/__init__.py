"""auth: challenges, and credentials checked against passwords the script knows."""

from luasip.modules.auth.module import Auth
from luasip.modules.auth.outcomes import Outcome

__all__ = ["Auth", "Outcome"]
