"""Metrics of motion and portraits, as pure functions."""
