"""Decodes speech and encodes its phonetic features."""
