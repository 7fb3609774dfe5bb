"""Calls for a server that notes which of its code runs: a build by profile makes that code quick and the rest small.

    PYTHONPATH=COPY python -P benchmarks/training.py ROUND...

Each ROUND is a route script. It starts the server found in COPY with it, for itself on this machine, has it serve
registrations, calls, messages and what it refuses, and ends it. Needs nothing but that copy (scripts/environment.sh).
"""

import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CALLS = 1000
PATIENCE = 10.0
"""Seconds until an answer must have come."""
STREAM_CALLS = 250
WHOLE = re.compile(r"(?s).*?\r\nContent-Length: (\d+)\r\n.*?(?<=\r\n)\r\n")
"""The head of a message, and the length of its body."""
SETTINGS = """[server]
listen = ["udp:127.0.0.1:{port}", "tcp:127.0.0.1:{port}"]
[script]
path = "{script}"
"""
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


class Phone:
    """One end of the calls, over UDP or on one connection over TCP."""

    def __init__(self, name: str, server: int, transport: str) -> None:
        self.transport = transport
        self._stream = transport == "TCP"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM if self._stream else socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(("127.0.0.1", server))
        self._socket.settimeout(PATIENCE)
        self._received = ""
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.at = f"sip:{name}@{self.address}" + (";transport=tcp" if self._stream else "")

    def send(self, text: str) -> None:
        self._socket.sendall(text.encode("latin-1"))

    def get(self, start: str) -> str:
        """The next message that begins so; others are passed over."""
        while True:
            text = self._next()
            if text.startswith(start):
                return text

    def _next(self) -> str:
        if not self._stream:
            return self._socket.recv(65535).decode("latin-1")
        while not (whole := WHOLE.match(self._received)) or len(self._received) < whole.end() + int(whole[1]):
            received = self._socket.recv(65535)
            if not received:
                raise ConnectionError("closed by the server")
            self._received += received.decode("latin-1")
        end = whole.end() + int(whole[1])
        text, self._received = self._received[:end], self._received[end:]
        return text

    def close(self) -> None:
        self._socket.close()


def values(text: str, name: str) -> list[str]:
    """The values of a header, line by line."""
    return re.findall(rf"(?m)^{name}: (.*?)\r$", text)


def answer(request: str, status: str, body: str = "") -> str:
    """A response of the callee."""
    lines = [f"SIP/2.0 {status}"]
    for name in ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq"):
        for value in values(request, name):
            tag = ";tag=callee" if name == "To" and ";tag=" not in value else ""
            lines.append(f"{name}: {value}{tag}")
    lines += ["Contact: <sip:callee@127.0.0.1>", *(["Content-Type: application/sdp"] if body else [])]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])


class Training:
    """Two phones and a server."""

    def __init__(self, port: int, transport: str) -> None:
        self._port = port
        self._number = 0
        self.caller, self.callee = Phone("caller", port, transport), Phone("callee", port, transport)

    def request(
        self, method: str, uri: str, headers: str = "", cseq: int = 1, tag: str = "", body: str = ""
    ) -> str:
        """A request of the caller; what has the same number is of one dialog."""
        number, at = self._number, self.caller.address
        kind = "Content-Type: application/sdp\r\n" if body else ""
        branch = f"z9hG4bK-{number}-{cseq}-{'INVITE' if method == 'CANCEL' else method}"
        return (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{self.caller.transport} {at};branch={branch}\r\n"
            f"Max-Forwards: 70\r\n{headers}"
            f'From: "Caller" <sip:caller@127.0.0.1>;tag={number}\r\nTo: <sip:callee@127.0.0.1:{self._port}>{tag}\r\n'
            f"Call-ID: {number}@{at}\r\nCSeq: {cseq} {method}\r\nContact: <{self.caller.at}>\r\nUser-Agent: phone\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def ask(self, method: str, user: str, headers: str = "", body: str = "") -> None:
        """A new request to a user of the server, or to the server itself."""
        self._number += 1
        uri = f"sip:{user}{'@' if user else ''}127.0.0.1:{self._port}"
        self.caller.send(self.request(method, uri, headers, 1, "", body))

    def call(self) -> None:
        """From INVITE to BYE."""
        self.ask("INVITE", "callee", body=SDP)
        invite = self.callee.get("INVITE ")
        self.callee.send(answer(invite, "180 Ringing"))
        self.caller.get("SIP/2.0 180")
        self.callee.send(answer(invite, "200 OK", SDP))
        answered = self.caller.get("SIP/2.0 200")
        routes = "".join(f"Route: {route}\r\n" for route in reversed(values(answered, "Record-Route")))
        self.caller.send(self.request("ACK", self.callee.at, routes, 1, ";tag=callee"))
        self.callee.get("ACK ")
        self.caller.send(self.request("BYE", self.callee.at, routes, 2, ";tag=callee"))
        self.callee.send(answer(self.callee.get("BYE "), "200 OK"))
        self.caller.get("SIP/2.0 200")

    def canceled_call(self) -> None:
        self.ask("INVITE", "callee", body=SDP)
        invite = self.callee.get("INVITE ")
        self.callee.send(answer(invite, "180 Ringing"))
        self.caller.get("SIP/2.0 180")
        self.caller.send(self.request("CANCEL", f"sip:callee@127.0.0.1:{self._port}"))
        self.callee.send(answer(self.callee.get("CANCEL "), "200 OK"))
        self.callee.send(answer(invite, "487 Request Terminated"))
        self.callee.get("ACK ")
        refused = self.caller.get("SIP/2.0 487")
        tag = values(refused, "To")[0].partition(">")[2]
        self.caller.send(self.request("ACK", f"sip:callee@127.0.0.1:{self._port}", tag=tag))

    def message(self) -> None:
        self.ask("MESSAGE", "callee")
        self.callee.send(answer(self.callee.get("MESSAGE "), "200 OK"))
        self.caller.get("SIP/2.0 200")

    def register(self, expires: int) -> None:
        """Have the callee found, or with 0 seconds not any more."""
        self._number += 1
        self.callee.send(
            self.request("REGISTER", f"sip:127.0.0.1:{self._port}", f"Expires: {expires}\r\n")
            .replace(self.caller.at, self.callee.at)
            .replace(self.caller.address, self.callee.address)
            .replace("sip:caller@127.0.0.1>", "sip:callee@127.0.0.1>")
        )
        self.callee.get("SIP/2.0 200")

    def run(self, calls: int) -> None:
        """All of it, in the measure of a usual day: calls first of all."""
        self.register(3600)
        for number in range(calls):
            self.call()
            if number % 3 == 0:
                self.ask("OPTIONS", "")
                self.caller.get("SIP/2.0 200")
                self.message()
            if number % 10 == 0:
                self.canceled_call()
                self.ask("INVITE", "nobody", body=SDP)
                self.caller.get("SIP/2.0 404")
        self.register(0)


def train(script: Path) -> None:
    """One round. Exits with the server's words when it does not serve or ends badly."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="luasip-training-") as folder:
        config, log = Path(folder, "luasip.toml"), Path(folder, "log")
        config.write_text(SETTINGS.format(port=port, script=script.resolve()), "utf-8")
        command = [sys.executable, "-P", "-m", "luasip", "run", "-c", str(config)]
        with log.open("w") as said:
            server = subprocess.Popen(command, cwd=folder, stderr=said)
        try:
            gives_up_at = time.monotonic() + PATIENCE
            while "ready, pid" not in log.read_text() and time.monotonic() < gives_up_at and server.poll() is None:
                time.sleep(0.05)
            Training(port, "UDP").run(CALLS)
            Training(port, "TCP").run(STREAM_CALLS)
        except OSError as error:
            sys.exit(f"training with {script}: {error}\n{log.read_text()[-5000:]}")
        finally:
            server.send_signal(signal.SIGTERM)
            if server.wait():
                sys.exit(log.read_text()[-5000:])


if __name__ == "__main__":
    for name in sys.argv[1:]:
        train(Path(name))
