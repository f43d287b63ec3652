"""Benchmarks: speed and memory of the stages."""
