"""xhttp_prom: the functions of histograms."""

import logging

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.modules.xhttp_prom.metrics import Labels, Metrics
from luasip.modules.xhttp_prom.numbers import label_values, to_number

log = logging.getLogger("luasip.xhttp_prom")


class Histograms(Module):
    """The functions of histograms."""

    services: Services
    metrics: Metrics

    @function()
    def histogram_observe_l0(self, ctx: RouteContext, s_name: str, s_number: str) -> int:
        """Count a number in a histogram without labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
        Returns: 1, -1 when the text is no number, there is no such histogram, or a label is empty.
        """
        return self.observe(s_name, s_number, ())

    @function()
    def histogram_observe_l1(self, ctx: RouteContext, s_name: str, s_number: str, l1: str) -> int:
        """Count a number in a histogram with one label.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its label.
        Returns: 1, -1 when the text is no number, there is no such histogram, or a label is empty.
        """
        return self.observe(s_name, s_number, (l1,))

    @function()
    def histogram_observe_l2(self, ctx: RouteContext, s_name: str, s_number: str, l1: str, l2: str) -> int:
        """Count a number in a histogram with two labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its first label.
            l2: value of its second label.
        Returns: 1, -1 when the text is no number, there is no such histogram, or a label is empty.
        """
        return self.observe(s_name, s_number, (l1, l2))

    @function()
    def histogram_observe_l3(
        self, ctx: RouteContext, s_name: str, s_number: str, l1: str, l2: str, l3: str
    ) -> int:
        """Count a number in a histogram with three labels.

        Args:
            s_name: its name.
            s_number: a number as text, such as "-12.5".
            l1: value of its first label.
            l2: value of its second label.
            l3: value of its third label.
        Returns: 1, -1 when the text is no number, there is no such histogram, or a label is empty.
        """
        return self.observe(s_name, s_number, (l1, l2, l3))

    def observe(self, name: str, number: str, labels: Labels) -> int:
        """Count a number; 1, or -1 for what the log tells."""
        try:
            self.metrics.observe(name, label_values(labels), to_number(number), self.services.now())
        except (LookupError, ValueError) as error:
            log.error("xhttp_prom: %s", error)
            return -1
        return 1
