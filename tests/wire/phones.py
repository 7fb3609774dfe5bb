"""Two pjsua2 phones in a process of their own: register, call, talk, press keys, hang up, unregister.

usage: python -m tests.wire.phones SERVER [PASSWORD]      (its host:port; alice speaks UDP, bob TCP)

Prints what happened as one JSON object. pjsua2 allows one Endpoint a process, so both phones share one; it can
crash a process, so it is not loaded into that of the tests. All callbacks run on this thread, inside
libHandleEvents; an exception in one would end the process, so they only note.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj


class Phone(pj.Account):  # type: ignore[misc]
    """An account that takes every call."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.calls: list[Talk] = []
        self.registration = 0

    def onRegState(self, prm: Any) -> None:
        self.registration = prm.code

    def onIncomingCall(self, prm: Any) -> None:
        call = Talk(self, prm.callId)
        self.calls.append(call)
        for status in (180, 200):
            answer = pj.CallOpParam()
            answer.statusCode = status
            call.answer(answer)


class Talk(pj.Call):  # type: ignore[misc]
    """One end of a call; a tone is played into it, so that RTP flows."""

    def __init__(self, phone: Phone, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone, call_id)
        self.digits = ""
        self.state = ""
        self.statuses: list[int] = []
        self.has_media = False

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        self.state = info.stateText
        self.statuses.append(info.lastStatusCode)

    def onCallMediaState(self, prm: Any) -> None:
        info = self.getInfo()  # named: what it holds dies with it
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.has_media = True
                capture = pj.Endpoint.instance().audDevManager().getCaptureDevMedia()
                capture.startTransmit(self.getAudioMedia(index))

    def onDtmfDigit(self, prm: Any) -> None:
        self.digits += prm.digit

    @property
    def packets(self) -> int:
        """RTP packets received."""
        received: int = self.getStreamStat(0).rtcp.rxStat.pkt
        return received


def endpoint() -> tuple[Any, dict[str, int]]:
    """A started endpoint without threads and sound card, and its transports by name."""
    started = pj.Endpoint()
    started.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    config.medConfig.sndAutoCloseTime = -1  # else the null device may close in the middle of the second call
    started.libInit(config)
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    transports = {
        "udp": started.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport),
        "tcp": started.transportCreate(pj.PJSIP_TRANSPORT_TCP, transport),
    }
    started.libStart()
    started.audDevManager().setNullDev()
    return started, transports


def phone(
    name: str, server: str, protocol: str, transport: int, awake: bool = True, password: str = ""
) -> Phone:
    """A phone that registers at `server`, now if it is awake, and sends everything through it."""
    suffix = ";transport=tcp" if protocol == "tcp" else ""
    config = pj.AccountConfig()
    config.idUri = f"sip:{name}@{server}"
    config.regConfig.registrarUri = f"sip:{server}{suffix}"
    config.regConfig.registerOnAdd = awake
    config.regConfig.timeoutSec = 60
    if password:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", name, 0, password))
    config.sipConfig.proxies.append(f"sip:{server};lr{suffix}")
    config.sipConfig.transportId = transport
    config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    account = Phone(name)
    account.create(config)
    return account


def pump(started: Any, condition: Callable[[], Any], timeout: float = 5.0) -> bool:
    """Handle events until `condition` holds; False when it does not in time."""
    ends_at = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > ends_at:
            return False
        started.libHandleEvents(10)
    return True


def converse(started: Any, caller: Phone, callee: Phone, server: str) -> dict[str, Any]:
    """One call with everything in it."""
    found: dict[str, Any] = {}
    call = Talk(caller)
    caller.calls.append(call)
    parameters = pj.CallOpParam(True)
    parameters.opt.audioCount, parameters.opt.videoCount = 1, 0
    call.makeCall(f"sip:{callee.name}@{server}", parameters)
    ends = lambda: [call, *callee.calls]  # noqa: E731
    found["confirmed"] = pump(
        started, lambda: len(ends()) == 2 and all(e.state == "CONFIRMED" for e in ends())
    )
    if not found["confirmed"]:
        return found
    other = callee.calls[-1]
    # Keys pressed before the streams run are lost in pjsua.
    pump(started, lambda: call.has_media and other.has_media and min(call.packets, other.packets) >= 10)
    call.dialDtmf("12#")
    other.dialDtmf("0*")
    pump(started, lambda: other.digits == "12#" and call.digits == "0*")
    pump(started, lambda: min(call.packets, other.packets) >= 25)
    found["digits"] = [other.digits, call.digits]
    found["packets"] = [call.packets, other.packets]
    call.hangup(pj.CallOpParam())
    found["ended"] = pump(started, lambda: call.state == other.state == "DISCONNECTED")
    found["statuses"] = call.statuses
    caller.calls.clear()
    callee.calls.clear()
    return found


def main(server: str, password: str = "") -> dict[str, Any]:
    """Everything the two phones do; what was seen."""
    started, transports = endpoint()
    found = use_phones(started, transports, server, password)  # the phones must be gone before their library
    started.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)
    return found


def use_phones(started: Any, transports: dict[str, int], server: str, password: str) -> dict[str, Any]:
    """Register, two calls, unregister."""
    alice = phone("alice", server, "udp", transports["udp"], password=password)
    bob = phone("bob", server, "tcp", transports["tcp"], password=password)
    both = (alice, bob)
    found: dict[str, Any] = {}
    pump(started, lambda: all(one.registration for one in both))
    found["registered"] = [one.registration for one in both]
    found["alice calls bob"] = converse(started, alice, bob, server)
    found["bob calls alice"] = converse(started, bob, alice, server)
    for one in both:
        one.registration = 0
        one.setRegistration(False)
    pump(started, lambda: all(one.registration for one in both))
    found["unregistered"] = [one.registration for one in both]
    for one in both:
        one.shutdown()
    return found


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])), flush=True)
