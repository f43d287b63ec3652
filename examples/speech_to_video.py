"""A sound file in, a talking head as mp4 out: python examples/speech_to_video.py [SPEECH [OUT.mp4]]"""

import sys
from pathlib import Path

from talkdemo.audio.decode import decode
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Request

HERE = Path(__file__).parent
given = sys.argv[1:]
speech = decode(given[0] if given else HERE / "speech" / "welcome.flac")
out = Path(given[1] if len(given) > 1 else "talking.mp4")

talker = SpeechToFace.load()
(motion,) = talker.animate(Request(speech, identity="auto", emotion="happy", steps=32, seed=1))
seconds = talker.video(motion, speech, out, size=256)
print(f"{out}: {len(motion)} frames, {sum(seconds.values()):.1f} s to draw")
