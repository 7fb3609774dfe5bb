"""xlog: log records with pseudo-variables."""

import logging

import pytest

from luasip.kemi.log_levels import NOTICE
from luasip.modules.xlog import Xlog, level_number
from tests.bench import exported
from tests.kemi.variables_bench import VariablesBench


@pytest.fixture
def module(caplog: pytest.LogCaptureFixture) -> tuple[VariablesBench, Xlog]:
    caplog.set_level(logging.DEBUG, "luasip.script")
    bench = VariablesBench()
    return bench, Xlog(Xlog.Settings(), bench.services)


@pytest.mark.parametrize(
    ("function", "level"),
    [
        ("xdbg", logging.DEBUG),
        ("xinfo", logging.INFO),
        ("xnotice", NOTICE),
        ("xwarn", logging.WARNING),
        ("xerr", logging.ERROR),
        ("xcrit", logging.CRITICAL),
        ("xalert", logging.CRITICAL),
    ],
)
def test_levels(
    module: tuple[VariablesBench, Xlog], function: str, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    bench, xlog = module
    assert exported(xlog)[function](bench.ctx, "$rm from $fU to $avp(none) 100%s\r\n") == 1
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (level, "INVITE from alice to <null> 100%s")
    ]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("L_DBG", logging.DEBUG),
        ("L_INFO", logging.INFO),
        ("l_info", logging.INFO),
        ("INFO", logging.INFO),
        ("L_NOTICE", NOTICE),
        ("L_WARN", logging.WARNING),
        ("L_ERR", logging.ERROR),
        ("L_CRIT", logging.CRITICAL),
        ("L_ALERT", logging.CRITICAL),
        ("L_BUG", logging.CRITICAL),
        ("3", logging.DEBUG),
        ("2", logging.INFO),
        ("1", NOTICE),
        ("0", logging.WARNING),
        ("-1", logging.ERROR),
        ("-2", logging.CRITICAL),
        ("-5", logging.CRITICAL),
        ("", logging.ERROR),
        ("L_", logging.ERROR),
        ("zzz", logging.ERROR),
        ("-", logging.ERROR),
    ],
)
def test_level_names(text: str, level: int) -> None:
    assert level_number(text) == level


def test_named_level(module: tuple[VariablesBench, Xlog], caplog: pytest.LogCaptureFixture) -> None:
    bench, xlog = module
    assert xlog.xlog(bench.ctx, "L_INFO", "a $ci") == 1
    assert xlog.xlog_facility(bench.ctx, "LOG_LOCAL1", "L_ERR", "b") == 1
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (logging.INFO, "a call1@127.0.0.2"),
        (logging.ERROR, "b"),
    ]


def test_prefix_and_length(module: tuple[VariablesBench, Xlog], caplog: pytest.LogCaptureFixture) -> None:
    bench, _ = module
    xlog = Xlog(Xlog.Settings(prefix="<$rm> ", buf_size=12), bench.services)
    xlog.xinfo(bench.ctx, "0123456789")
    assert caplog.messages == ["<INVITE> 012"]


def test_nothing_is_expanded_for_a_level_that_is_off(
    module: tuple[VariablesBench, Xlog], caplog: pytest.LogCaptureFixture
) -> None:
    bench, xlog = module
    caplog.set_level(logging.WARNING, "luasip.script")
    assert xlog.xinfo(bench.ctx, "$shvinc(n)") == 1
    assert bench.get("$shv(n)") == 0
    assert not caplog.records
