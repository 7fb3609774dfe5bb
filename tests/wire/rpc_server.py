"""A JSON-RPC server over TCP with netstrings, as a process of its own: rpc_server.py PORT NAME.

"who" gives the server's name; "slow" waits as many seconds as its first parameter says, then does the same;
"fail" gives an error.
"""

import asyncio
import json
import sys
from typing import Any


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readuntil(b":")
    payload = await reader.readexactly(int(length[:-1]))
    await reader.readexactly(1)
    return payload


async def answer(message: dict[str, Any], name: str, writer: asyncio.StreamWriter) -> None:
    if message["method"] == "slow":
        await asyncio.sleep(message["params"][0])
    outcome: dict[str, Any] = {"result": {"name": name}}
    if message["method"] == "fail":
        outcome = {"error": {"code": -32000, "message": "it failed"}}
    text = json.dumps({"jsonrpc": "2.0", "id": message["id"], **outcome}).encode()
    writer.write(b"%d:%b," % (len(text), text))


async def serve(name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    tasks: set[asyncio.Task[None]] = set()
    try:
        while True:
            message = json.loads(await read_frame(reader))
            if "id" in message:
                tasks.add(asyncio.ensure_future(answer(message, name, writer)))
    except asyncio.IncompleteReadError:
        writer.close()


async def main(port: int, name: str) -> None:
    server = await asyncio.start_server(lambda r, w: serve(name, r, w), "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
