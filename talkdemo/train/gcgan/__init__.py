"""Training of GC-GAN."""
