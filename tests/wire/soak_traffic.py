"""The traffic and the faults of tests/wire/soak.py, each kind a method that does it once.

Every call, user, Call-ID and source port is a new one, so that whatever is kept for any of them shows.
"""

import itertools
import json
import random
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from luasip.modules.netstring import NetstringReader, netstring
from luasip.sip.digest import compute_ha1, compute_response, parse_challenge, parse_credentials
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message
from luasip.sip.response import build_response
from tests.wire.faulty import Faulty, is_alive, reset
from tests.wire.peer import Peer
from tests.wire.test_mutated_traffic import mutated

USERS = 10
DAMAGED = 1000
"""Different damaged messages."""
PASSWORD = "a password"
WAYS = (
    "sleep",
    "sql",
    "wait",
    "all",
    "suspend",
    "async",
    "http",
    "later",
    "evapi",
    "blocking",
    "tables",
    "failing",
)
"""What a MESSAGE has the script do; see soak.lua."""
COMMANDS = (
    "core.uptime",
    "tm.stats",
    "tm.list",
    "ul.dump",
    "script.info",
    "script.suspended",
    "pool.list",
    "nothing",
)
EXPECTED = {
    "busy": 486,
    "slow": 480,
    "silent": 480,
    "nobody": 404,
}
"""What calls end with that nobody takes, by whom they are for."""


class Traffic:
    """One method for each kind; each takes well below a second where nothing waits."""

    def __init__(self, server: Faulty, control: int, evapi: int) -> None:
        self.server = server
        self.control = f"http://127.0.0.1:{control}"
        self.pause = threading.Event().wait
        self._evapi = evapi
        self._chance = random.Random(1)
        self._damaged = [mutated(self._chance)[:60000] for _ in range(DAMAGED)]
        self._numbers = itertools.count()
        self._ways = itertools.cycle(WAYS)
        self._phones: list[Phone] = []

    def kinds(self) -> dict[str, tuple[float, Callable[[], object]]]:
        """Name → seconds between two, and what is done."""
        return {
            "call": (0.07, self.call),
            "stream call": (1.0, self.stream_call),
            "failing call": (1.0, self.failing_call),
            "cancelled call": (1.0, self.cancelled_call),
            "registration": (0.5, self.registration),
            "message": (0.07, self.message),
            "password": (0.5, self.password),
            "noise": (0.4, self.noise),
            "storm": (3.0, self.storm),
            "control": (2.0, self.command),
            "metrics": (5.0, self.metrics),
            "program": (1.0, self.program),
            "reload": (12.0, self.reload),
            "bad script": (25.0, self.bad_script),
            "kill": (15.0, self.kill),
        }

    def register(self) -> None:
        """Phones for the users, which stay for the whole time."""
        for protocol in ("udp", "tcp"):
            phone = Phone(self.server, protocol)
            phone.start()
            self._phones.append(phone)

    def _unique(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers)}"

    def call(self) -> None:
        """A call that is taken, over UDP."""
        self._taken_call("udp", f"user{next(self._numbers) % USERS}")

    def stream_call(self) -> None:
        """Caller and phone over TCP."""
        self._taken_call("tcp", "stream")

    def _taken_call(self, protocol: str, user: str) -> None:
        with Peer(self.server.address, protocol) as caller:
            answer = final(caller, caller.request("INVITE", user, f"Contact: <sip:caller@{caller.address}>"))
            assert answer.status == 200, f"{answer.status} for {user}"
            routes = "".join(f"Route: {route.text}\r\n" for route in reversed(answer.record_routes))
            own, remote = f"sip:{user}@{caller.target} SIP", f"{answer.contacts[0].uri_text} SIP"
            for method in ("ACK", "BYE"):
                text = caller.request(method, user, call_id=answer.call_id).replace(own, remote, 1)
                text = text.replace("\r\nCall-ID", ";tag=phone\r\nCall-ID", 1)
                caller.send(text.replace("Max-Forwards", f"{routes}Max-Forwards", 1))
            while answer.cseq.method != "BYE":
                answer = response(caller)
            assert answer.status == 200, f"{answer.status} for a BYE"

    def failing_call(self) -> None:
        """Refused, no answer at all, no answer in time, nobody there; every other one without an ACK."""
        number = next(self._numbers)
        kind = ("busy", "slow", "silent", "nobody", "fork")[number % 5]
        user = self._unique(kind) if kind == "nobody" else kind
        with Peer(self.server.address, timeout=8.0) as caller:
            invite = caller.request("INVITE", user, f"Contact: <sip:caller@{caller.address}>")
            answer = final(caller, invite)
            assert answer.status == EXPECTED.get(kind, 200), f"{answer.status} for {user}"
            if number % 2:
                caller.send(acknowledgement(invite))

    def cancelled_call(self) -> None:
        """The caller hangs up while it rings."""
        with Peer(self.server.address) as caller:
            invite = caller.request("INVITE", "ringing", f"Contact: <sip:caller@{caller.address}>")
            caller.send(invite)
            while response(caller).status != 180:
                pass
            answer = final(caller, invite.replace("INVITE", "CANCEL"))
            while answer.cseq.method != "INVITE" or answer.status < 200:
                answer = response(caller)
            assert answer.status == 487, str(answer.status)
            caller.send(acknowledgement(invite))

    def registration(self) -> None:
        """One that is taken back and one that expires, each of a new user."""
        with Peer(self.server.address) as phone:
            user = self._unique("guest")
            assert phone.register(user, f"sip:{user}@{phone.address}", 60).status == 200
            assert phone.register(user, f"sip:{user}@{phone.address}", 0).status == 200
            user = self._unique("gone")
            assert phone.register(user, f"sip:{user}@{phone.address}", 2).status == 200

    def message(self) -> None:
        """One that has the script wait for something, and nobody waits for the answer; and one to a phone."""
        with Peer(self.server.address) as sender:
            sender.send(sender.request("MESSAGE", self._unique(f"{next(self._ways)}.")))
            assert final(sender, sender.request("MESSAGE", "user1")).status == 200

    def password(self) -> None:
        """A right password and a wrong one."""
        with Peer(self.server.address) as sender:
            for password, user in ((PASSWORD, "alice"), ("wrong", self._unique("guest"))):
                target = self._unique("secret.")
                challenge = final(sender, sender.request("MESSAGE", target))
                line = challenge.first("proxy-authenticate") or challenge.first("www-authenticate")
                assert line is not None, f"{challenge.status} and no challenge"
                asked = parse_challenge(line.value)
                uri = f"sip:{target}@{sender.target}"
                given = (
                    f'Digest username="{user}", realm="{asked.realm}", nonce="{asked.nonce}", uri="{uri}", '
                    'response="{}"'
                )
                ha1 = compute_ha1(user, asked.realm, password)
                right = compute_response(ha1, "MESSAGE", parse_credentials(given.format("x")))
                name = line.name.replace("enticate", "orization")
                answer = final(sender, sender.request("MESSAGE", target, f"{name}: {given.format(right)}"))
                assert (answer.status == 200) == (password == PASSWORD), str(answer.status)

    def noise(self) -> None:
        """Damaged messages, from one of many addresses."""
        address = f"127.0.{self._chance.randrange(1, 5)}.{self._chance.randrange(1, 255)}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((address, 0))
            for _ in range(10):
                sender.sendto(self._chance.choice(self._damaged), self.server.address)

    def storm(self) -> None:
        """Many connections: reset amid a message, closed at once, left alone for a second."""
        opened = [socket.create_connection(self.server.address, 5.0) for _ in range(30)]
        for number, connection in enumerate(opened):
            if number % 3 == 0:
                data = self._chance.choice(self._damaged)
                connection.sendall(data[: self._chance.randrange(len(data) + 1)])
                reset(connection)
            elif number % 3 == 1:
                connection.close()
        self.pause(1.0)
        for connection in opened[2::3]:
            connection.close()
        assert is_alive(self.server, "tcp"), "no answer over TCP"

    def command(self) -> None:
        """A command, also one there is not."""
        body = {"jsonrpc": "2.0", "id": 1, "method": self._chance.choice(COMMANDS)}
        asked = urllib.request.Request(f"{self.control}/RPC", json.dumps(body).encode())
        try:
            fetch(asked)
        except urllib.error.HTTPError as error:
            error.close()

    def metrics(self) -> str:
        """What Prometheus sees."""
        return fetch(urllib.request.Request(f"{self.control}/metrics"))

    def program(self) -> None:
        """A client of evapi: takes what comes for a while and continues most of it."""
        reader = NetstringReader(1 << 20)
        with socket.create_connection(("127.0.0.1", self._evapi), 5.0) as connection:
            connection.sendall(netstring(b"router"))
            connection.settimeout(2.0)
            for _ in range(20):
                try:
                    data = connection.recv(65536)
                except TimeoutError:
                    return
                assert data, "evapi: the server closed the connection"
                for frame in reader.feed(data):
                    if not frame.endswith(b"7"):
                        connection.sendall(netstring(frame))

    def reload(self) -> None:
        """The script anew."""
        self.server.process.send_signal(signal.SIGHUP)

    def bad_script(self) -> None:
        """A script with a mistake, and the sound one again."""
        text = self.server.script.read_text("utf-8")
        for other in ("this is no Lua", "error('on purpose')", text):
            self.server.script.write_text(other, "utf-8")
            self.server.process.send_signal(signal.SIGHUP)
            self.pause(2.0)

    def kill(self) -> None:
        """A thread dies."""
        host, port = self.server.address
        names = (f"udp:{host}:{port}#1", "streams", "timers", "housekeeping", "log-writer")
        self.server.fault(f"kill {self._chance.choice(names)}")


class Phone(threading.Thread):
    """Answers for the users that are called, as their names say; registers them again when its connection is lost."""

    def __init__(self, server: Faulty, protocol: str) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._protocol = protocol
        self._ringing: dict[str, Request] = {}

    def run(self) -> None:
        """For as long as the process lives."""
        while True:
            try:
                with Peer(self._server.address, self._protocol, timeout=3600.0) as peer:
                    self._register(peer)
                    while True:
                        self._answer(peer, peer.receive())
            except (OSError, AssertionError):
                threading.Event().wait(0.5)

    def _register(self, peer: Peer) -> None:
        suffix = ";transport=tcp" if self._protocol == "tcp" else ""
        users = ["stream"] if suffix else [f"user{number}" for number in range(USERS)]
        users += [] if suffix else ["busy", "slow", "silent", "ringing"]
        for user in users:
            peer.send(
                peer.request(
                    "REGISTER", user, f"Contact: <sip:{user}@{peer.address}{suffix}>", "Expires: 7200"
                )
            )
        if not suffix:
            for user in ("busy", "user1"):
                contact = f"Contact: <sip:{user}@{peer.address}>"
                peer.send(peer.request("REGISTER", "fork", contact, "Expires: 7200"))

    def _answer(self, peer: Peer, message: Request | Response) -> None:
        if not isinstance(message, Request) or message.method == "ACK":
            return
        user = message.request_uri.partition("@")[0].removeprefix("sip:")
        if message.method == "CANCEL":
            self._reply(peer, message, 200)
            if (invite := self._ringing.pop(message.call_id, None)) is not None:
                self._reply(peer, invite, 487)
        elif message.method != "INVITE":
            self._reply(peer, message, 200)
        elif user == "ringing":
            self._ringing[message.call_id] = message
            self._reply(peer, message, 180)
        elif user == "slow":
            self._reply(peer, message, 100)
        elif user == "busy":
            self._reply(peer, message, 486)
        elif user != "silent":
            self._reply(peer, message, 180)
            self._reply(peer, message, 200)

    def _reply(self, peer: Peer, request: Request, status: int) -> None:
        suffix = ";transport=tcp" if self._protocol == "tcp" else ""
        contact = f"Contact: <sip:phone@{peer.address}{suffix}>\r\n"
        peer.send(build_response(request, status, "As Agreed", to_tag="phone", headers=contact))


class _Handler(BaseHTTPRequestHandler):
    """Answers with the path; one of eight times too late, one with an error."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"plain")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        number = int(self.path[-1]) if self.path[-1].isdigit() else 1
        if number == 8:
            threading.Event().wait(1.0)
        self._answer(json.dumps({"path": self.path}).encode(), 503 if number == 9 else 200)

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is said."""


def start_http() -> int:
    """An HTTP server for the script's requests; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the client gave up
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def fetch(asked: urllib.request.Request) -> str:
    """The body of a page."""
    with urllib.request.urlopen(asked, timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def response(peer: Peer) -> Response:
    """The next message, which is a response."""
    message = peer.receive()
    assert isinstance(message, Response), "a request"
    return message


def final(peer: Peer, request: str) -> Response:
    """The final response to a request."""
    peer.send(request)
    sent = parse_message(request)
    wanted = sent.call_id, sent.cseq.method
    while True:
        answer = response(peer)
        if answer.status >= 200 and (answer.call_id, answer.cseq.method) == wanted:
            return answer


def acknowledgement(invite: str) -> str:
    """The ACK for a final response that is not 2xx."""
    return invite.replace("INVITE", "ACK")
