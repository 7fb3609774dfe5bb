"""Looking in from outside."""
