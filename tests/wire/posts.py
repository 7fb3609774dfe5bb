"""An HTTP service in this process that takes POSTs, keeps them, and answers as the test says."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.wire.process import free_port


@dataclass(frozen=True)
class Post:
    """One POST."""

    path: str
    headers: dict[str, str]
    """By lower-case names."""
    body: bytes


class Posts:
    """The service. `answer(post)` gives the status; it runs on a thread of its own and may take long."""

    def __init__(self, answer: Callable[[Post], int], port: int = 0) -> None:
        self.port = port or free_port()
        self.received: list[Post] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                post = Post(self.path, headers, self.rfile.read(length))
                service.received.append(post)
                self.send_response(answer(post))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that did not wait for its answer is none of the test's concern."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
