"""Looking in from outside: RPC commands and the ways they are reached by, and the client for them."""
