"""Choosing a reference clip."""
