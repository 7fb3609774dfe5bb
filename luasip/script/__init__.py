"""Lua inside Python: the only package that touches lupa."""
