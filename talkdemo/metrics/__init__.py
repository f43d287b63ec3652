"""Metrics of motion and portraits, as pure functions; one file per metric."""
