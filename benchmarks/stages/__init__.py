"""What the stages of a message take, each by itself: `scripts/bench --stages`. No sockets, no other process."""
