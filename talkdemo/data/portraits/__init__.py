"""Portrait pairs: rendered people and photographs."""
