"""Pure functions that score motion; one file per metric."""
