"""What the control interfaces are given: plain values, checked already."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """Where the server is controlled from. "" and None switch an interface off."""

    http: tuple[str, int] | None = None
    """Address and port of HTTP."""
    certificate: str = ""
    """PEM file with the certificate chain: HTTPS in place of HTTP."""
    private_key: str = ""
    stream: str = ""
    """Path of the UNIX stream socket."""
    ctl: str = ""
    """Path of the UNIX stream socket for kamcmd."""
    datagram: str = ""
    """Path of the UNIX datagram socket."""
    udp: tuple[str, int] | None = None
    fifo: str = ""
    """Path of the FIFO."""
    fifo_reply_dir: str = "/tmp"
    """Folder of the reply FIFOs."""
    mode: int = 0o600
    """Permissions of sockets and FIFO."""
    group: str = ""
    """Group they are given to."""
    token: str = ""
    """What an HTTP client must show, "" for nothing."""
    hosts: tuple[str, ...] = ()
    """Names the HTTP interface is asked for by, beside addresses and localhost."""
    largest: int = 1024 * 1024
    """Bytes of one request."""
    connections: int = 64
    """Connections of HTTP, and as many of the UNIX stream socket."""
    timeout: float = 10.0
    """Seconds a client may take to send a request whole, or to take its answer."""

    @property
    def is_on(self) -> bool:
        """Whether there is any interface."""
        return bool(self.http or self.stream or self.ctl or self.datagram or self.udp or self.fifo)
