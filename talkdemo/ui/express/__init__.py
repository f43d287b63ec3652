"""The Expression tab."""
