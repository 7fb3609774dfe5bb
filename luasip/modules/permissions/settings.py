"""Settings of permissions, under Kamailio's names."""

from dataclasses import dataclass
from typing import Final

from luasip.kemi.declare import Module

LOAD_ADDRESSES: Final = 1
LOAD_TRUSTED: Final = 2


@dataclass
class PermissionsSettings(Module.Settings):
    """Where addresses, trusted peers and rules are kept."""

    db_url: str = ""
    """Database of the tables address and trusted; "" for none."""
    address_file: str = ""
    """File of addresses in place of the table: lines "GROUP ADDRESS [MASK [PORT [TAG]]]", # begins a comment."""
    db_mode: int = 0
    """How allow_trusted reads its table: 0 asks the database every time, 1 loads it at the start."""
    load_backends: int = 65535
    """What is loaded at the start: sum of 1 addresses, 2 trusted peers."""
    address_table: str = "address"
    """Name of the table of addresses."""
    trusted_table: str = "trusted"
    """Name of the table of trusted peers."""
    peer_tag_avp: str = ""
    """AVP that gets the tag of the entry that matched, "$avp(name)"; "" for none."""
    peer_tag_mode: int = 0
    """allow_trusted: 0 the first entry that matches decides, 1 all that match leave their tags."""
    subnet_match_mode: int = 0
    """When several networks of a group match: 0 the first of the table decides, 1 the one with the longest mask."""
    reload_delta: int = 5
    """Seconds that must be between two reloads."""
    allow_suffix: str = ".allow"
    """What files of rules that allow end with."""
    deny_suffix: str = ".deny"
    """What files of rules that deny end with."""
    grp_col: str = "grp"
    """Name of this column."""
    ip_addr_col: str = "ip_addr"
    """Name of this column."""
    mask_col: str = "mask"
    """Name of this column."""
    port_col: str = "port"
    """Name of this column."""
    tag_col: str = "tag"
    """Name of this column."""
    source_col: str = "src_ip"
    """Name of this column."""
    proto_col: str = "proto"
    """Name of this column."""
    from_col: str = "from_pattern"
    """Name of this column."""
    ruri_col: str = "ruri_pattern"
    """Name of this column."""
    priority_col: str = "priority"
    """Name of this column."""
    default_allow_file: str = "permissions.allow"
    """Accepted; the functions that use it are not part of KEMI."""
    default_deny_file: str = "permissions.deny"
    """Accepted; the functions that use it are not part of KEMI."""
    check_all_branches: int = 1
    """Accepted; the functions that use it are not part of KEMI."""
    max_subnets: int = 512
    """Accepted; there may be any number of networks."""
    trusted_cleanup_interval: int = -1
    """Accepted; what a reload replaced is gone at once."""
