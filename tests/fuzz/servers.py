"""Fuzz targets that need a whole server: one in memory and in virtual time, kept from input to input.

The script is lua/default.lua with calls added that read and rewrite what an attacker writes. Whatever comes, no
callback may end with an error and nothing may be left over.
"""

import logging
from functools import cache
from pathlib import Path

from luasip.errors import LuaSIPError
from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Route
from luasip.sip.message import Request
from luasip.sip.parser import parse_message
from tests.bench import INVITE
from tests.scenarios.scene import Phone, Scene

ROOT = Path(__file__).resolve().parents[2]

READS = """
local default_route = ksr_request_route
function ksr_request_route()
  for _, name in ipairs({
    "$ru", "$rU", "$rd", "$rp", "$rP", "$fu", "$fU", "$fd", "$fn", "$ft", "$tu", "$tU", "$td", "$tt", "$ci", "$cs",
    "$ct", "$ua", "$rb", "$cl", "$cT", "$hdr(Route)", "$hdrc(Via)", "$(hdr(Via)[-1])", "$adu", "$ai", "$au", "$ar",
    "$aU", "$ad", "$pd", "$pu", "$pU", "$di", "$dic", "$dir", "$re", "$rs", "$rt", "$rm", "$mb", "$ml", "$ou",
    "$(ct{nameaddr.uri})", "$(ct{tobody.user})", "$(ru{uri.params})", "$(ru{param.value,lr})", "$(rb{line.count})",
    "$(ua{s.encode.hexa})", "$(fu{uri.saor})", "$(rb{json.parse,a})", "$via0(host)", "$rr_count", "$TV(s)", "$siz",
  }) do KSR.pv.get(name) end
  KSR.siputils.is_first_hop()
  KSR.nathelper.nat_uac_test(31)
  KSR.textops.has_body_type("application/sdp")
  KSR.textops.search_append("^User-Agent", "x")
  KSR.textopsx.msg_apply_changes()
  KSR.hdr.append("X-Fuzz: yes\\r\\n")
  default_route()
end
function ksr_reply_route() KSR.pv.get("$(ct{nameaddr.uri})") KSR.nathelper.fix_nated_contact() end
"""
SETTINGS = "[modules.nathelper]\n[modules.pike]\nreqs_density_per_unit = 1000000\n"

FAULTS = ("luasip.timers", "luasip.worker", "luasip.script")
"""Loggers that say at level error only what must not happen."""

BETWEEN = b"\n---\n"
"""Between the messages of one input."""
VIA = b"{via}"
"""In an input: the newest Via value the second phone was sent, so that a response finds its transaction."""


class Served:
    """The server and two phones, of which the second is registered."""

    def __init__(self) -> None:
        script = (ROOT / "lua/default.lua").read_text("utf-8") + READS
        self.scene = Scene(script, SETTINGS)
        self.scene.log.setLevel(logging.ERROR)
        logging.getLogger("luasip").setLevel(logging.ERROR)
        self.alice: Phone = self.scene.phone("alice")
        self.bob: Phone = self.scene.phone("bob")

    def feed(self, messages: list[bytes]) -> None:
        """Let the phones send in turn, then let time pass until all is over; nothing may be left."""
        register = self.bob.request("REGISTER", "sip:example.com", to="sip:bob@example.com")
        self.bob.send(register, to="udp:10.0.0.1:5060")
        for number, message in enumerate(messages[:8]):
            phone = self.bob if VIA in message else self.alice
            phone.send(message.replace(VIA, self._via()))
            self.scene.advance(0.3 * number)
        self.scene.advance(400.0)
        self._check()
        for phone in (self.alice, self.bob):
            phone.received.clear()

    def _via(self) -> bytes:
        requests = [message for message in self.bob.messages if isinstance(message, Request)]
        return requests[-1].top_via.text.encode("latin-1") if requests else b"SIP/2.0/UDP h;branch=z9hG4bKx"

    def _check(self) -> None:
        raised = [record for record in self.scene.log.records if record.exc_info or record.name in FAULTS]
        self.scene.log.records.clear()
        server = self.scene.server
        assert not raised, [record.getMessage() for record in raised]
        assert self.scene.statistic("core:internal_errors") == 0
        assert self.scene.statistic("script:errors") == 0
        assert len(server.layer.table) == 0
        assert server.execution.suspended == []


@cache
def served() -> Served:
    """The server of this process."""
    return Served()


def end() -> None:
    """Stop the server, if it was started, and let log levels be what they were."""
    if served.cache_info().currsize:
        served().scene.close(check=False)
    served.cache_clear()
    _context.cache_clear()


def whole_server(data: bytes) -> None:
    """Messages to a server with the default script, and time passing."""
    served().feed(data.split(BETWEEN))


@cache
def _context() -> RouteContext:
    scene = served().scene
    message = parse_message(INVITE)
    listener = scene.server.sockets.listeners[0]
    source = Source("10.0.0.2", 5060, listener, 0, 1000.0, 1)
    return RouteContext(Route.REQUEST, message, source, scene.server.services)


def variables(data: bytes) -> None:
    """A text with pseudo-variables in it; one notation read and set."""
    text = data.decode("latin-1")
    known = served().scene.server.services.variables
    context = _context()
    try:
        known.expand(context, text)
        value = known.get(context, text)
        if known.can_set(text):
            known.set(context, text, value)
    except LuaSIPError:
        pass
    finally:
        context.edits.clear()
        served().scene.log.records.clear()


def transformations(data: bytes) -> None:
    """A chain of transformations, before the first NUL, of the text behind it."""
    chain, _, text = data.decode("latin-1").partition("\0")
    if "re.subst" in chain:
        return  # a pattern can be made to take for ever; it is the script's own
    known = served().scene.server.services.variables
    context = _context()
    try:
        known.set(context, "$var(fuzz)", text)
        known.get(context, f"$(var(fuzz){chain})")
    except LuaSIPError:
        pass
    finally:
        served().scene.log.records.clear()


SERVERS = {"server": whole_server, "variables": variables, "transformations": transformations}
