"""The command line: one file per verb of `python -m talkdemo`."""
