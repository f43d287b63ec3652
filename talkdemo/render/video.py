"""Writes frames and speech as mp4 (H.264 yuv420p and AAC, image and sound in step).

The sound is stored at 48 kHz: every player takes it, and the encoder's lead-in, which the file's edit list removes, is
then only 21 ms even for a player that ignores edit lists. There are no B frames, so the video needs no edit list.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from talkdemo.files import replacing
from talkdemo.records import FPS, SAMPLE_RATE, Speech, check_stop

AUDIO_RATE = 48_000  # samples per second in the file
AUDIO_BITS = 96_000  # per second, mono
QUALITY = 18  # x264 crf


def write(
    path: str | Path,
    frames: Iterable[np.ndarray],
    speech: Speech | None,
    fps: float = FPS,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] | None = None,
    *,
    quality: int = QUALITY,
    sound_bits: int = AUDIO_BITS,
) -> int:
    """Writes `path` frame by frame and returns the number of frames T; only a few are held at a time.

    `frames`: (H, W, 3) uint8, H and W even, all of one size. `speech` may differ from T / fps seconds by one frame: it
    is cut or filled with silence to the length of the frames. `progress` is called with the number of frames written.
    `quality` is x264's crf (more is smaller), `sound_bits` the bits a second of the sound.
    The file appears under its name when it is whole; on an error or a stop nothing is left.

    Raises ValueError for no frames, unfit frames and lengths that differ, `Stopped` when `stop` is set.
    """
    import av

    rate = Fraction(fps).limit_denominator(1001)
    options = {"movflags": "+faststart"}
    count = 0
    size: tuple[int, ...] = ()
    sound: _Sound | None = None
    try:
        with replacing(path) as part, av.open(str(part), "w", format="mp4", options=options) as container:
            for image in _checked(frames, stop):
                if not size:
                    size = image.shape
                    video = _video_stream(container, rate, size, quality)
                    sound = _Sound(container, speech, sound_bits) if speech is not None else None
                elif image.shape != size:
                    raise ValueError(f"frame {count} is {image.shape}, the frames before it are {size}")
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
                frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
                frame.pts, frame.time_base = count, 1 / rate
                container.mux(video.encode(frame))
                count += 1
                if sound is not None:
                    sound.write_until(count / rate)
                if progress is not None:
                    progress(count)
            if not size:
                raise ValueError("no frames were given; a video needs at least one")
            container.mux(video.encode(None))
            if sound is not None and speech is not None:
                if abs(speech.seconds - count / rate) > 1 / rate + 1e-6:
                    raise ValueError(
                        f"the frames last {float(count / rate):.2f} s and the speech {speech.seconds:.2f} s; "
                        "they must agree within one frame"
                    )
                container.mux(sound.stream.encode(None))
    finally:
        if hasattr(frames, "close"):
            frames.close()  # a renderer's generator drops what it has queued
    return count


def _checked(frames: Iterable[np.ndarray], stop: threading.Event | None) -> Iterator[np.ndarray]:
    for image in frames:
        check_stop(stop)
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"a frame is {image.dtype} {image.shape}; wanted uint8 (H, W, 3)")
        if image.shape[0] % 2 or image.shape[1] % 2:
            raise ValueError(f"frames are {image.shape[1]}×{image.shape[0]}; H.264 needs an even width and height")
        yield image
    check_stop(stop)


def _video_stream(container, rate: Fraction, size: tuple[int, ...], quality: int):
    stream = container.add_stream("libx264", rate=rate, options={"crf": str(quality), "preset": "veryfast", "bf": "0"})
    stream.height, stream.width = size[:2]
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = 1 / rate
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709, as reformat above
    context.color_range = 1  # "MPEG": 16..235
    return stream


class _Sound:
    """The AAC track: speech resampled once, encoded in step with the frames so that the file interleaves."""

    def __init__(self, container, speech: Speech, bits: int) -> None:
        from scipy.signal import resample_poly

        self.container = container
        self.stream = container.add_stream("aac", rate=AUDIO_RATE, layout="mono")
        self.stream.bit_rate = bits
        samples = np.asarray(speech.samples, dtype=np.float32)
        self.samples = np.clip(resample_poly(samples, AUDIO_RATE // SAMPLE_RATE, 1), -1.0, 1.0)
        self.done = 0  # samples handed to the encoder

    def write_until(self, seconds: Fraction) -> None:
        import av

        end = round(seconds * AUDIO_RATE)
        piece = np.zeros((1, end - self.done), dtype=np.float32)
        samples = self.samples[self.done : end]
        piece[0, : len(samples)] = samples
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, self.done, Fraction(1, AUDIO_RATE)
        self.container.mux(self.stream.encode(frame))
        self.done = end
