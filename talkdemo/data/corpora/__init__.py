"""Real corpora, one file each."""
