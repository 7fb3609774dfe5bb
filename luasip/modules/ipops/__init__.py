"""ipops: questions about IP addresses, and looking names up."""

from luasip.modules.ipops.module import Ipops

__all__ = ["Ipops"]
