"""Noise in, Motion out: schedule · network · denoiser · sampler · window."""
