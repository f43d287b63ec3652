"""Reads the sound of any audio or video file, piece by piece, in its own channels at 16 kHz (PyAV).

It runs in a process of its own (guard/), which imports no torch. Every fault of the file is a ValueError of one
sentence that names it as it is called.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from talkdemo.files import default_stream, media_start, open_media, stream_title
from talkdemo.records import SAMPLE_RATE

SHORTEST, LONGEST = 0.2, 600.0  # seconds
RATES = (4_000, 384_000)  # samples per second
MOST_CHANNELS = 16
PAUSE = 0.05  # seconds between time stamps beyond the sound itself that are a pause, not carelessness
GUESSING = frozenset({"aac", "mp3", "ac3", "eac3", "amr", "adts"})  # whose length FFmpeg guesses from the bit rate
PIECE = 10 * SAMPLE_RATE  # samples that are handed on together
KINDS = "a sound or video file (wav, flac, mp3, m4a, ogg, webm, mp4 …)"
Part = dict[str, Any]


def parts(path: str, name: str) -> Iterator[Part]:
    """The default audio stream: `samples` (n, C) at SAMPLE_RATE, float32, or int16 of more than two channels, with the
    `take` they belong to, from 0, and the names of its `channels`; a take ends where a stream changes its form. Last,
    the title of the `stream`, of several, and the seconds of `pauses` that were not sent and are silent here."""
    with open_media(path, name, KINDS) as container:
        yield from _read(container, name)


class _Take:
    """Consecutive sound of one form, resampled."""

    def __init__(self, number: int, layout: Any, name: str) -> None:
        import av

        # Channels are mixed later: FFmpeg's own down-mix weighs them by their place in the room.
        # Interleaved, because PyAV reads planes beyond the eighth from memory that is not the frame's.
        self.resampler = av.AudioResampler(format="flt", rate=SAMPLE_RATE)
        self.number, self.name = number, name
        self.channels = [one.name for one in layout.channels]
        self.waiting: list[np.ndarray] = []
        self.samples = 0

    def add(self, frame: Any) -> Iterator[Part]:
        """Of a frame, or what the resampler still holds (None): what is long enough to be handed on."""
        for piece in self.resampler.resample(frame):
            samples: np.ndarray = piece.to_ndarray().reshape(-1, piece.layout.nb_channels)
            if not np.isfinite(samples).all():
                wanted = "finite samples"
                raise ValueError(f"{self.name} holds samples that are not numbers (NaN or infinity); wanted: {wanted}")
            if samples.shape[1] > 2:  # ten minutes of 16 channels take 300 MB
                samples = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
            if len(samples):
                self.waiting.append(samples)
                self.samples += len(samples)
        if self.waiting and (frame is None or sum(map(len, self.waiting)) >= PIECE):
            yield {"samples": np.concatenate(self.waiting), "take": self.number, "channels": self.channels}
            self.waiting = []


def _read(container: Any, name: str) -> Iterator[Part]:
    import av

    if not container.streams.audio:
        raise ValueError(f"{name} has no sound (no audio stream); wanted: {KINDS}")
    stream = default_stream(container.streams.audio)
    if stream.codec_context is None:
        raise ValueError(f"{name} holds sound in an unknown encoding; wanted: {KINDS}")
    guessed = container.format.name in GUESSING or not stream.duration or not stream.time_base
    declared = 0.0 if guessed else float(stream.duration * stream.time_base)
    if declared > LONGEST + 1:
        raise ValueError(f"{name} holds {_clock(declared)} of sound; wanted: at most {_clock(LONGEST)}")
    takes: list[_Take] = []
    form: tuple[str, str, int] | None = None
    sound = _Sound(stream, media_start(container), declared)
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
            sound.good += 1
        except av.InvalidDataError:
            sound.lost += 1
            sound.broken = True
            continue
        for frame in frames:
            if frame.samples == 0:
                continue
            if form != (form := (frame.format.name, frame.layout.name, frame.sample_rate)):  # may change in a stream
                _check(frame, name)
                if takes:
                    yield from takes[-1].add(None)
                takes = [take for take in takes if take.samples]
                takes.append(_Take(len(takes), frame.layout, name))
            for piece in sound.timed(frame):
                yield from takes[-1].add(piece)
        if packet.size and packet.pts is not None and packet.duration:
            sound.end = float((packet.pts + packet.duration) * packet.time_base)
        if sound.clock > LONGEST + 1:
            raise ValueError(f"{name} holds more than {_clock(LONGEST)} of sound; wanted: at most that")
    if takes:
        for piece in sound.tail():
            yield from takes[-1].add(piece)
        yield from takes[-1].add(None)
    samples = sum(take.samples for take in takes)
    if samples > LONGEST * SAMPLE_RATE:
        raise ValueError(f"{name} holds more than {_clock(LONGEST)} of sound; wanted: at most that")
    # A stray packet or two (tags behind the sound of an mp3) is no damage; more, or a missing end, is.
    heard = samples / SAMPLE_RATE - sound.missing
    if sound.lost > 2 + sound.good // 50 or (declared and heard < 0.9 * declared - 1):
        raise ValueError(
            f"{name} is damaged: {heard:.1f} s of sound can be read"
            + (f" of {declared:.1f} s" if declared > heard else "")
            + "; wanted: a file that plays to its end"
        )
    if not samples:
        raise ValueError(f"{name} has an audio stream without any sound in it; wanted: at least {SHORTEST} s")
    if samples < SHORTEST * SAMPLE_RATE:
        raise ValueError(f"{name} holds {samples / SAMPLE_RATE:.2f} s of sound; wanted: at least {SHORTEST} s")
    yield {"stream": stream_title(stream, container.streams.audio), "pauses": round(sound.paused, 2) or None}


class _Sound:
    """Puts frames at their time: what was not sent is silent. Counts packets that were read and lost."""

    def __init__(self, stream: Any, start: float, declared: float) -> None:
        """`start`: seconds of the time stamp that is 0; `declared`: the stream's length, 0 where unknown."""
        late = max(0.0, float((stream.start_time or 0) * stream.time_base) - start) if stream.time_base else 0.0
        self.start, self.latest = start, late + declared + 1 if declared else LONGEST + 1
        self.clock = 0.0  # seconds so far
        self.end: float | None = None  # time stamp at which the last packet ends
        self.good = self.lost = 0
        self.broken = False  # the packet before could not be decoded
        self.paused = self.missing = 0.0  # seconds of silence that were put in: for pauses, for lost packets
        self._last: Any = None

    def timed(self, frame: Any) -> Iterator[Any]:
        """The frame, after the silence before it; its time stamp is taken off."""
        first = self._last is None
        self._last = frame
        if frame.time is not None:
            seconds = frame.time - self.start
            gap = seconds - self.clock
            if gap > (1e-3 if first else PAUSE) and seconds < self.latest:
                yield from self._silence(gap)
            elif abs(gap) > PAUSE:  # stamps that jump, forth beyond the end or back, are damaged: time goes on
                self.start += gap
        frame.pts = None
        self.clock += frame.samples / frame.sample_rate
        self.broken = False
        yield frame

    def tail(self) -> Iterator[Any]:
        """Silence to the end of the last packet, which says how long it lasts."""
        gap = 0.0 if self.end is None else self.end - self.start - self.clock
        if gap > PAUSE and self.clock + gap < self.latest:
            yield from self._silence(gap)

    def _silence(self, seconds: float) -> Iterator[Any]:
        """Frames without sound, a second each at most."""
        import av

        rate = self._last.sample_rate
        count = round(seconds * rate)
        if self.broken:
            self.missing += seconds
        else:
            self.paused += seconds
        self.clock += count / rate
        while count > 0:
            frame = av.AudioFrame(self._last.format.name, self._last.layout.name, min(count, rate))
            for plane in frame.planes:
                plane.update((b"\x80" if self._last.format.name in ("u8", "u8p") else b"\0") * plane.buffer_size)
            frame.sample_rate = rate
            count -= frame.samples
            yield frame


def _check(frame, name: str) -> None:
    if not RATES[0] <= frame.sample_rate <= RATES[1]:
        raise ValueError(f"{name} is sampled at {frame.sample_rate} Hz; wanted: between {RATES[0]} and {RATES[1]} Hz")
    if frame.layout.nb_channels > MOST_CHANNELS:
        raise ValueError(f"{name} has {frame.layout.nb_channels} channels; wanted: at most {MOST_CHANNELS}")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
