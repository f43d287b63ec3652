"""Recipes: one room per model, one training loop."""
