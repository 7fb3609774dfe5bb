"""What a message says about the ends of a dialog: tags, contacts, route sets, CSeq numbers (RFC 3261 §12.1)."""

from collections.abc import Callable, Sequence

from luasip.errors import SipError
from luasip.kemi.context import Source
from luasip.modules.dialog.dialog import Leg
from luasip.modules.dialog.nat import reachable
from luasip.sip.message import Message, Request, Response
from luasip.sip.uri import Uri
from luasip.sip.values import NameAddr

IsOwn = Callable[[Uri], bool]


def caller_leg(request: Request, source: Source) -> Leg:
    """The caller as the first INVITE shows it. Raises SipError when From or CSeq cannot be read.

    Its Record-Routes are those of the servers before us, the nearest first.
    """
    routes = _joined(_addresses(request))
    contact = contact_of(request)
    return Leg(
        tag=request.from_.tag,
        contact=contact if routes else reachable(contact, source),
        route_set=routes,
        cseq=request.cseq.number,
        socket=source.listener.text,
    )


def learn_callee(
    leg: Leg, response: Response, source: Source | None, caller_routes: int, is_own: IsOwn
) -> None:
    """Complete the callee from the response that made the dialog.

    Args:
        source: where it came from, None when that is not known.
        caller_routes: how many Record-Routes the INVITE had when it came in.
        is_own: whether a URI is this server's.
    """
    leg.tag = response.to.tag or leg.tag
    leg.contact = contact_of(response) or leg.contact
    leg.route_set = _joined(callee_routes(_addresses(response), caller_routes, is_own))
    if source is not None and not leg.route_set:
        leg.contact = reachable(leg.contact, source)


def callee_routes(recorded: Sequence[NameAddr], caller_routes: int, is_own: IsOwn) -> list[NameAddr]:
    """The servers between us and the callee, the nearest first, from a response's Record-Routes.

    A response lists them from the callee's end: those behind us, our own, those before us.
    """
    for index, address in enumerate(recorded):
        if _is_own(address, is_own):
            return list(reversed(recorded[:index]))
    return list(reversed(recorded[: max(0, len(recorded) - caller_routes)]))


def count_routes(route_set: str) -> int:
    """How many routes a leg's route set has."""
    return len(split_routes(route_set))


def split_routes(route_set: str) -> list[str]:
    """The routes of a leg's route set, each with its angle brackets."""
    found: list[str] = []
    depth, start = 0, 0
    for index, character in enumerate(route_set):
        if character == "<":
            depth += 1
        elif character == ">":
            depth -= 1
        elif character == "," and depth <= 0:
            found.append(route_set[start:index].strip())
            start = index + 1
    found.append(route_set[start:].strip())
    return [route for route in found if route]


def contact_of(message: Message) -> str:
    """The URI of the Contact, "" when there is none that can be read."""
    try:
        contacts = message.contacts
    except SipError:
        return ""
    return contacts[0].uri_text if contacts else ""


def _addresses(message: Message) -> list[NameAddr]:
    try:
        return list(message.record_routes)
    except SipError:
        return []


def _is_own(address: NameAddr, is_own: IsOwn) -> bool:
    try:
        return is_own(address.uri)
    except SipError:
        return False


def _joined(addresses: Sequence[NameAddr]) -> str:
    return ",".join([address.text for address in addresses])
