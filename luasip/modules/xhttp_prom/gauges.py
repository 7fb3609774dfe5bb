"""xhttp_prom: the functions of gauges."""

import logging

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.modules.xhttp_prom.metrics import GAUGE, Labels, Metrics
from luasip.modules.xhttp_prom.numbers import label_values, to_number

log = logging.getLogger("luasip.xhttp_prom")


class Gauges(Module):
    """The functions of gauges."""

    services: Services
    metrics: Metrics

    @function()
    def gauge_set_l0(self, ctx: RouteContext, s_name: str, s_number: str) -> int:
        """Set a gauge without labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
        Returns: 1, -1 when the text is no number, there is no such gauge, or a label is empty.
        """
        return self.set_gauge(s_name, s_number, ())

    @function()
    def gauge_set_l1(self, ctx: RouteContext, s_name: str, s_number: str, l1: str) -> int:
        """Set a gauge with one label.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its label.
        Returns: 1, -1 when the text is no number, there is no such gauge, or a label is empty.
        """
        return self.set_gauge(s_name, s_number, (l1,))

    @function()
    def gauge_set_l2(self, ctx: RouteContext, s_name: str, s_number: str, l1: str, l2: str) -> int:
        """Set a gauge with two labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its first label.
            l2: value of its second label.
        Returns: 1, -1 when the text is no number, there is no such gauge, or a label is empty.
        """
        return self.set_gauge(s_name, s_number, (l1, l2))

    @function()
    def gauge_set_l3(self, ctx: RouteContext, s_name: str, s_number: str, l1: str, l2: str, l3: str) -> int:
        """Set a gauge with three labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its first label.
            l2: value of its second label.
            l3: value of its third label.
        Returns: 1, -1 when the text is no number, there is no such gauge, or a label is empty.
        """
        return self.set_gauge(s_name, s_number, (l1, l2, l3))

    @function()
    def gauge_inc_l0(self, ctx: RouteContext, s_name: str, s_number: str) -> int:
        """Add to a gauge without labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
        Returns: 1, -1 when the text is no number, there is no such gauge, or a label is empty.
        """
        return self.add_to_gauge(s_name, s_number, ())

    @function()
    def gauge_inc_l1(self, ctx: RouteContext, s_name: str, s_number: str, l1: str) -> int:
        """Add to a gauge with one label.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its label.
        Returns: 1, -1 when the text is no number, there is no such gauge, or a label is empty.
        """
        return self.add_to_gauge(s_name, s_number, (l1,))

    @function()
    def gauge_inc_l2(self, ctx: RouteContext, s_name: str, s_number: str, l1: str, l2: str) -> int:
        """Add to a gauge with two labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its first label.
            l2: value of its second label.
        Returns: 1, -1 when the text is no number, there is no such gauge, or a label is empty.
        """
        return self.add_to_gauge(s_name, s_number, (l1, l2))

    @function()
    def gauge_inc_l3(self, ctx: RouteContext, s_name: str, s_number: str, l1: str, l2: str, l3: str) -> int:
        """Add to a gauge with three labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its first label.
            l2: value of its second label.
            l3: value of its third label.
        Returns: 1, -1 when the text is no number, there is no such gauge, or a label is empty.
        """
        return self.add_to_gauge(s_name, s_number, (l1, l2, l3))

    @function()
    def gauge_reset_l0(self, ctx: RouteContext, s_name: str) -> int:
        """Set a gauge without labels to zero.

        Args:
            s_name: its name.
        Returns: 1, -1 when there is no such gauge, or a label is empty.
        """
        return self.reset_gauge(s_name, ())

    @function()
    def gauge_reset_l1(self, ctx: RouteContext, s_name: str, l1: str) -> int:
        """Set a gauge with one label to zero.

        Args:
            s_name: its name.
            l1: value of its label.
        Returns: 1, -1 when there is no such gauge, or a label is empty.
        """
        return self.reset_gauge(s_name, (l1,))

    @function()
    def gauge_reset_l2(self, ctx: RouteContext, s_name: str, l1: str, l2: str) -> int:
        """Set a gauge with two labels to zero.

        Args:
            s_name: its name.
            l1: value of its first label.
            l2: value of its second label.
        Returns: 1, -1 when there is no such gauge, or a label is empty.
        """
        return self.reset_gauge(s_name, (l1, l2))

    @function()
    def gauge_reset_l3(self, ctx: RouteContext, s_name: str, l1: str, l2: str, l3: str) -> int:
        """Set a gauge with three labels to zero.

        Args:
            s_name: its name.
            l1: value of its first label.
            l2: value of its second label.
            l3: value of its third label.
        Returns: 1, -1 when there is no such gauge, or a label is empty.
        """
        return self.reset_gauge(s_name, (l1, l2, l3))

    def set_gauge(self, name: str, number: str, labels: Labels) -> int:
        """Set a gauge; 1, or -1 for what the log tells."""
        try:
            self.metrics.set(GAUGE, name, label_values(labels), to_number(number), self.services.now())
        except (LookupError, ValueError) as error:
            log.error("xhttp_prom: %s", error)
            return -1
        return 1

    def add_to_gauge(self, name: str, number: str, labels: Labels) -> int:
        """Add to a gauge; 1, or -1 for what the log tells."""
        try:
            self.metrics.add(GAUGE, name, label_values(labels), to_number(number), self.services.now())
        except (LookupError, ValueError) as error:
            log.error("xhttp_prom: %s", error)
            return -1
        return 1

    def reset_gauge(self, name: str, labels: Labels) -> int:
        """Set a gauge to zero; 1, or -1 for what the log tells."""
        return self.set_gauge(name, "0", labels)
