"""Lua inside Python: the only package with lupa.

A Runtime holds one Lua state with one route script. It starts callbacks as coroutines, suspends and resumes
them, and bridges `KSR` and `luasip` to the modules' Python methods. It knows no socket and no transaction.
"""
