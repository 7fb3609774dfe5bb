"""Database engines, tables and shared state."""
