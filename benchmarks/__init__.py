"""Measurements of whole servers; scripts/bench_* start them. Their figures are in docs/benchmarks.md."""
