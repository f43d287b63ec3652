"""Motion in, files for other programs out: Live Link Face CSV, npz."""
