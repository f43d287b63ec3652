"""The Hugging Face Hub: the app as a Space, checkpoints as model repositories."""
