"""Samples three motions of one speech: all as npz, the first as Live Link Face CSV. Needs no graphics.

python examples/speech_to_motion.py [SPEECH [OUT]]  writes OUT.npz and OUT.csv
"""

import sys
from pathlib import Path

import numpy as np

from talkdemo.export import livelink, npz
from talkdemo.face.arkit import INDEX
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Request

HERE = Path(__file__).parent
arguments = sys.argv[1:]
speech = Path(arguments[0]) if arguments else HERE / "speech" / "welcome.flac"
out = Path(arguments[1] if len(arguments) > 1 else "motion")

motions = SpeechToFace.load().animate(Request(speech, samples=3, seed=1))
npz.write(out.with_suffix(".npz"), motions)
livelink.write(out.with_suffix(".csv"), motions[0], fps=60)
for motion in motions:
    jaw, turn = motion.coefficients[:, INDEX["jawOpen"]], np.rad2deg(motion.head)
    print(f"seed {motion.meta['seed']}: jaw opens to {jaw.max():.2f}, the head turns {np.ptp(turn[:, 1]):.1f} degrees")
