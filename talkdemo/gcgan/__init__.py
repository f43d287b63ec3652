"""Gives a portrait another expression, described by 68 landmarks (after GC-GAN, arXiv 1802.01822)."""
