"""Where things meet: threads, start and stop."""
