"""Training of the talkers and of the style encoder."""
