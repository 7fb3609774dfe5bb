"""The evapi module: its functions, and the socket on which clients connect.

Sending only queues, on whatever thread a route runs; the streams' thread does the rest. A client's events run on Lua
workers, never on a thread that receives SIP.
"""

import logging
from typing import Final

from luasip.errors import SettingsError, TransportError
from luasip.kemi.byte_streams import ByteListener
from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, function, variable
from luasip.modules.evapi.clients import EVENT, Client, Clients
from luasip.modules.evapi.settings import EvapiSettings
from luasip.modules.netstring import netstring

log = logging.getLogger("luasip.evapi")

LONGEST_TAG: Final = 63


class Evapi(Module):
    """evapi: events to and messages from other programs."""

    name = "evapi"
    Settings = EvapiSettings
    changeable = ("max_clients", "max_message", "max_backlog")

    def __init__(self, settings: EvapiSettings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._clients = Clients(settings, services)
        self._listener: ByteListener | None = None

    def start(self) -> None:
        """Let clients connect. Raises SettingsError when the address cannot be had."""
        if self._settings.event_callback:
            self._clients.workers = [
                self._services.lua_workers(f"evapi-{number}", 1)
                for number in range(max(1, self._settings.workers))
            ]
        host, port = self._settings.address()
        try:
            self._listener = self._services.byte_streams.listen(
                host, port, self._clients, self._settings.max_output
            )
        except TransportError as error:
            raise SettingsError([f"modules.evapi.bind_addr: {error}"]) from None
        log.info("evapi listens on %s:%d", host, self._listener.port)

    def stop(self) -> None:
        """Let no more clients in; those that are there are closed with the streams."""
        self._clients.stop()
        if self._listener is not None:
            self._listener.close()

    # Sending

    @function()
    def relay(self, ctx: RouteContext, sdata: str) -> int:
        """Send a message to every client.

        Args:
            sdata: the message.
        Returns: 1, also when no client is connected; -1 when the message cannot be sent to anybody, as it is larger
            than max_output.
        """
        return self._send(sdata, self._clients.all())

    @function()
    def relay_unicast(self, ctx: RouteContext, sdata: str, stag: str) -> int:
        """Send a message to the first client with a tag.

        Args:
            sdata: the message.
            stag: the tag; "" for the first client of all.
        Returns: as relay.
        """
        return self._send(sdata, self._tagged(stag)[:1])

    @function()
    def relay_multicast(self, ctx: RouteContext, sdata: str, stag: str) -> int:
        """Send a message to every client with a tag.

        Args:
            sdata: the message.
            stag: the tag; "" for all clients.
        Returns: as relay.
        """
        return self._send(sdata, self._tagged(stag))

    @function()
    def async_relay(self, ctx: RouteContext, sdata: str) -> int:
        """Suspend the request and send a message to every client; the script must then end.

        A client's answer continues the request, by t_continue in the callback of evapi:message-received. The message
        must name the transaction, $T(id_index) and $T(id_label) after t_newtran. When no answer comes within fr_timer
        the armed failure callback runs with 408.

        Args:
            sdata: the message.
        Returns: 1; -1 when there is no message or the request cannot be suspended; -2, with the request not suspended,
            when no client is connected or the message is larger than max_output.
        """
        return self._send_and_suspend(ctx, sdata, self._clients.all())

    @function()
    def async_unicast(self, ctx: RouteContext, sdata: str, stag: str) -> int:
        """As async_relay, to the first client with a tag.

        Args:
            sdata: the message.
            stag: the tag.
        Returns: as async_relay; -1 also without a tag, -2 also when no client has it.
        """
        return self._send_and_suspend(ctx, sdata, self._tagged(stag)[:1]) if stag else -1

    @function()
    def async_multicast(self, ctx: RouteContext, sdata: str, stag: str) -> int:
        """As async_relay, to every client with a tag.

        Args:
            sdata: the message.
            stag: the tag.
        Returns: as async_relay; -1 also without a tag, -2 also when no client has it.
        """
        return self._send_and_suspend(ctx, sdata, self._tagged(stag)) if stag else -1

    def _tagged(self, tag: str) -> list[Client]:
        return [client for client in self._clients.all() if client.tag == tag or not tag]

    def _framed(self, text: str) -> bytes | None:
        """A message as it is sent; None when it is none, or one that would only get clients closed."""
        data = text.encode("latin-1")
        if self._settings.netstring_format:
            data = netstring(data)
        if len(data) > self._settings.max_output:
            log.error(
                "a message of %d bytes is not sent, max_output is %d", len(data), self._settings.max_output
            )
            return None
        return data or None

    def _send(self, text: str, clients: list[Client]) -> int:
        data = self._framed(text)
        if data is None:
            return -1
        for client in clients:
            if client.connection.send(data):
                self._services.count("evapi:sent")
        return 1

    def _send_and_suspend(self, ctx: RouteContext, text: str, clients: list[Client]) -> int:
        if not text:
            return -1
        data = self._framed(text)
        if data is None or not clients:
            if not clients:
                log.warning("a request is not suspended: no client is connected to answer")
            return -2
        transactions = self._services.transactions
        if transactions.suspend(ctx) < 0:
            return -1
        # After the suspension: the answer may be there before this function returns.
        sent = [client for client in clients if client.connection.send(data)]
        if sent:
            self._services.count("evapi:sent", len(sent))
            return 1
        transactions.take_back(ctx)
        return -2

    # The client of an event

    @function()
    def close(self, ctx: RouteContext) -> int:
        """In an event: close the client's connection.

        Returns: 0 (not 1, as in Kamailio); -1 outside an event, -2 when it is closed already.
        """
        client = _client(ctx)
        if client is None:
            return -1
        return 0 if client.close() else -2

    @function()
    def set_tag(self, ctx: RouteContext, stag: str) -> int:
        """In an event: give the client a tag, in place of the one it has.

        Args:
            stag: the tag, at most 63 characters.
        Returns: 1; -1 outside an event, when the client is gone or the tag is too long.
        """
        client = _client(ctx)
        if client is None or client.is_closing:
            return -1
        if len(stag) > LONGEST_TAG:
            log.error("a tag of %d characters, %d are allowed", len(stag), LONGEST_TAG)
            return -1
        client.tag = stag
        return 1

    @variable("evapi")
    def event_part(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$evapi(name), in an event: srcaddr and srcport of the client, conidx its number, msg the message."""
        event: tuple[Client, str | None] | None = ctx.attributes.get(EVENT)
        if event is None:
            return None
        client, message = event
        parts: dict[str, PvValue] = {
            "srcaddr": client.host,
            "srcport": client.port,
            "conidx": client.index,
            "msg": message,
        }
        return parts.get(inner)


def _client(ctx: RouteContext) -> Client | None:
    event: tuple[Client, str | None] | None = ctx.attributes.get(EVENT)
    return None if event is None else event[0]
