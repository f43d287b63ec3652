"""The gallery of reference clips."""
