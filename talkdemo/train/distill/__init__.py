"""Progressive distillation."""
