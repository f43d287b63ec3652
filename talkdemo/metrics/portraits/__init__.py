"""Metrics of expression editing in portraits."""
