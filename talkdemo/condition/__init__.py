"""Conditions of the denoiser beside the speech: identity and emotion, or the style of a reference clip."""
