"""The KEMI modules. MODULES is the explicit list, in the order in which they are started."""

from luasip.kemi.declare import Module
from luasip.modules.core import Core
from luasip.modules.hdr import Hdr
from luasip.modules.maxfwd import Maxfwd
from luasip.modules.registrar import Registrar
from luasip.modules.rr import Rr
from luasip.modules.sanity import Sanity
from luasip.modules.usrloc import Usrloc
from luasip.modules.x import X

MODULES: tuple[type[Module], ...] = (
    Core,
    Hdr,
    X,
    Maxfwd,
    Rr,
    Sanity,
    Usrloc,
    Registrar,
)
