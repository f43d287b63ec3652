"""Videos that put pictures together."""
