"""Two settings of one speech."""
