"""luasip/server/onsend.py: the script sees what is about to be sent and may keep it."""

from typing import Any

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route
from luasip.server.onsend import OnSend
from luasip.transport.packet import Destination, Listener
from tests.bench import context
from tests.server.stand_in import FakeRuntime, Stage, Waiting, as_runtime

DESTINATION = Destination("udp", "192.0.2.1", 5070, Listener("udp", "127.0.0.1", 5060))


def allows(runtime: FakeRuntime | None, ctx: RouteContext) -> Any:
    """What OnSend answers in a task of this runtime."""
    stage, ended = Stage(), list[Any]()
    on_send = OnSend(stage.execution, "ksr_onsend_route")

    def flow() -> Waiting:
        return (yield from on_send.allows(ctx, DESTINATION, "INVITE …"))

    stage.execution.start(None if runtime is None else as_runtime(runtime), flow(), ended.append)
    assert stage.execution.suspended == []
    return ended[0]


@pytest.mark.parametrize("runtime", [None, FakeRuntime(), FakeRuntime(other=lambda ctx: None)])
def test_everything_leaves_when_the_script_does_not_care(runtime: FakeRuntime | None) -> None:
    assert allows(runtime, context()) is True


@pytest.mark.parametrize("drops", [True, False])
def test_the_script_decides(drops: bool) -> None:
    seen: list[RouteContext] = []

    def callback(ctx: RouteContext) -> None:
        seen.append(ctx)
        ctx.dropped = drops

    ctx = context()
    ctx.flags, ctx.branch_index = 5, 2
    assert allows(FakeRuntime(ksr_onsend_route=callback), ctx) is not drops
    (sending,) = seen
    assert sending is not ctx
    assert (sending.route, sending.message, sending.flags) == (Route.ONSEND, ctx.message, 5)
    assert (sending.target, sending.lists, sending.branch_index) == (ctx.target, ctx.lists, 2)
    assert not ctx.dropped


def test_a_callback_that_fails_does_not_hold_the_request() -> None:
    def callback(ctx: RouteContext) -> None:
        raise ValueError("oops")

    assert allows(FakeRuntime(ksr_onsend_route=callback), context()) is True
