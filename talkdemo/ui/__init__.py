"""The web app: the only room that imports gradio."""
