"""The dialog module over a stand-in for the server."""

from collections.abc import Callable
from typing import Any

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.modules.dialog import DialogModule
from luasip.modules.dialog.settings import DialogSettings
from luasip.modules.pv import Pv
from luasip.modules.rr import Rr
from luasip.sip.message import Response
from luasip.sip.parser import parse_message
from tests.bench import INVITE, FakeServices, context, exported


class FakeTransaction:
    """A transaction as observers see it."""

    def __init__(self, ctx: RouteContext) -> None:
        self.request = ctx.request
        self.method = ctx.request.method
        self.call_id = ctx.request.call_id
        self.notes: dict[str, Any] | None = None
        ctx.transaction = self  # type: ignore[assignment]


class FakeTransactions:
    """Transactions that only note what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, Any]] = []
        self.code = 1
        self.observers: list[Any] = []
        self.created_told: list[Callable[..., None]] = []

    def send_own(self, request: Any, completed: Any = None) -> int:
        self.sent.append((request, completed))
        return self.code

    def observe(self, observer: Any) -> None:
        self.observers.append(observer)

    def on_created(self, told: Callable[..., None]) -> None:
        self.created_told.append(told)


class Bench:
    """One module, the first INVITE of a call, and its answers."""

    def __init__(self, **settings: Any) -> None:
        self.services = FakeServices()
        self.transactions = self.services.transactions = FakeTransactions()
        self.services.variables = PseudoVariables(self.services)
        self.rr = Rr(Rr.Settings(), self.services)
        settings = {"profiles_with_value": "caller ; callee", "profiles_no_value": "all", **settings}
        self.module = DialogModule(DialogSettings(**settings), self.services, self.rr)
        for module in (Pv(Pv.Settings(), self.services), self.module):
            self.services.variables.add(module)
        self.functions = exported(self.module)
        self.module.start()
        self.ctx = self.context(INVITE)

    def context(self, text: str, route: Route = Route.REQUEST) -> RouteContext:
        return context(text, self.services, route)

    def call(self, name: str, *arguments: Any, ctx: RouteContext | None = None) -> Any:
        """A function of KSR.dialog."""
        return self.functions[name](ctx or self.ctx, *arguments)

    def get(self, variable: str, ctx: RouteContext | None = None) -> Any:
        return self.services.variables.get(ctx or self.ctx, variable)

    def set(self, variable: str, value: Any, ctx: RouteContext | None = None) -> bool:
        done: bool = self.services.variables.set(ctx or self.ctx, variable, value)
        return done

    def response(self, status: int, to_tag: str = "to1", contact: str = "sip:bob@127.0.0.9:5064") -> Response:
        """A response of the callee to the INVITE."""
        request = self.ctx.request
        text = (
            f"SIP/2.0 {status} X\r\nVia: {request.top_via.text}\r\nFrom: {request.from_.text}\r\n"
            f"To: {request.to.text};tag={to_tag}\r\nCall-ID: {request.call_id}\r\nCSeq: 7 INVITE\r\n"
            f"Contact: <{contact}>\r\nContent-Length: 0\r\n\r\n"
        )
        found = parse_message(text)
        assert isinstance(found, Response)
        return found

    def answer(self, status: int = 200) -> None:
        """A response goes to the caller."""
        transaction = self.ctx.transaction or FakeTransaction(self.ctx)
        [observer] = self.transactions.observers
        observer.response_sent(transaction, status, self.response(status))

    def connect(self) -> None:
        """dlg_manage, 200, ACK."""
        assert self.call("dlg_manage") == 1
        self.answer()
        self.within("ACK")

    def within(
        self, method: str, *, cseq: int = 7, upstream: bool = False, headers: str = ""
    ) -> RouteContext:
        """A request of the call that dlg_manage has seen."""
        ctx = self.context(later(method, cseq=cseq, upstream=upstream, headers=headers))
        assert self.call("dlg_manage", ctx=ctx) == 1
        return ctx

    @property
    def dialog(self) -> Any:
        """The only dialog."""
        [found] = self.module._table.all()
        return found


def later(
    method: str, *, cseq: int = 7, upstream: bool = False, headers: str = "", to_tag: str = "to1"
) -> str:
    """A request within the call of INVITE."""
    caller, callee = "<sip:alice@example.com>;tag=from1", f"<sip:bob@example.com>;tag={to_tag}"
    sender, receiver = (callee, caller) if upstream else (caller, callee)
    return (
        f"{method} sip:peer@127.0.0.9 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bK{method}{cseq}\r\n"
        f"Max-Forwards: 70\r\nFrom: {sender}\r\nTo: {receiver}\r\nCall-ID: call1@127.0.0.2\r\n"
        f"CSeq: {cseq} {method}\r\n{headers}Content-Length: 0\r\n\r\n"
    )
