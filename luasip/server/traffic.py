"""What went through the sockets: requests by method, responses by class, and what went more than once.

Counted where it passes, so each count is one addition under a lock. Whatever a peer makes up as a method counts as
"other": the number of counts does not depend on what is sent.
"""

from typing import Final

from luasip.kemi.lock import new_lock

METHODS: Final = (
    *("ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "PUBLISH", "REFER"),
    *("REGISTER", "SUBSCRIBE", "UPDATE"),
)
"""The methods that are told apart."""
OTHER: Final = "other"
CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx", "6xx")

_STATUS_LINE: Final = "SIP/2.0 "
_REQUEST_LINE_END: Final = " SIP/2.0"
_CLASS_OF: Final = {name[0]: name for name in CLASSES}


class Traffic:
    """Counts since the start; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._requests_received = dict.fromkeys((*METHODS, OTHER), 0)
        self._requests_sent = dict(self._requests_received)
        self._responses_received = dict.fromkeys(CLASSES, 0)
        self._responses_sent = dict(self._responses_received)
        self._repeated = dict.fromkeys(
            [(direction, kind) for direction in ("received", "sent") for kind in ("request", "response")], 0
        )

    def received_request(self, method: str) -> None:
        """A request came."""
        counts = self._requests_received
        if method not in counts:
            method = OTHER
        with self._lock:
            counts[method] += 1

    def received_response(self, status: int) -> None:
        """A response with a status of 100 to 699 came."""
        name = CLASSES[status // 100 - 1]
        with self._lock:
            self._responses_received[name] += 1

    def sent(self, text: str) -> None:
        """A message left; `text` is its wire text. What is no SIP, answers of HTTP or pings, does not count."""
        if text.startswith(_STATUS_LINE):
            counts, name = self._responses_sent, _CLASS_OF.get(text[8:9], "")
        else:
            counts, name = self._requests_sent, text[: text.find(" ")]
            if name not in counts:
                name = OTHER if text.partition("\r\n")[0].endswith(_REQUEST_LINE_END) else ""
        if name:
            with self._lock:
                counts[name] += 1

    def repeated(self, direction: str, kind: str) -> None:
        """A message went again. direction: "received" or "sent"; kind: "request" or "response"."""
        with self._lock:
            self._repeated[direction, kind] += 1

    def requests(self) -> dict[str, dict[str, int]]:
        """Direction → method → how many."""
        with self._lock:
            return {"received": dict(self._requests_received), "sent": dict(self._requests_sent)}

    def responses(self) -> dict[str, dict[str, int]]:
        """Direction → class → how many."""
        with self._lock:
            return {"received": dict(self._responses_received), "sent": dict(self._responses_sent)}

    def repetitions(self) -> dict[tuple[str, str], int]:
        """(direction, kind) → how many messages went again."""
        with self._lock:
            return dict(self._repeated)

    def statistics(self) -> dict[str, int]:
        """What was received, by the names of Kamailio's core statistics."""
        with self._lock:
            requests, responses = dict(self._requests_received), dict(self._responses_received)
        found = {"core:rcv_requests": sum(requests.values()), "core:rcv_replies": sum(responses.values())}
        found["core:unsupported_methods"] = requests.pop(OTHER)
        found |= {f"core:rcv_requests_{method.lower()}": count for method, count in requests.items()}
        return found | {f"core:rcv_replies_{name}": count for name, count in responses.items()}
