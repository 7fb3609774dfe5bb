"""The state machines of RFC 3261 §17 and RFC 6026: pure, time is an argument."""
