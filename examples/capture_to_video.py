"""Renders a Live Link Face capture with our own head.

python examples/capture_to_video.py [CAPTURE.csv [OUT.mp4]]
Without a capture, a synthetic one is written first: a smile, a blink, a turn of the head.
"""

import sys
from pathlib import Path

import numpy as np

from talkdemo.export import livelink
from talkdemo.face.arkit import NAMES, indices
from talkdemo.face.characters import CHARACTERS
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Motion

arguments = sys.argv[1:]
out = Path(arguments[1] if len(arguments) > 1 else "capture.mp4")
capture = Path(arguments[0]) if arguments else out.with_suffix(".csv")

if not arguments:
    wave = np.sin(np.linspace(0, np.pi, 50, dtype=np.float32))
    coefficients, head = np.zeros((50, len(NAMES)), np.float32), np.zeros((50, 3), np.float32)
    coefficients[:, indices("mouthSmile")] = 0.8 * wave[:, None]
    coefficients[20:25, indices("eyeBlink")] = 1
    head[:, 1] = 0.3 * wave
    livelink.write(capture, Motion(coefficients, head), fps=60)

motion = livelink.read(capture)
SpeechToFace.load().video(motion, None, out, character=list(CHARACTERS)[1], size=256)
print(f"{out}: {len(motion)} frames at {motion.fps:g} per second")
