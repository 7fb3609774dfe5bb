"""Bytes in, bytes out: the only package that touches socket and ssl."""
