"""Decodes any audio or video file to mono speech at 16 kHz (PyAV: wav, flac, mp3, m4a, aac, ogg, webm, mp4 …).

Every fault of the file is a ValueError of one sentence that names the file by its last part only: a visitor's paths are
private. Silence is valid.
"""

from pathlib import Path

import numpy as np

from talkdemo.files import check_readable
from talkdemo.records import SAMPLE_RATE, Speech

SHORTEST = 0.2  # seconds
LONGEST = 600.0
RATES = (4_000, 384_000)  # samples per second
MOST_CHANNELS = 16
GUESSING = frozenset({"aac", "mp3", "ac3", "eac3", "amr", "adts"})  # whose length FFmpeg guesses from the bit rate
KINDS = "a sound or video file (wav, flac, mp3, m4a, ogg, webm, mp4 …)"


def decode(path: str | Path, name: str | None = None) -> Speech:
    """The first audio stream of a file, its channels averaged, at SAMPLE_RATE. `name`: what to call it in messages and
    in Speech.name; the file's base name when None."""
    import av

    path = Path(path)
    name = Path(name).name if name else path.name
    check_readable(path, name, KINDS)
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            samples = _read(container, name)
    except (av.FFmpegError, OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{name} cannot be read as media or is damaged; wanted: {KINDS}") from error
    seconds = len(samples) / SAMPLE_RATE
    if seconds < SHORTEST:
        raise ValueError(f"{name} holds {seconds:.2f} s of sound; wanted: at least {SHORTEST} s")
    return Speech(np.clip(samples, -1, 1), name)


def _read(container, name: str) -> np.ndarray:
    """The samples (N,) float32 of an open container."""
    import av

    if not container.streams.audio:
        raise ValueError(f"{name} has no sound (no audio stream); wanted: {KINDS}")
    stream = container.streams.audio[0]
    guessed = container.format.name in GUESSING or not stream.duration or not stream.time_base
    declared = 0.0 if guessed else float(stream.duration * stream.time_base)
    if declared > LONGEST + 1:
        raise ValueError(f"{name} holds {_clock(declared)} of sound; wanted: at most {_clock(LONGEST)}")
    resampler: av.AudioResampler | None = None
    form: tuple[str, str, int] | None = None
    pieces: list[np.ndarray] = []
    count = good = lost = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
            good += 1
        except av.InvalidDataError:
            lost += 1
            continue
        for frame in frames:
            if frame.samples == 0:
                continue
            if form != (form := (frame.format.name, frame.layout.name, frame.sample_rate)):  # may change in a stream
                _check(frame, name)
                pieces += [_mono(piece, name) for piece in resampler.resample(None)] if resampler else []
                # Channels are averaged here: FFmpeg's own down-mix weighs them by their place in the room.
                # Interleaved, because PyAV reads planes beyond the eighth from memory that is not the frame's.
                resampler = av.AudioResampler(format="flt", rate=SAMPLE_RATE)
            frame.pts = None  # gaps in damaged time stamps must not become silence
            assert resampler is not None
            for piece in resampler.resample(frame):
                pieces.append(_mono(piece, name))
                count += len(pieces[-1])
        if count > LONGEST * SAMPLE_RATE:
            raise ValueError(f"{name} holds more than {_clock(LONGEST)} of sound; wanted: at most that")
    if resampler is not None:
        pieces += [_mono(piece, name) for piece in resampler.resample(None)]
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    # A stray packet or two (tags behind the sound of an mp3) is no damage; more, or a missing end, is.
    if lost > 2 + good // 50 or (declared and len(samples) / SAMPLE_RATE < 0.9 * declared - 1):
        raise ValueError(
            f"{name} is damaged: {len(samples) / SAMPLE_RATE:.1f} s of sound can be read"
            + (f" of {declared:.1f} s" if declared > len(samples) / SAMPLE_RATE else "")
            + "; wanted: a file that plays to its end"
        )
    if not len(samples):
        raise ValueError(f"{name} has an audio stream without any sound in it; wanted: at least {SHORTEST} s")
    return samples


def _check(frame, name: str) -> None:
    if not RATES[0] <= frame.sample_rate <= RATES[1]:
        raise ValueError(f"{name} is sampled at {frame.sample_rate} Hz; wanted: between {RATES[0]} and {RATES[1]} Hz")
    if frame.layout.nb_channels > MOST_CHANNELS:
        raise ValueError(f"{name} has {frame.layout.nb_channels} channels; wanted: at most {MOST_CHANNELS}")


def _mono(frame, name: str) -> np.ndarray:
    samples = frame.to_ndarray().reshape(-1, frame.layout.nb_channels).mean(1, dtype=np.float32)
    if not np.isfinite(samples).all():
        raise ValueError(f"{name} holds samples that are not numbers (NaN or infinity); wanted: finite samples")
    return samples


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
