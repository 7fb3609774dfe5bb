"""How long a request waits while others load the server: one asked after the other by a thread of this process."""

import socket
import threading
import time

PAUSE = 0.04
"""Seconds between two requests: few enough that they do not load the server themselves."""


class Probe:
    """Asks while the `with` block runs: a plain OPTIONS, or a MESSAGE that is relayed back to it and answered by it."""

    def __init__(self, server: tuple[str, int], relayed: bool) -> None:
        self._server = server
        self._relayed = relayed
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(server)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.times: list[float] = []
        """Milliseconds from each request to its final response."""
        self.unanswered = 0
        """Requests without an answer in 2 s."""

    def __enter__(self) -> "Probe":
        if self._relayed:
            port = self._socket.getsockname()[1]
            self._exchange("REGISTER", "", f"Contact: <sip:probe@127.0.0.1:{port}>\r\nExpires: 3600\r\n", 0)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _ask(self) -> None:
        number = 0
        while not self._over.wait(PAUSE):
            number += 1
            took = self._exchange(*(("MESSAGE", "probe@") if self._relayed else ("OPTIONS", "")), "", number)
            if took is None:
                self.unanswered += 1
            else:
                self.times.append(took * 1000)

    def _exchange(self, method: str, user: str, headers: str, number: int) -> float | None:
        """Seconds until the answer, None without one."""
        at = f"{self._server[0]}:{self._server[1]}"
        host, port = self._socket.getsockname()
        branch = f"z9hG4bKp{port}-{number}"
        text = (
            f"{method} sip:{user}{at} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch={branch}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:probe@{at}>;tag={number}\r\nTo: <sip:probe@{at}>\r\nCall-ID: {branch}\r\n"
            f"CSeq: 1 {method}\r\n{headers}Content-Length: 0\r\n\r\n"
        )
        began = time.monotonic()
        self._socket.send(text.encode("ascii"))
        while (left := began + 2.0 - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                received = self._socket.recv(65535).decode("latin-1")
            except (TimeoutError, ConnectionRefusedError):
                return None
            if received.startswith("MESSAGE "):
                self._socket.send(answer(received).encode("latin-1"))
            elif branch in received and not received.startswith("SIP/2.0 1"):
                return time.monotonic() - began
        return None


def answer(request: str) -> str:
    """A 200 to a request."""
    kept = ("via:", "from:", "call-id:", "cseq:")
    lines = request.partition("\r\n\r\n")[0].split("\r\n")[1:]
    found = [line for line in lines if line.lower().startswith(kept)]
    found += [f"{line};tag=probe" for line in lines if line.lower().startswith("to:")]
    return "\r\n".join(["SIP/2.0 200 OK", *found, "Content-Length: 0", "", ""])
