"""Words typed in a terminal in, files out: one file per verb of `python -m talkdemo`."""
