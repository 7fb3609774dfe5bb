"""registrar's settings: Kamailio's modparams."""

from dataclasses import dataclass

from luasip.kemi.declare import Module


@dataclass
class RegistrarSettings(Module.Settings):
    """What a registration may ask for and how it is answered."""

    default_expires: int = 3600
    """Seconds a contact lives when the REGISTER does not say."""
    default_expires_range: int = 0
    """Percent by which default_expires is shortened at random."""
    expires_range: int = 0
    """Percent by which what the REGISTER asks for is shortened at random."""
    min_expires: int = 60
    """Shortest life of a contact in seconds; a shorter one is raised to it (see min_expires_mode)."""
    max_expires: int = 0
    """Longest life of a contact in seconds, 0 for no limit."""
    min_expires_mode: int = 0
    """1: answer 423 with Min-Expires instead of raising a short life."""
    default_q: int = -1
    """q of contacts without one, in thousandths, -1 for unspecified."""
    max_contacts: int = 0
    """Most contacts of one address of record, 0 for no limit; more are refused with 503."""
    retry_after: int = 0
    """Seconds for the Retry-After header of 5xx replies, 0 for none."""
    append_branches: int = 1
    """Make lookup add a branch for each further contact."""
    case_sensitive: int = 0
    """Tell upper from lower case in the user part of addresses of record."""
    realm_prefix: str = ""
    """Taken off the front of the domain of addresses of record (with usrloc's use_domain)."""
    received_avp: str = ""
    """AVP that holds where the request came from, as nathelper sets it, such as $avp(RECEIVED)."""
    received_param: str = "received"
    """Contact parameter of the 200 that shows it, "" for none."""
    method_filtering: int = 0
    """Make lookup pass over contacts that do not allow the request's method."""
    use_path: int = 0
    """Keep the Path of a REGISTER and route by it (RFC 3327)."""
    path_mode: int = 2
    """Path in the 200: 0 never; 1 when the phone supports it; 2 always, refusing (420) phones that do not."""
    path_use_received: int = 0
    """Take where the phone is from the received parameter of the first Path URI."""
    path_check_local: int = 0
    """Pass over the first Path URI when it is ours."""
    gruu_enabled: int = 1
    """Give GRUUs to phones that support them (RFC 5627)."""
    outbound_mode: int = 0
    """RFC 5626: 0 not supported; 1 supported; 2 required."""
    regid_mode: int = 0
    """reg-id: 0 used with outbound only; 1 always."""
    flow_timer: int = 0
    """Seconds for the Flow-Timer header, 0 for none (outbound_mode 1 or 2)."""
    contact_max_size: int = 512
    """Longest Contact URI."""
    sock_flag: int = -1
    """Message flag that makes save take the contact's socket from sock_hdr_name or xavp_cfg, -1 for none."""
    sock_hdr_name: str = ""
    """Header that holds the socket, as add_sock_hdr writes it."""
    sock_mode: int = 0
    """1: keep the advertised address of the socket where it has one."""
    xavp_cfg: str = ""
    """XAVP whose fields max_contacts, expires, q, socket, tcpconn_id, match_callid, match_received and
    match_contact override what is set here, for one call."""
    xavp_rcd: str = ""
    """XAVP that save, lookup and registered fill with ruid, contact, expires, received and path."""
    xavp_rcd_mask: int = 0
    """Fields of xavp_rcd to leave out: 1 ruid, 2 contact, 4 expires, 8 received, 16 path."""
    event_callback: str = ""
    """Lua function called with "usrloc:contact-expired"; $ulc(exp=>…) holds the contact."""
