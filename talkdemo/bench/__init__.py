"""Speed and memory of the stages."""
