"""The Talk tab."""
