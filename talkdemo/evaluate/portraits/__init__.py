"""Evaluation of GC-GAN."""
