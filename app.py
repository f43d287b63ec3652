"""Opens the app on http://127.0.0.1:7860 (GRADIO_SERVER_NAME and GRADIO_SERVER_PORT change that; --videos: --help)."""

import sys

from talkdemo.ui.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
