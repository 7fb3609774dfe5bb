"""xhttp_prom: metrics of scripts for Prometheus."""

from luasip.modules.xhttp_prom.module import XhttpProm

__all__ = ["XhttpProm"]
