"""Synthetic speech with exact phone times."""
