"""Corpora, one file each."""
