"""Metrics of expression editing."""
