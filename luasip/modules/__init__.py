"""The KEMI modules. MODULES is the explicit list, in the order in which they are started."""

from luasip.kemi.declare import Module

MODULES: tuple[type[Module], ...] = ()
