"""Programs that make the assets; never needed at run time."""
