"""The other end: calling a running server's commands from the command line."""
