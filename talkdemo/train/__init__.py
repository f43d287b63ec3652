"""Recipes: one file per model, one training loop, the losses."""
