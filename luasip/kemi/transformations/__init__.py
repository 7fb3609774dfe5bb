"""Transformations of pseudo-variables: `{s.len}`, `{uri.host}` and the like, pure functions of wire text."""
