"""What went through the sockets: requests by method, responses by class, and what went more than once.

Counted where it passes, so each count is one addition under a lock. Whatever a peer makes up as a method counts as
"other": the number of counts does not depend on what is sent.
"""

from typing import Final

from luasip.lock import new_lock

METHODS: Final = (
    *("ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "PUBLISH", "REFER"),
    *("REGISTER", "SUBSCRIBE", "UPDATE"),
)
"""The methods that are told apart."""
OTHER: Final = "other"
CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx", "6xx")

_STATUS_LINE: Final = "SIP/2.0 "
_REQUEST_LINE_END: Final = " SIP/2.0"
_METHOD_STARTS: Final = tuple(f"{method} " for method in METHODS)


class _Count:
    """One number. Cheaper to add to than an entry of a dict."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Traffic:
    """Counts since the start; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._requests_received = {method: _Count() for method in METHODS}
        self._others_received = self._requests_received[OTHER] = _Count()
        self._requests_sent = [_Count() for _ in (*METHODS, OTHER)]
        self._responses_received = [_Count() for _ in CLASSES]
        self._responses_sent = [_Count() for _ in CLASSES]
        self._repeated = dict.fromkeys(
            [(direction, kind) for direction in ("received", "sent") for kind in ("request", "response")], 0
        )

    def received_request(self, method: str) -> None:
        """A request came."""
        count = self._requests_received.get(method)
        if count is None:
            count = self._others_received
        with self._lock:
            count.value += 1

    def received_response(self, status: int) -> None:
        """A response with a status of 100 to 699 came."""
        count = self._responses_received[status // 100 - 1]
        with self._lock:
            count.value += 1

    def sent(self, text: str) -> None:
        """A message left; `text` is its wire text. What is no SIP, answers of HTTP or pings, does not count."""
        count = self._sent_response(text) if text.startswith(_STATUS_LINE) else self._sent_request(text)
        if count is not None:
            with self._lock:
                count.value += 1

    def _sent_response(self, text: str) -> _Count | None:
        number = ord(text[8]) - ord("1") if len(text) > 8 else -1
        return self._responses_sent[number] if 0 <= number < len(CLASSES) else None

    def _sent_request(self, text: str) -> _Count | None:
        for number, start in enumerate(_METHOD_STARTS):
            if text.startswith(start):
                return self._requests_sent[number]
        return self._requests_sent[-1] if text.partition("\r\n")[0].endswith(_REQUEST_LINE_END) else None

    def repeated(self, direction: str, kind: str) -> None:
        """A message went again. direction: "received" or "sent"; kind: "request" or "response"."""
        with self._lock:
            self._repeated[direction, kind] += 1

    def requests(self) -> dict[str, dict[str, int]]:
        """Direction → method → how many."""
        with self._lock:
            received = {method: count.value for method, count in self._requests_received.items()}
            sent = {method: count.value for method, count in zip(received, self._requests_sent, strict=True)}
        return {"received": received, "sent": sent}

    def responses(self) -> dict[str, dict[str, int]]:
        """Direction → class → how many."""
        with self._lock:
            return {
                "received": _by_class(self._responses_received),
                "sent": _by_class(self._responses_sent),
            }

    def repetitions(self) -> dict[tuple[str, str], int]:
        """(direction, kind) → how many messages went again."""
        with self._lock:
            return dict(self._repeated)

    def statistics(self) -> dict[str, int]:
        """What was received, by the names of Kamailio's core statistics."""
        requests, responses = self.requests()["received"], self.responses()["received"]
        found = {"core:rcv_requests": sum(requests.values()), "core:rcv_replies": sum(responses.values())}
        found["core:unsupported_methods"] = requests.pop(OTHER)
        found |= {f"core:rcv_requests_{method.lower()}": count for method, count in requests.items()}
        return found | {f"core:rcv_replies_{name}": count for name, count in responses.items()}


def _by_class(counts: list[_Count]) -> dict[str, int]:
    return {name: count.value for name, count in zip(CLASSES, counts, strict=True)}
