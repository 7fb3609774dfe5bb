"""The way from the control thread to the pool: calls are carried out there, so that none holds the loop.

A pool that is full, and a command that takes too long, are answered with an error.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from luasip.control import binrpc, json_rpc, xml_rpc
from luasip.control.json_rpc import Answer
from luasip.control.registry import Registry

T = TypeVar("T")

Submit = Callable[[Callable[[], Any], Callable[[Any], object]], bool]
"""Runs a function on a pool and tells its result, or the exception it raised, there; False when the pool is full."""

BUSY, LATE = 503, 504


class Refused(Exception):
    """A call was not carried out, or not in time."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Gate:
    """Carries out documents for the transports. Its coroutines run in the control thread's loop."""

    def __init__(
        self, registry: Registry, submit: Submit, deadline: Callable[[], float], *, pretty: bool = True
    ) -> None:
        """`deadline` says how many seconds a command may take."""
        self.registry = registry
        self._submit = submit
        self.deadline = deadline
        self._pretty = pretty

    async def json(self, data: bytes, *, pretty: bool | None = None) -> tuple[Answer, str]:
        """The answer to a JSON-RPC document, and the reply FIFO it names."""
        pretty = self._pretty if pretty is None else pretty
        document = json_rpc.read(data)
        try:
            answer = await self.run(lambda: json_rpc.carry_out(self.registry, document, pretty=pretty))
        except Refused as refused:
            answer = json_rpc.refuse(document, refused.code, refused.message, pretty=pretty)
        return answer, document.reply_name

    async def xml(self, data: bytes) -> str:
        """The answer to an XML-RPC document."""
        try:
            return await self.run(lambda: xml_rpc.carry_out(self.registry, data))
        except Refused as refused:
            return xml_rpc.fault(refused.code, refused.message)

    async def binrpc(self, data: bytes) -> bytes:
        """The answer to a packet of binrpc."""
        try:
            return await self.run(lambda: binrpc.carry_out(self.registry, data))
        except Refused as refused:
            return binrpc.fault(data, refused.code, refused.message)

    async def json_line(self, data: bytes) -> bytes:
        """The answer to a JSON-RPC document on a line of its own, b"" when nobody waits for one."""
        answer, _ = await self.json(data, pretty=False)
        return answer.text.encode("utf-8") + b"\n" if answer.text else b""

    async def run(self, function: Callable[[], T]) -> T:
        """The result of `function()`, run on the pool. Raises Refused, and what the function raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: Any) -> None:
            if future.done():
                return
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)

        def done(result: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(settle, result)

        if not self._submit(function, done):
            raise Refused(BUSY, "too many commands are running: try again")
        seconds = self.deadline()
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            raise Refused(LATE, f"the command takes longer than {seconds:g} s and goes on") from None
