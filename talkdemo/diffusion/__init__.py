"""Diffusion on motion: schedule, network, denoiser, samplers, windows."""
