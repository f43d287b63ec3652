"""Vertices in, pictures and video out."""
