"""Documents nested without measure are answered like any other faulty one. They once ended the handler."""

import json
import xmlrpc.client

import pytest

from luasip.control import json_rpc, xml_rpc
from luasip.control.registry import Registry


@pytest.mark.parametrize("depth", [150, 400, 2000, 100_000])
def test_json_rpc(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    document = json_rpc.read(f'{{"jsonrpc": "2.0", "method": "x", "id": 1, "params": {nested}}}'.encode())
    answer = json.loads(json_rpc.carry_out(Registry(), document).text)
    assert answer["error"]["code"] in (json_rpc.INVALID_REQUEST, json_rpc.PARSE_ERROR)


@pytest.mark.parametrize("depth", [400, 2000])
def test_xml_rpc(depth: int) -> None:
    begin, end = "<value><array><data>" * depth, "</data></array></value>" * depth
    text = f"<methodCall><methodName>x</methodName><params><param>{begin}{end}</param></params></methodCall>"
    with pytest.raises(xmlrpc.client.Fault):
        xmlrpc.client.loads(xml_rpc.carry_out(Registry(), text.encode()))
