"""usrloc's settings: Kamailio's modparams."""

from dataclasses import dataclass, field

from luasip.kemi.declare import Module


@dataclass
class UsrlocSettings(Module.Settings):
    """Where contacts are kept and how a REGISTER finds the one it is about."""

    db_url: str = "sqlite:///var/luasip.db"
    """Database URL, such as mysql://user:password@host/kamailio. Used unless db_mode is 0."""
    db_mode: int = 0
    """0 memory; 1 memory and database, written before the REGISTER is answered; 2 memory, written to the
    database
    every timer_interval; 3 database only; 4 memory, loaded from the database at start."""
    db_load: int = 1
    """Load the tables at start in db_mode 1 and 2."""
    preload: list[str] = field(default_factory=lambda: ["location"])
    """Tables made ready at start. With a database a table must be listed to be used."""
    matching_mode: int = 0
    """What tells that a contact is known: 0 its URI; 1 URI and Call-ID; 2 URI and Path; 3 Call-ID. An
    instance
    (+sip.instance) always tells."""
    cseq_delay: int = 20
    """Seconds in which a REGISTER with the same Call-ID and CSeq is a retransmission, answered like the
    first.
    """
    use_domain: int = 0
    """Make the domain part of the address of record: 0 user, 1 user@domain."""
    desc_time_order: int = 0
    """Order contacts by time, the latest first, instead of by q."""
    timer_interval: int = 60
    """Seconds between two removals of expired contacts and two writings in db_mode 2."""
    nat_bflag: int = -1
    """Number of the branch flag that marks contacts behind NAT, -1 for none."""
    handle_lost_tcp: int = 0
    """Remove a contact when the stream connection it registered by closes (not in db_mode 3)."""
    close_expired_tcp: int = 0
    """Close the stream connection of a contact that expires."""
    skip_remote_socket: int = 0
    """Ignore contacts whose socket is not one of ours when loading."""
    rm_expired_delay: int = 0
    """db_mode 3: seconds to keep rows after they have expired."""
    db_timer_clean: int = 0
    """Delete expired rows every timer_interval that are not in memory (db_mode 1 and 2)."""
    expires_type: int = 0
    """Columns expires and last_modified: 0 DATETIME, 1 BIGINT (seconds since the epoch)."""
    ruid_column: str = "ruid"
    """Name of this column."""
    user_column: str = "username"
    """Name of this column."""
    domain_column: str = "domain"
    """Name of this column."""
    contact_column: str = "contact"
    """Name of this column."""
    expires_column: str = "expires"
    """Name of this column."""
    q_column: str = "q"
    """Name of this column."""
    callid_column: str = "callid"
    """Name of this column."""
    cseq_column: str = "cseq"
    """Name of this column."""
    flags_column: str = "flags"
    """Name of this column."""
    cflags_column: str = "cflags"
    """Name of this column."""
    user_agent_column: str = "user_agent"
    """Name of this column."""
    received_column: str = "received"
    """Name of this column."""
    path_column: str = "path"
    """Name of this column."""
    socket_column: str = "socket"
    """Name of this column."""
    methods_column: str = "methods"
    """Name of this column."""
    instance_column: str = "instance"
    """Name of this column."""
    reg_id_column: str = "reg_id"
    """Name of this column."""
    last_modified_column: str = "last_modified"
    """Name of this column."""
    server_id_column: str = "server_id"
    """Name of this column."""
    connection_id_column: str = "connection_id"
    """Name of this column."""
    keepalive_column: str = "keepalive"
    """Name of this column."""
    partition_column: str = "partition"
    """Name of this column."""
    hash_size: int = 10
    """Accepted; the table grows by itself."""
    fetch_rows: int = 2000
    """Accepted; rows are always fetched in portions."""
    timer_procs: int = 0
    """Accepted; one housekeeping thread is enough."""
    db_raw_fetch_type: int = 0
    """Accepted; rows are read in one way."""
    db_insert_null: int = 0
    """Accepted; absent values are always written as NULL."""
    db_insert_update: int = 0
    """Accepted; a row that is there is always replaced."""
    db_update_as_insert: int = 0
    """Accepted; a row that is not there is always inserted."""
    db_check_update: int = 0
    """Accepted; an update that finds no row always inserts it."""
    db_ops_ruid: int = 1
    """Accepted; rows are always found by ruid."""
    version_table: int = 0
    """Accepted; the version table is not consulted."""

    def column_names(self) -> dict[str, str]:
        """The columns' names in the database, by Kamailio's default names."""
        names = {
            name.removesuffix("_column"): value
            for name, value in vars(self).items()
            if name[-7:] == "_column"
        }
        names["username"] = names.pop("user")
        return names
