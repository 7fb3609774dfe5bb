"""xhttp_prom: the functions of counters."""

import logging

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.modules.xhttp_prom.metrics import COUNTER, Labels, Metrics
from luasip.modules.xhttp_prom.numbers import label_values

log = logging.getLogger("luasip.xhttp_prom")


class Counters(Module):
    """The functions of counters."""

    services: Services
    metrics: Metrics

    @function()
    def counter_inc_l0(self, ctx: RouteContext, s_name: str, number: int) -> int:
        """Add to a counter without labels.

        Args:
            s_name: its name.
            number: how much, 0 or more.
        Returns: 1, -1 when the number is below 0, there is no such counter, or a label is empty.
        """
        return self.count(s_name, number, ())

    @function()
    def counter_inc_l1(self, ctx: RouteContext, s_name: str, number: int, l1: str) -> int:
        """Add to a counter with one label.

        Args:
            s_name: its name.
            number: how much, 0 or more.
            l1: value of its label.
        Returns: 1, -1 when the number is below 0, there is no such counter, or a label is empty.
        """
        return self.count(s_name, number, (l1,))

    @function()
    def counter_inc_l2(self, ctx: RouteContext, s_name: str, number: int, l1: str, l2: str) -> int:
        """Add to a counter with two labels.

        Args:
            s_name: its name.
            number: how much, 0 or more.
            l1: value of its first label.
            l2: value of its second label.
        Returns: 1, -1 when the number is below 0, there is no such counter, or a label is empty.
        """
        return self.count(s_name, number, (l1, l2))

    @function()
    def counter_inc_l3(self, ctx: RouteContext, s_name: str, number: int, l1: str, l2: str, l3: str) -> int:
        """Add to a counter with three labels.

        Args:
            s_name: its name.
            number: how much, 0 or more.
            l1: value of its first label.
            l2: value of its second label.
            l3: value of its third label.
        Returns: 1, -1 when the number is below 0, there is no such counter, or a label is empty.
        """
        return self.count(s_name, number, (l1, l2, l3))

    @function()
    def counter_reset_l0(self, ctx: RouteContext, s_name: str) -> int:
        """Set a counter without labels to zero.

        Args:
            s_name: its name.
        Returns: 1, -1 when there is no such counter, or a label is empty.
        """
        return self.reset_counter(s_name, ())

    @function()
    def counter_reset_l1(self, ctx: RouteContext, s_name: str, l1: str) -> int:
        """Set a counter with one label to zero.

        Args:
            s_name: its name.
            l1: value of its label.
        Returns: 1, -1 when there is no such counter, or a label is empty.
        """
        return self.reset_counter(s_name, (l1,))

    @function()
    def counter_reset_l2(self, ctx: RouteContext, s_name: str, l1: str, l2: str) -> int:
        """Set a counter with two labels to zero.

        Args:
            s_name: its name.
            l1: value of its first label.
            l2: value of its second label.
        Returns: 1, -1 when there is no such counter, or a label is empty.
        """
        return self.reset_counter(s_name, (l1, l2))

    @function()
    def counter_reset_l3(self, ctx: RouteContext, s_name: str, l1: str, l2: str, l3: str) -> int:
        """Set a counter with three labels to zero.

        Args:
            s_name: its name.
            l1: value of its first label.
            l2: value of its second label.
            l3: value of its third label.
        Returns: 1, -1 when there is no such counter, or a label is empty.
        """
        return self.reset_counter(s_name, (l1, l2, l3))

    def count(self, name: str, number: int, labels: Labels) -> int:
        """Add to a counter; 1, or -1 for what the log tells."""
        try:
            if number < 0:
                raise ValueError(f"a counter only grows, not by {number}")
            self.metrics.add(COUNTER, name, label_values(labels), number, self.services.now())
        except (LookupError, ValueError) as error:
            log.error("xhttp_prom: %s", error)
            return -1
        return 1

    def reset_counter(self, name: str, labels: Labels) -> int:
        """Set a counter to zero; 1, or -1 for what the log tells."""
        try:
            self.metrics.set(COUNTER, name, label_values(labels), 0.0, self.services.now())
        except (LookupError, ValueError) as error:
            log.error("xhttp_prom: %s", error)
            return -1
        return 1
