"""mqueue: queues of keys and values between routes, and luasip.queue, which waits for an item."""

from luasip.modules.mqueue.module import Mqueue
from luasip.modules.mqueue.queue import ItemQueue
from luasip.modules.mqueue.waiting import Queue

__all__ = ["ItemQueue", "Mqueue", "Queue"]
