"""luasip/control/client/top.py: rates from two looks, and what a screen shows."""

import io
import json
from typing import Any

from rich.console import Console

from luasip.control.client import top

ANSWERS: dict[str, Any] = {
    "core.uptime": {"uptime": 60},
    "stats.fetchn": {"core.rcv_requests": 100},
    "pool.list": [{"name": "sql", "pending": 2}],
    "script.info": {"suspended": 1, "reloads": 4},
    "script.suspended": [{"number": 7, "age": 2.5, "place": "route.lua:12"}],
    "core.shmmem": {"used": 80},
    "tm.stats": {"current": 9, "waiting": 3},
    "script.callbacks": [{"callback": "ksr_reply_route", "steps": 2, "mean_ms": 0.1, "longest_ms": 0.3}],
}


class Server:
    """An endpoint whose statistics grow by 50 requests at each look."""

    def __init__(self, **errors: int) -> None:
        self.looks = 0
        self.errors = errors

    def exchange(self, document: bytes) -> bytes:
        self.looks += 1
        answers = []
        for call in json.loads(document):
            name = call["method"]
            result = ANSWERS[name]
            if name == "stats.fetchn":
                result = {"core.rcv_requests": 50 * self.looks}
            content: dict[str, Any] = {"result": result}
            if name in self.errors:
                content = {"error": {"code": 500, "message": "no"}}
            answers.append({"id": call["id"]} | content)
        return json.dumps(answers).encode()


def test_rates() -> None:
    server = Server()
    before, now = top.take(server, lambda: 10.0), top.take(server, lambda: 12.0)
    assert top.rates(now, before)["requests"] == 25.0
    assert set(top.rates(before, before).values()) == {0.0}


def printed(server: Server, times: int) -> str:
    out = io.StringIO()
    top.show(server, Console(file=out, width=120), 0.0, times)
    return out.getvalue()


def test_a_screen() -> None:
    text = printed(Server(), 1)
    assert "up 60 s   memory 80 MiB   suspended 1   reloads 4" in text
    assert "sql" in text
    assert "route.lua:12" in text
    assert "ksr_reply_route" in text


def test_as_often_as_asked_for() -> None:
    server = Server()
    assert printed(server, 3).count("up 60 s") == 3
    assert server.looks == 4


def test_commands_that_are_not_there_leave_their_part_empty() -> None:
    server = Server(**{"tm.stats": 1, "pool.list": 1, "script.suspended": 1, "stats.fetchn": 1})
    assert "up 60 s" in printed(server, 1)
