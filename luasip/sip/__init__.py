"""The language of RFC 3261 as values: no socket, thread, clock, log or Lua."""
