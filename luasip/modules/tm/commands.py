"""tm.*: RPC commands about transactions, and requests sent by command."""

import threading
from typing import Any, Final

from luasip.errors import CommandError, SipError
from luasip.kemi.context import Services
from luasip.kemi.declare import command
from luasip.kemi.transactions import OwnRequest, Transaction
from luasip.sip.message import Response
from luasip.sip.parser import parse_message
from luasip.sip.uri import parse_uri

CLASSES: Final = ("2xx", "3xx", "4xx", "5xx", "6xx")
LONGEST_WAIT: Final = 9.0
"""Seconds a command waits for a final response when its pool has no shorter deadline."""

_ABSENT: Final = (".", "")
"""What Kamailio's clients give for a parameter they leave out."""


class TransactionCommands:
    """The commands; part of the tm module."""

    _services: Services

    @command("tm.stats")
    def stats(self) -> dict[str, int]:
        """Transactions that are there, that wait for the end of their time, in all; responses by kind and class."""
        known = self._services.all_statistics()

        def value(name: str) -> int:
            return known.get(name, 0)

        there = self._services.transactions.all()
        local, total = value("tmx:UAC_transactions"), value("tmx:UAS_transactions")
        answered = value("tm:answered")
        generated, relayed = value("tmx:rpl_generated"), value("tmx:rpl_relayed")
        return {
            "current": len(there) + answered,
            "waiting": sum(transaction.final_sent for transaction in there) + answered,
            "total": total + local,
            "total_local": local,
            "rpl_received": value("core:rcv_replies"),
            "rpl_generated": generated,
            "rpl_sent": generated + relayed,
            **{name: value(f"tmx:{name}_transactions") for name in reversed(CLASSES)},
            "created": total + local,
            "freed": total + local - len(there),
            "delayed_free": 0,
        }

    @command("tm.list")
    def list_transactions(self, most: int = 1000) -> list[dict[str, Any]]:
        """The transactions that are there.

        Args:
            most: how many are shown.
        """
        return [_shown(transaction) for transaction in self._services.transactions.all()[: max(most, 0)]]

    @command("tm.cancel")
    def cancel(self, call_id: str, cseq: str) -> None:
        """Cancel an INVITE, as if its caller had.

        Args:
            call_id: its Call-ID.
            cseq: its CSeq number.
        """
        self._services.transactions.cancel(self._find(call_id, cseq, 400))

    @command("tm.reply_callid")
    def reply_to_call_id(
        self,
        code: int,
        reason: str,
        call_id: str,
        cseq: str,
        to_tag: str = "",
        headers: str = "",
        body: str = "",
    ) -> None:
        """Answer the request of a transaction.

        Args:
            code: the status.
            reason: the reason phrase.
            call_id: Call-ID of the request.
            cseq: its CSeq number.
            to_tag: accepted; the transaction's own tag is used.
            headers: further header lines.
            body: the body.
        """
        self._reply(self._find(call_id, cseq), code, reason, headers, body)

    @command("tm.reply")
    def reply_to_id(
        self, code: int, reason: str, trans_id: str, to_tag: str = "", headers: str = "", body: str = ""
    ) -> None:
        """Answer the request of a transaction; as tm.reply_callid.

        Args:
            trans_id: "index:label" of the transaction, as tm.list and $T(id_index) show them.
        """
        index, _, label = trans_id.partition(":")
        found = None
        if index.isdecimal() and label.isdecimal():
            found = self._services.transactions.by_id(int(index), int(label))
        if found is None:
            raise CommandError(404, "Transaction not found")
        self._reply(found, code, reason, headers, body)

    @command("tm.t_uac_start")
    def uac_start(
        self,
        method: str,
        request_uri: str,
        next_hop: str = "",
        socket: str = "",
        headers: str = "",
        body: str = "",
    ) -> None:
        """Send a request and forget its answer; the parameters are those of tm.t_uac_wait."""
        self._send(_own_request(self._services, method, request_uri, next_hop, socket, headers, body), None)

    @command("tm.t_uac_wait")
    def uac_wait(
        self,
        method: str,
        request_uri: str,
        next_hop: str = "",
        socket: str = "",
        headers: str = "",
        body: str = "",
    ) -> list[Any]:
        """Send a request and wait for its final response.

        Args:
            method: the method.
            request_uri: Request-URI.
            next_hop: URI it is sent to; "." or "" for the Request-URI.
            socket: "udp:address:port" it is sent from; "." or "" for any.
            headers: header lines; From and To are made from the Request-URI when they are not among them.
            body: the body; "." or "" for none.
        Returns: status, reason, three texts that are empty, and the response's header lines and body.
        """
        request = _own_request(self._services, method, request_uri, next_hop, socket, headers, body)
        status, response = self._send_and_wait(request)
        if response is None:
            return [status, _REASONS.get(status, "Not sent"), "", "", "", ""]
        return [status, response.reason, "", "", "", response.text.partition("\r\n")[2]]

    @command("tm.t_uac_wait_block")
    def uac_wait_block(
        self,
        method: str,
        request_uri: str,
        next_hop: str = "",
        socket: str = "",
        headers: str = "",
        body: str = "",
    ) -> dict[str, Any]:
        """As tm.t_uac_wait, with code and text in the result."""
        code, text, *_ = self.uac_wait(method, request_uri, next_hop, socket, headers, body)
        return {"code": code, "text": text}

    def _find(self, call_id: str, cseq: str, refusal: int = 404) -> Transaction:
        found = self._services.transactions.by_call_id(call_id, cseq)
        if found is None:
            raise CommandError(refusal, "Transaction not found")
        return found

    def _reply(self, transaction: Transaction, code: int, reason: str, headers: str, body: str) -> None:
        if not 100 <= code <= 699 or any(end in reason for end in "\r\n"):
            raise CommandError(400, f"{code} {reason!r} is no status line")
        lines = "" if headers in _ABSENT else headers.rstrip("\r\n") + "\r\n"
        text = "" if body in _ABSENT else body
        if not self._services.transactions.reply(transaction, code, reason, lines, text):
            raise CommandError(500, "Reply failed")

    def _send(self, request: OwnRequest, completed: Any) -> None:
        if self._services.transactions.send_own(request, completed) < 0:
            raise CommandError(500, "the request cannot be built: look at method, Request-URI and headers")

    def _send_and_wait(self, request: OwnRequest) -> tuple[int, Response | None]:
        ended = threading.Event()
        results: list[tuple[int, Response | None]] = []

        def completed(status: int, response: Response | None) -> None:
            results.append((status, response))
            ended.set()

        self._send(request, completed)
        if not ended.wait(min(LONGEST_WAIT, self._services.pool_deadline("control") * 0.9)):
            raise CommandError(408, "no final response yet; the transaction goes on")
        return results[0]


_REASONS: Final = {408: "Request Timeout", 503: "Service Unavailable"}


def _own_request(
    services: Services, method: str, request_uri: str, next_hop: str, socket: str, headers: str, body: str
) -> OwnRequest:
    """The request of a command's parameters. Raises CommandError 400 naming what cannot be read."""
    for uri in (request_uri, *([] if next_hop in _ABSENT else [next_hop])):
        try:
            parse_uri(uri)
        except SipError as error:
            raise CommandError(400, f"{uri!r}: {error.reason}") from None
    lines = "" if headers in _ABSENT else headers.rstrip("\r\n") + "\r\n"
    try:
        given = parse_message(f"{method} {request_uri} SIP/2.0\r\n{lines}\r\n")
    except SipError as error:
        raise CommandError(400, f"Invalid headers: {error.reason}") from None
    values = {name: given.first(name) for name in ("from", "to", "call-id", "cseq")}
    found = {name: line.value for name, line in values.items() if line is not None}
    rest = "".join(
        lines_of
        for line in given.headers
        if line.key not in _OURS
        for lines_of in (f"{line.name}: {line.value}\r\n",)
    )
    from_ = found.get("from", f"<{request_uri}>")
    number = found.get("cseq", "10").split()[0]
    return OwnRequest(
        method,
        request_uri,
        from_ if ";tag=" in from_ else f"{from_};tag={services.random_token(12)}",
        found.get("to", f"<{request_uri}>"),
        found.get("call-id", services.random_token(20)),
        int(number) if number.isdecimal() else 10,
        rest,
        "" if body in _ABSENT else body,
        "" if next_hop in _ABSENT else next_hop,
        "" if socket in _ABSENT else socket,
    )


_OURS: Final = frozenset(("from", "to", "call-id", "cseq", "via", "content-length"))


def _shown(transaction: Transaction) -> dict[str, Any]:
    """One transaction with Kamailio's names."""
    request = transaction.request

    def line(name: str) -> str:
        found = request.first(name)
        return "" if found is None else f"{found.name}: {found.value}\r\n"

    return {
        "cell": hex(id(transaction)),
        "tindex": transaction.id_index,
        "tlabel": transaction.id_label,
        "method": request.method,
        "from": line("from"),
        "to": line("to"),
        "callid": line("call-id"),
        "cseq": line("cseq").rstrip("\r\n"),
        "uas_request": "no" if getattr(transaction, "local_request", False) else "yes",
        "tflags": transaction.flags,
        "outgoings": len(transaction.branches),
        "last_status": transaction.last_status,
        "suspended": transaction.suspended,
        "canceled": transaction.canceled,
    }
