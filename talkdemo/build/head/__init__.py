"""The parametric head, compiled from open assets."""
