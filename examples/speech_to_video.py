"""Renders a talking head from speech: python examples/speech_to_video.py [SPEECH [OUT.mp4]]"""

import sys
from pathlib import Path

from talkdemo.pipeline import SpeechToFace, run
from talkdemo.records import Outputs, Request

HERE = Path(__file__).parent
arguments = sys.argv[1:]
speech = Path(arguments[0]) if arguments else HERE / "speech" / "welcome.flac"
out = Path(arguments[1] if len(arguments) > 1 else "talking.mp4")

request = Request(speech, identity="auto", emotion="happy", steps=32, seed=1, size=256)
result = run(SpeechToFace.load(), request, Outputs(video=out))
print(f"{out}: {len(result.motion)} frames, {result.summary['seconds']['total']:.1f} s")
