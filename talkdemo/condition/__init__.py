"""What a talking head is told beside the speech: whose manner, which emotion."""
