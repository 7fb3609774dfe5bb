"""What a stateful proxy does (RFC 3261 §16): pure."""
