"""luasip/modules/jsonrpcs.py: documents of scripts, and what is there before and without any."""

from typing import Any

import pytest

from luasip.kemi.operation import POOL_FULL, TIMED_OUT
from luasip.modules.jsonrpcs import Jsonrpcs
from luasip.modules.xhttp import Xhttp
from tests.bench import FakeServices, context, perform, settle


class Commands:
    """Answers every document with itself."""

    def call(self, document: str, pretty: bool) -> tuple[int, str, str]:
        return 200, "OK", f"{document} {pretty}"


def module(**settings: Any) -> Jsonrpcs:
    services: Any = FakeServices(commands=Commands())
    return Jsonrpcs(Jsonrpcs.Settings(**settings), services, Xhttp(Xhttp.Settings(), services))


def test_exec_keeps_what_it_got() -> None:
    jsonrpcs, ctx = module(pretty_format=0), context()
    assert [jsonrpcs.reply(ctx, name, None) for name in ("code", "body")] == [None, None]
    assert jsonrpcs.response(ctx) is None
    assert settle(jsonrpcs.exec(ctx, "{}"), perform) == 1
    assert [jsonrpcs.reply(ctx, name, None) for name in ("code", "text", "body")] == [200, "OK", "{} False"]
    assert jsonrpcs.response(ctx) == "{} False"
    assert jsonrpcs.reply(ctx, "other", None) is None
    assert settle(jsonrpcs.execx(ctx, "[]"), perform) == 1
    assert jsonrpcs.response(ctx) == "[] False"


@pytest.mark.parametrize("outcome", [POOL_FULL, TIMED_OUT])
def test_a_busy_server(outcome: Any) -> None:
    jsonrpcs, ctx = module(), context()
    assert settle(jsonrpcs.exec(ctx, "{}"), lambda operation: outcome) == -1
    assert jsonrpcs.reply(ctx, "code", None) == 503


def test_nothing_to_do() -> None:
    jsonrpcs, ctx = module(), context()
    assert settle(jsonrpcs.exec(ctx, " ")) == -1
    assert settle(jsonrpcs.dispatch(ctx)) == -1
