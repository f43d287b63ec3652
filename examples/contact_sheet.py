"""One speech, five heads, six moments each: writes contact_sheet.webp (the picture of the README)."""

from pathlib import Path

import numpy as np
from PIL import Image

from talkdemo.face.characters import CHARACTERS
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Motion, Request
from talkdemo.render.raster import Renderer

SPEECH = Path(__file__).parent / "speech" / "lips.flac"
MOMENTS = [15, 40, 56, 78, 96, 118]  # frames at 25 per second

model = SpeechToFace.load()
(motion,) = model.animate(Request(SPEECH, identity="Zola", steps=32, seed=3))
chosen = Motion(motion.coefficients[MOMENTS], motion.head[MOMENTS])
rows = []
for name in list(CHARACTERS)[:5]:
    renderer = Renderer(model.face.drawable(name), size=256)
    rows.append(np.concatenate(list(renderer.frames(model.face.vertices(chosen, name))), axis=1))
Image.fromarray(np.concatenate(rows, axis=0)).save("contact_sheet.webp", quality=85)
print(f"contact_sheet.webp: {len(rows)} heads × {len(MOMENTS)} moments")
