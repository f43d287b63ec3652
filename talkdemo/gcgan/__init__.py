"""A portrait and 68 landmarks in, the same person with that expression out (after GC-GAN, arXiv 1802.01822)."""
