"""A script that tracks dialogs, and calls through it."""

from typing import Any

from luasip.modules.dialog import DialogModule
from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
function ksr_request_route()
    if KSR.siputils.has_totag() > 0 then
        KSR.rr.loose_route()
        heard("in " .. KSR.pv.get("$rm"))
        KSR.tm.t_relay()
        return
    end
    if KSR.is_CANCEL() then
        KSR.tm.t_relay()
        return
    end
    KSR.rr.record_route()
    if begin then begin() else KSR.dialog.dlg_manage() end
    KSR.tm.t_on_reply("on_reply")
    KSR.tm.t_on_failure("on_failure")
    KSR.tm.t_relay()
end

function on_reply()
    heard("reply " .. KSR.pv.get("$rs"))
end

function on_failure()
    heard("failure")
end

function ksr_dialog_event(event)
    heard(event .. " " .. KSR.pv.get("$rm") .. " " .. KSR.pv.gete("$rs"))
end

function heard(what)
    KSR.info(what .. " " .. KSR.pv.gete("$dlg(state)") .. KSR.dialog.var_gete("note"))
end
"""

SETTINGS = """
[modules.dialog]
event_callback = "ksr_dialog_event"
profiles_with_value = "caller"
profiles_no_value = "all"
"""


def dialog_module(scene: Scene) -> DialogModule:
    """The dialog module of the scene's server."""
    (found,) = [module for module in scene.server.services.modules if isinstance(module, DialogModule)]
    return found


class Call:
    """A call from `caller` to `callee`, which the server sends to the callee's address."""

    def __init__(self, scene: Scene, caller: Phone, callee: Phone, call_id: str = "call-1") -> None:
        self.scene = scene
        self.caller = caller
        self.callee = callee
        self.call_id = call_id
        self.invite = ""
        self.received: Request
        self.answer: Any = None
        self.cseqs = {caller.name: 1, callee.name: 0}

    def start(self, *headers: str, **fields: Any) -> "Call":
        """Send the INVITE."""
        self.invite = self.caller.request(
            "INVITE",
            f"sip:{self.callee.name}@{self.callee.host}",
            *headers,
            call_id=self.call_id,
            to=f"sip:{self.callee.name}@example.com",
            **fields,
        )
        self.caller.send(self.invite)
        [self.received] = self.callee.requests()
        return self

    def respond(self, status: int, *headers: str, **fields: Any) -> "Call":
        """The callee answers the INVITE; the caller acknowledges a failure."""
        self.callee.answer(self.received, status, "X", *headers, **fields)
        final = [m for m in self.caller.unread if not isinstance(m, Request) and m.status == status]
        self.caller.statuses()
        if status >= 200 and final:
            self.answer = final[-1]
            if status >= 300:
                self.acknowledge()
        return self

    def acknowledge(self) -> "Call":
        """The caller sends ACK."""
        self.caller.send(self.caller.ack(self.invite, self.answer, self.callee.uri))
        self.callee.requests()
        return self

    def connect(self) -> "Call":
        """A whole set-up."""
        return self.start().respond(180).respond(200).acknowledge()

    def request(self, method: str, by: Phone | None = None, *headers: str, **fields: Any) -> Request:
        """A request within the dialog, as the other end gets it; it answers 200."""
        sender = by or self.caller
        other = self.callee if sender is self.caller else self.caller
        sender.send(self.within(method, sender, *headers, **fields))
        [received] = other.requests()
        if method != "ACK":
            other.answer(received, 200, "OK")
            sender.statuses()
        return received

    def within(self, method: str, sender: Phone, *headers: str, **fields: Any) -> str:
        """The text of a request within the dialog."""
        by_caller = sender is self.caller
        other = self.callee if by_caller else self.caller
        recorded = self.answer.record_routes
        routes = [f"Route: {route.text}" for route in (reversed(recorded) if by_caller else recorded)]
        self.cseqs[sender.name] += 1
        return sender.request(
            method,
            other.uri,
            *routes,
            *headers,
            call_id=self.call_id,
            cseq=self.cseqs[sender.name],
            from_tag=self.tag(sender),
            from_uri=f"sip:{sender.name}@example.com",
            to=f"sip:{other.name}@example.com",
            to_tag=self.tag(other),
            **fields,
        )

    def tag(self, phone: Phone) -> str:
        """The tag of one end."""
        return f"{phone.name}-tag" if phone is self.caller else str(self.answer.to.tag)
