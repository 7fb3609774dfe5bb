"""domain's settings: Kamailio's modparams."""

from dataclasses import dataclass

from luasip.kemi.declare import Module


@dataclass
class DomainSettings(Module.Settings):
    """Where the domains are."""

    db_url: str = "sqlite:///var/luasip.db"
    """Database URL, such as mysql://user:password@host/kamailio."""
    domain_table: str = "domain"
    """Table of the domains."""
    domain_attrs_table: str = "domain_attrs"
    """Table of their attributes."""
    did_col: str = "did"
    """Column with a domain's identifier, in both tables; null in the first: the domain itself."""
    domain_col: str = "domain"
    """Column with a domain."""
    name_col: str = "name"
    """Column with the name of an attribute."""
    type_col: str = "type"
    """Column with its type: 0 number, 2 text."""
    value_col: str = "value"
    """Column with its value."""
    register_myself: int = 0
    """1: the domains count as the server's own, for is_myself, loose_route and others."""
