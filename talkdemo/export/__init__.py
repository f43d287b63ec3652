"""Writes motions for other programs: Live Link Face CSV, npz, GLB, JSON summary."""
