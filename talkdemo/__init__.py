"""TalkDemo turns speech into a talking 3D head.

    speech ── audio ──▶ features [T, D] ─┐
    identity, emotion ── condition ──────┤
                        diffusion (512 steps … 8) ──▶ Motion: ARKit-52 [T, 52] + head rotation [T, 3] at 25 fps
                                             ├── face ──▶ vertices ── render ──▶ mp4
                                             └── export ──▶ Live Link Face CSV · npz

`talkdemo.pipeline.SpeechToFace` runs the stages in this order; each stage is a folder of this package.
"""

import os

# Threads of OpenMP that wait for one another must sleep, not spin: with a second job on the same two cores spinning
# made sampling thirty times slower. It has to be said before torch is loaded, so it is said here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
