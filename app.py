"""Opens the app on http://127.0.0.1:7860, as `talkdemo app` does (--help: its options)."""

import sys

from talkdemo.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["app", *sys.argv[1:]]))
