"""Renders moving vertices as images and video, with OpenGL."""
