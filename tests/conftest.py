"""What several tests share: a quick stand-in for pipeline.SpeechToFace (motion from loudness, flat pictures), clips."""

from __future__ import annotations

import math
import shutil
import subprocess
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from talkdemo.face.arkit import INDEX
from talkdemo.records import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME, Motion, Request, Speech, Stopped


def plain_decode(path: Path, name: str | None = None, stop: threading.Event | None = None) -> Speech:
    """16-bit mono wav at 16 kHz only; the sentences of the real decoder's kind for the rest."""
    path = Path(path)
    try:
        with wave.open(str(path)) as stream:
            samples = np.frombuffer(stream.readframes(stream.getnframes()), np.int16) / 32768
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{name or path.name}: no sound could be read; a sound or video file is wanted") from error
    if len(samples) < 0.2 * SAMPLE_RATE:
        raise ValueError(f"{name or path.name}: {len(samples) / SAMPLE_RATE:.2f} s given; at least 0.2 s is wanted")
    return Speech(samples.astype(np.float32), path.stem)


class StandIn:
    """`pause` seconds a step; `requests` are those answered, `running` how many are under way, `most` at one time."""

    identities = ("Ada", "Mei", "Bruno")
    emotions = ("neutral", "happy", "sad")
    students = (8,)
    references: tuple[str, ...] = ()
    face = None  # nothing of these tests is drawn with it

    def __init__(self, pause: float = 0.0) -> None:
        self.pause, self.running, self.most, self.stopped = pause, 0, 0, 0
        self.requests: list[Request] = []

    def check(self, request: Request) -> None:
        """Takes everything."""

    def evaluations(self, request: Request) -> int:
        return request.steps * (1 if request.guidance.none else 2)

    def stream(
        self,
        request: Request,
        *,
        progress: Callable[[str, float], None] | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[list[Motion]]:
        yield self.animate(request, progress=progress, stop=stop)

    def animate(
        self,
        request: Request,
        *,
        progress: Callable[[str, float], None] | None = None,
        stop: threading.Event | None = None,
    ) -> list[Motion]:
        self.requests.append(request)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for step in range(request.steps):
                time.sleep(self.pause)
                if stop is not None and stop.is_set():
                    self.stopped += 1
                    raise Stopped
                if progress:
                    progress("sample", (step + 1) / request.steps)
        finally:
            self.running -= 1
        speech = request.speech
        sound = np.zeros(speech.frames * SAMPLES_PER_FRAME, np.float32)
        sound[: len(speech.samples)] = speech.samples
        loudness = np.sqrt((sound.reshape(speech.frames, -1) ** 2).mean(1))
        motions = []
        if request.reference is None:
            identity = request.identity or "auto"
            style = {"model": "diffusiontalker", "identity": identity, "emotion": request.emotion or "neutral"}
        else:
            identity, style = None, {"model": "diffposetalk", "reference": request.reference}
        for seed in range(request.seed, request.seed + request.samples):
            coefficients = np.zeros((speech.frames, 52), np.float32)
            coefficients[:, INDEX["jawOpen"]] = loudness
            coefficients[::50, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = 1
            head = np.random.default_rng(seed).normal(0, 0.05, (speech.frames, 3)).astype(np.float32)
            meta = {
                **style, "head": request.head, "steps": request.steps, "nfe": request.steps, "seed": seed,
                "frames": speech.frames, "seconds": {"decode": 0.0, "encode": 0.1, "sample": 0.2},
                "distilled": request.steps in self.students and request.distilled is not False,
                "guidance": vars(request.guidance),
            }  # fmt: skip
            if identity == "auto":
                meta["matches"] = {"Mei": 0.75, "Ada": 0.25}
            motions.append(Motion(coefficients, head if request.head else 0 * head, FPS, meta))
        return motions

    def video(
        self,
        motion: Motion,
        speech: Speech,
        path: Path,
        *,
        character: str | None = None,
        size: int = 512,
        progress: Callable[[str, float], None] | None = None,
        stop: threading.Event | None = None,
    ) -> dict[str, float]:
        from talkdemo.render import video

        def pictures():
            for frame in range(len(motion)):
                if progress:
                    progress("render", (frame + 1) / len(motion))
                yield np.full((64, 64, 3), int(255 * motion.coefficients[frame, INDEX["jawOpen"]]), np.uint8)

        video.write(path, pictures(), speech, fps=motion.fps, stop=stop)
        return {"face": 0.1, "render": 0.2, "mux": 0.3}


def write_wav(path: Path, seconds: float = 1.0, loudness: float = 0.3, pitch: float = 150.0) -> Path:
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = (loudness * np.sqrt(2) * np.sin(2 * np.pi * pitch * times) * 32767).astype(np.int16)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(SAMPLE_RATE)
        stream.writeframes(samples.tobytes())
    return path


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture
def slow_stand_in() -> StandIn:
    """Eight steps take 1.6 s."""
    return StandIn(0.2)


@pytest.fixture(name="plain_decode")
def plain_decode_fixture() -> Callable[..., Speech]:
    return plain_decode


@pytest.fixture
def wav(tmp_path: Path) -> Callable[..., Path]:
    """wav(name, seconds, loudness, pitch) → path of a humming clip."""
    return lambda name="hum", *how: write_wav(tmp_path / f"{name}.wav", *how)


@pytest.fixture(scope="session")
def gcgan_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small GC-GAN as training begins: it warps. Its geometry is random; three presets."""
    import torch

    from talkdemo.gcgan.geometry import GeometryConfig
    from talkdemo.gcgan.model import GCGAN, GCGANConfig
    from talkdemo.gcgan.networks import GeneratorConfig

    presets, shown = ("neutral", "happy", "aa"), (0, 1, 2, -1)
    generator = GeneratorConfig(side=64, widths=(8, 8, 16, 16), fine=8, image=8)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = GCGAN(GCGANConfig(generator, GeometryConfig(shape=8, widths=(32, 16)), presets, shown))
        with torch.no_grad():  # so that it moves faces visibly
            model.geometry.expression[-1].weight.mul_(10)
            model.geometry.decoder[-1].weight.mul_(0.7)
        model.describe(torch.randn(3, 32), torch.randn(4, 32), shown)
    return model.save(tmp_path_factory.mktemp("weights") / "gcgan.safetensors", {"licence": "none"})


@pytest.fixture
def expresser(gcgan_file: Path):
    from talkdemo.gcgan.edit import Expresser

    return Expresser.load(str(gcgan_file))


@pytest.fixture
def maya():
    """One of the portraits of examples/faces."""
    from talkdemo.gcgan.gallery import open_gallery

    return open_gallery("maya")


def _read_video(path: str | Path) -> tuple[np.ndarray, np.ndarray | None]:
    """The frames (T, H, W, 3) uint8 and the sound (N,) float32 at SAMPLE_RATE (None without a track) of a short file.

    Both start at the file's time zero, as a player shows them. Everything is held in memory.
    """
    import av

    with av.open(str(path)) as container:
        frames = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return frames, None
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        start: float | None = None
        pieces: list[np.ndarray] = []
        for frame in container.decode(audio=0):
            if start is None:
                start = frame.time or 0.0
            pieces += [f.to_ndarray()[0] for f in resampler.resample(frame)]
        pieces += [f.to_ndarray()[0] for f in resampler.resample(None)]
    samples = np.concatenate(pieces)
    shift = math.floor((start or 0.0) * SAMPLE_RATE + 0.5)
    return frames, np.pad(samples, (shift, 0)) if shift >= 0 else samples[-shift:]


@pytest.fixture(scope="session")
def read_video() -> Callable[[str | Path], tuple[np.ndarray, np.ndarray | None]]:
    return _read_video


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """npm(package) → the folder it was installed into; skips with the reason where it cannot be."""

    def install(package: str) -> Path:
        if not shutil.which("npm") or not shutil.which("node"):
            pytest.skip("npm is not installed")
        folder = tmp_path_factory.mktemp("npm")
        options = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=10000")
        command = ["npm", "install", "--prefix", str(folder), *options, package]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip("npm did not answer within a minute")
        if done.returncode:
            pytest.skip(f"npm cannot install {package}: {done.stderr.strip().splitlines()[-1:]}")
        return folder

    return install
