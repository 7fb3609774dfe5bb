"""The answer an HTTP callback reads through `$http_…`."""

from dataclasses import dataclass

from luasip.modules.luasip_http.exchange import HttpAnswer, HttpFailure


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came of one query. It is in the context of its callback only."""

    query_id: str
    outcome: HttpAnswer | HttpFailure
    xdata: str | None = None

    @property
    def answer(self) -> HttpAnswer | None:
        """The response, None when there was none."""
        return self.outcome if isinstance(self.outcome, HttpAnswer) else None

    @property
    def error(self) -> str | None:
        """What went wrong, None when there was a response."""
        return self.outcome.message if isinstance(self.outcome, HttpFailure) else None

    @property
    def text(self) -> str:
        """The whole response as text, "" when there was none."""
        answer = self.answer
        if answer is None:
            return ""
        lines = "".join([f"{name}: {value}\r\n" for name, value in answer.headers])
        return f"HTTP/1.1 {answer.status} {answer.reason}\r\n{lines}\r\n{answer.body}"

    def milliseconds(self, name: str) -> int | None:
        """How long a part of the exchange took: "total" or "starttransfer"; None for others."""
        answer = self.answer
        if answer is None:
            return None
        times = {"total": answer.total_time, "starttransfer": answer.first_byte_after}
        return round(times[name] * 1000) if name in times else None
