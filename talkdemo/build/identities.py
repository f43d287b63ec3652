"""Makes the identity library of the app: style summaries, previews, and the opening video.

    python -m talkdemo.build.identities

The installed model speaks the example clips as every talking identity: styles.json summarises how each one moves, a
sheet of frames previews it. Takes some minutes.
"""

import numpy as np
from PIL import Image

from talkdemo.audio.decode import decode
from talkdemo.build.images import close_up, reduced, remove_others, save
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.face.characters import CHARACTERS
from talkdemo.files import EXAMPLES, IDENTITY_LIBRARY, PREVIEWS, replacing
from talkdemo.metrics import style_summary
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Motion, Request
from talkdemo.render import raster

CLIPS = EXAMPLES / "speech"
SENTENCE = "welcome.flac"  # of the previews and the opening video
SAMPLES = 2  # motions of each clip: one has too few blinks to count
FRAMES, EVERY = 25, 2  # of a preview: each second frame of the first two seconds
SIDE, ZOOM = 144, 0.66  # pixels of a preview's frame; field of view against the portrait camera's
FACE = "nora"  # the character whose brows, lids and lips show best
VIDEO_SIDE = 448


def main() -> None:
    """Summarise every identity, draw its preview and the opening video; previews of other identities are deleted."""
    if not CLIPS.is_dir():
        raise ValueError(f"{CLIPS}: the example clips are not there; a checkout of the repository is wanted")
    raster.check()
    for folder in (IDENTITY_LIBRARY, PREVIEWS):
        folder.mkdir(parents=True, exist_ok=True)
    pipeline = SpeechToFace.load()
    clips = {path.name: decode(path) for path in sorted(CLIPS.glob("*.flac"))}
    renderer = close_up(pipeline.face.drawable(FACE), 2 * SIDE, ZOOM)
    styles = {}
    for name in pipeline.identities:
        motions = {
            clip: pipeline.animate(Request(speech, identity=name, samples=SAMPLES)) for clip, speech in clips.items()
        }
        styles[name] = style_summary.measure([motion for samples in motions.values() for motion in samples])
        save(sheet(pipeline, motions[SENTENCE][0], renderer), IDENTITY_LIBRARY / f"{name}.webp", quality=62)
        print(name, flush=True)
    real = [name for name in pipeline.identities if name not in IDENTITIES]
    with replacing(IDENTITY_LIBRARY / style_summary.FILE) as temporary:
        temporary.write_text(style_summary.dumps(style_summary.library(styles, real)), encoding="utf-8")
    remove_others(IDENTITY_LIBRARY, pipeline.identities)
    first, speech = next(iter(CHARACTERS)), clips[SENTENCE]
    (motion,) = pipeline.animate(Request(speech))
    pipeline.video(motion, speech, PREVIEWS / f"{first}.mp4", character=first, size=VIDEO_SIDE)


def sheet(pipeline: SpeechToFace, motion: Motion, renderer: raster.Renderer) -> Image.Image:
    """FRAMES images of SIDE pixels side by side."""
    image = Image.new("RGB", (FRAMES * SIDE, SIDE))
    vertices = pipeline.face.vertices(motion[: FRAMES * EVERY : EVERY], FACE)
    for k, frame in enumerate(renderer.frames(vertices)):
        image.paste(reduced(np.asarray(frame), SIDE), (k * SIDE, 0))
    return image


if __name__ == "__main__":
    main()
