"""Makes the identity library of the app: style summaries and previews.

    python -m talkdemo.build.identities

The installed model speaks the example clips as every talking identity: styles.json summarises how each one moves,
previews.npz holds the first seconds of one clip, for any character to speak in the page. Takes some minutes.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from talkdemo.audio.decode import decode
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.files import EXAMPLES, IDENTITY_LIBRARY, replacing
from talkdemo.metrics import style_summary
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Motion, Request

CLIPS = EXAMPLES / "speech"
SENTENCE = "welcome.flac"  # of the previews
SAMPLES = 2  # motions of each clip: one has too few blinks to count
START, FRAMES = 10, 100  # of a preview: four seconds, once the voice has set in


def main() -> None:
    """Summarise every identity and keep its preview."""
    if not CLIPS.is_dir():
        raise ValueError(f"{CLIPS}: the example clips are not there; a checkout of the repository is wanted")
    IDENTITY_LIBRARY.mkdir(parents=True, exist_ok=True)
    pipeline = SpeechToFace.load()
    clips = {path.name: decode(path) for path in sorted(CLIPS.glob("*.flac"))}
    styles, previews = {}, {}
    for name in pipeline.identities:
        motions = {
            clip: pipeline.animate(Request(speech, identity=name, samples=SAMPLES)) for clip, speech in clips.items()
        }
        styles[name] = style_summary.measure([motion for samples in motions.values() for motion in samples])
        previews[name] = motions[SENTENCE][0]
        print(name, flush=True)
    real = [name for name in pipeline.identities if name not in IDENTITIES]
    with replacing(IDENTITY_LIBRARY / style_summary.FILE) as temporary:
        temporary.write_text(style_summary.dumps(style_summary.library(styles, real)), encoding="utf-8")
    write_previews(IDENTITY_LIBRARY / style_summary.PREVIEWS, previews)


def write_previews(path: Path, motions: Mapping[str, Motion]) -> None:
    """FRAMES frames of each from START on: `names` (N,), `tracks` (N, FRAMES, 55) in half precision."""
    tracks = np.stack([motion[START : START + FRAMES].tracks for motion in motions.values()]).astype(np.float16)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, names=np.array(list(motions)), tracks=tracks)


if __name__ == "__main__":
    main()
