"""Systems × sets → scores."""
