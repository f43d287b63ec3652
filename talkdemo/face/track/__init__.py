"""Video or photograph → motion or landmarks, by MediaPipe."""
