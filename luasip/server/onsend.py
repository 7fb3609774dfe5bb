"""ksr_onsend_route: the script sees every request that is about to be sent, and may keep it from being sent.

As in Kamailio it is asked once for each branch, not for retransmissions, CANCEL and the ACKs made here. Knows nothing
of transactions.
"""

from collections.abc import Generator
from typing import Any

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route
from luasip.kemi.operation import Operation, RunRoute
from luasip.kemi.outgoing import Outgoing, set_outgoing
from luasip.script.steps import State
from luasip.server.execution import Execution
from luasip.transport.packet import Destination


class OnSend:
    """Asks the Lua function `name`, if the script has it."""

    def __init__(self, execution: Execution, name: str) -> None:
        self._execution = execution
        self._name = name

    @property
    def is_there(self) -> bool:
        """Whether the script of the running task has the function."""
        state: State | None = self._execution.runtime
        return state is not None and self._name in state.functions

    def allows(
        self, context: RouteContext, destination: Destination, text: str
    ) -> Generator[Operation, Any, bool]:
        """Whether the request of `context` may leave as the wire text `text`."""
        if not self.is_there:
            return True
        sending = RouteContext(
            Route.ONSEND, context.message, context.source, context.services, context.script_variables
        )
        sending.flags, sending.xflags = context.flags, context.xflags
        sending.lists = context.lists
        sending.target = context.target
        sending.transaction = context.transaction
        sending.branch_index = context.branch_index
        listener = destination.listener
        assert listener is not None
        sent = Outgoing(destination.protocol, destination.host, destination.port, listener, text)
        set_outgoing(sending, sent)
        yield RunRoute(self._name, sending)
        return not sending.dropped
