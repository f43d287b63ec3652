"""Tracks faces with MediaPipe: motion from video, landmarks from a photograph."""
