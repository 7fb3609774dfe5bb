"""A script in the style of public KEMI scripts calls every function they use; each call's effect is checked."""

import re
from pathlib import Path
from typing import Any

import pytest

from luasip.modules import MODULES
from luasip.sip.message import Response
from tests.scenarios.scene import Phone, Scene

SCRIPT = Path(__file__).with_name("usage.lua").read_text("utf-8")

SETTINGS = """
[define]
GATEWAY = "sip:192.0.2.9"
WITH_IT = true
[modules.htable]
htable = ["cache=>size=4;", "counted=>size=4;initval=0;"]
[modules.pike]
sampling_time_unit = 2
reqs_density_per_unit = 4
"""
