"""A whole server on a network in memory, in virtual time: script in, messages in, messages out, log.

    with Scene("function ksr_request_route() KSR.sl.sl_send_reply(200, 'OK') end") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert alice.next().status == 200

Nothing runs by itself: `send` delivers and answers at once, `advance` moves the clock.
"""

import logging
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from luasip.server.server import Server
from luasip.server.settings import load_settings
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message
from luasip.transport.loopback import LoopbackNetwork, LoopbackPeer, LoopbackTransport
from tests.stream_stub import StreamStub

SERVER = "10.0.0.1"


class Scene:
    """One server and its network. `settings` is TOML appended to the defaults below."""

    def __init__(
        self,
        script: str,
        settings: str = "",
        listen: tuple[str, ...] = (f"udp:{SERVER}:5060", f"tcp:{SERVER}:5060"),
        server: str = "",
        streams: StreamStub | None = None,
    ) -> None:
        self.now = 1000.0
        self.folder = tempfile.TemporaryDirectory(prefix="luasip-scene-")
        folder = Path(self.folder.name)
        self.script = folder / "route.lua"
        self.script.write_text(script, encoding="utf-8")
        config = folder / "luasip.toml"
        listed = ", ".join(f'"{text}"' for text in listen)
        if "[modules.luasip]" not in settings:
            settings += '\n[modules.luasip]\nsecret_file = ""\n'
        config.write_text(
            f'[server]\nlisten = [{listed}]\naliases = ["example.com"]\n{server}\n'
            f'[script]\npath = "route.lua"\n{settings}\n',
            encoding="utf-8",
        )
        self.network = LoopbackNetwork(lambda: self.now)
        transport = LoopbackTransport(self.network, list(listen))
        transports = {text.partition(":")[0]: transport for text in listen}
        self.streams = streams or StreamStub()
        self.log = _Records()
        self._logger = logging.getLogger("luasip")
        self._logger.addHandler(self.log)
        self._level = self._logger.level
        self._logger.setLevel(logging.DEBUG)
        self.server = Server(
            load_settings(config),
            clock=lambda: self.now,
            transports=transports,
            byte_streams=self.streams,
            threads=False,
        )
        self.server.start()
        self._phones = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(check=kind is None)

    def close(self, check: bool = True) -> None:
        """End the server; unless `check` is False the transaction table must empty itself."""
        try:
            if check:
                self.advance(400)
                assert len(self.server.layer.table) == 0, self.server.layer.table.all()
                assert self.server.layer.table.branches == 0
                assert self.server.execution.suspended == []
                assert "Traceback" not in self.log.text(logging.DEBUG)
        finally:
            self.server.stop(0.0)
            self._logger.removeHandler(self.log)
            self._logger.setLevel(self._level)
            self.folder.cleanup()

    def phone(self, name: str, protocol: str = "udp", host: str = "", port: int = 5060) -> "Phone":
        """A peer with an address of its own (10.0.0.2, 10.0.0.3 …)."""
        self._phones += 1
        return Phone(self, name, protocol, host or f"10.0.0.{self._phones + 1}", port)

    def settle(self) -> None:
        """Deliver everything and run everything due, without moving the clock."""
        for _ in range(1000):
            moved = self.network.deliver()
            moved += self.streams.run()
            moved += self.server.timers.run_due()
            self.server.housekeeping.run_due()
            if not moved:
                return
        raise AssertionError("the scene does not come to rest")

    def advance(self, seconds: float) -> None:
        """Move the clock, stopping at every instant at which something is due."""
        end = self.now + seconds
        self.settle()
        for _ in range(100_000):
            due = [
                at
                for at in (self.server.timers.next_at(), self.server.housekeeping.next_at())
                if at is not None
            ]
            if not due or min(due) > end:
                break
            self.now = max(self.now, min(due))
            self.settle()
        self.now = end
        self.settle()

    @property
    def said(self) -> list[str]:
        """What the script has said with KSR.info."""
        return [
            record.getMessage()
            for record in self.log.records
            if record.name == "luasip.script" and record.levelno == logging.INFO
        ]

    def statistic(self, name: str) -> int:
        """A statistic, 0 when nothing was counted."""
        return self.server.statistics.get(name) or 0


class Phone(LoopbackPeer):
    """A peer that builds and reads SIP messages."""

    def __init__(self, scene: Scene, name: str, protocol: str, host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        super().__init__(scene.network, f"{protocol}:{shown}:{port}")
        self.scene = scene
        self.name = name
        self.protocol = protocol
        self.host = shown
        self.port = port
        self._branches = 0
        self._read = 0

    @property
    def uri(self) -> str:
        """Contact URI."""
        transport = "" if self.protocol == "udp" else f";transport={self.protocol}"
        return f"sip:{self.name}@{self.host}:{self.port}{transport}"

    def request(self, method: str, uri: str, *headers: str, body: str = "", **fields: Any) -> str:
        """A request. fields: call_id, cseq, branch, from_tag, to, to_tag, from_uri, contact ("" for none),
        max_forwards (None for none)."""
        self._branches += 1
        branch = fields.get("branch", f"z9hG4bK-{self.name}-{self._branches}")
        to_tag = f";tag={fields['to_tag']}" if fields.get("to_tag") else ""
        from_uri = fields.get("from_uri", f"sip:{self.name}@example.com")
        from_tag = fields.get("from_tag", f"{self.name}-tag")
        contact = fields.get("contact", f"<{self.uri}>")
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self.protocol.upper()} {self.host}:{self.port};branch={branch}",
            *([f"Max-Forwards: {hops}"] if (hops := fields.get("max_forwards", 70)) is not None else []),
            f"From: <{from_uri}>;tag={from_tag}",
            f"To: <{fields.get('to', uri)}>{to_tag}",
            f"Call-ID: {fields.get('call_id', f'call-{self.name}')}",
            f"CSeq: {fields.get('cseq', 1)} {fields.get('cseq_method', method)}",
            *([f"Contact: {contact}"] if contact else []),
            *headers,
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def response(
        self,
        request: Request,
        status: int,
        reason: str = "X",
        *headers: str,
        to_tag: str = "",
        body: str = "",
    ) -> str:
        """A response to a request this phone received."""
        tag = to_tag or f"{self.name}-to"
        lines = [f"SIP/2.0 {status} {reason}"]
        for line in request.headers:
            if line.key in ("via", "from", "call-id", "cseq", "record-route"):
                lines.append(f"{line.name}: {line.value}")
            elif line.key == "to":
                lines.append(f"To: {line.value}" + ("" if request.to.tag or status == 100 else f";tag={tag}"))
        lines += [f"Contact: <{self.uri}>", *headers, f"Content-Length: {len(body)}"]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def ack(self, invite: str, response: Response, uri: str = "") -> str:
        """The ACK for a final response to the INVITE of this text: same branch unless it is a 2xx."""
        request = parse_message(invite)
        assert isinstance(request, Request)
        branch = request.top_via.branch if response.status >= 300 else f"{request.top_via.branch}-ack"
        routes = [f"Route: {route.text}" for route in reversed(response.record_routes)]
        return self.request(
            "ACK",
            uri or request.request_uri,
            *(routes if response.status < 300 else []),
            branch=branch,
            call_id=request.call_id,
            cseq=request.cseq.number,
            from_tag=request.from_.tag,
            to=request.to.uri_text,
            to_tag=response.to.tag,
        )

    def send(self, data: bytes | str, to: Any = None, connection_id: int = 0) -> int:
        """Send to the server and let everything settle."""
        identity = super().send(data, to or f"{self.protocol}:{SERVER}:5060", connection_id)
        self.scene.settle()
        return identity

    def cancel(self, invite: str, *headers: str) -> str:
        """The CANCEL for the INVITE of this text."""
        request = parse_message(invite)
        assert isinstance(request, Request)
        return self.request(
            "CANCEL",
            request.request_uri,
            *headers,
            branch=request.top_via.branch,
            call_id=request.call_id,
            cseq=request.cseq.number,
            from_tag=request.from_.tag,
            to=request.to.uri_text,
            contact="",
        )

    def answer(self, request: Request, status: int, reason: str = "X", *headers: str, **fields: Any) -> None:
        """Respond to a request over the way it came."""
        sent = next(m for m in reversed(self.received) if m.text == request.text)
        protocol, host, port = sent.source
        shown = f"[{host}]" if ":" in host else host
        self.send(
            self.response(request, status, reason, *headers, **fields),
            f"{protocol}:{shown}:{port}",
            sent.connection_id,
        )

    @property
    def messages(self) -> list[Request | Response]:
        """Everything received."""
        return [parse_message(text) for text in self.texts]

    @property
    def unread(self) -> list[Request | Response]:
        """What was received and not taken by next() yet."""
        return self.messages[self._read :]

    def next(self) -> Any:
        """The oldest message not taken yet."""
        messages = self.messages
        assert self._read < len(messages), f"{self.name} received nothing more"
        self._read += 1
        return messages[self._read - 1]

    def statuses(self) -> list[int]:
        """Statuses of the responses not taken yet; takes them."""
        found = [message.status for message in self.unread if isinstance(message, Response)]
        self._read = len(self.received)
        return found

    def requests(self) -> list[Request]:
        """The requests not taken yet; takes everything."""
        found = [message for message in self.unread if isinstance(message, Request)]
        self._read = len(self.received)
        return found


class _Records(logging.Handler):
    """Keeps log records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def text(self, level: int = logging.WARNING) -> str:
        """The messages of this level and above, a line each."""
        return "\n".join(record.getMessage() for record in self.records if record.levelno >= level)
