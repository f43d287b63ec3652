"""Every container that a browser or a phone may send is decoded; every bad file gives one clear sentence."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from talkdemo.audio.decode import decode
from talkdemo.records import SAMPLE_RATE

SECONDS, TONE = 1.5, 440.0


def sine(rate: int, seconds: float = SECONDS, channels: int = 1) -> np.ndarray:
    """(channels, N) float32; the first half silent, then a tone."""
    time = np.arange(round(rate * seconds)) / rate
    return np.tile(np.where(time < seconds / 2, 0, 0.4 * np.sin(2 * np.pi * TONE * time)), (channels, 1)).astype("f4")


def encode(path: Path, codec: str, rate: int, channels: int, video: bool = False, seconds: float = SECONDS) -> Path:
    layout = {1: "mono", 2: "stereo"}[channels]
    with av.open(str(path), "w") as container:
        picture = None
        if video:
            picture = container.add_stream("mpeg4", rate=25)
            picture.width = picture.height = 64
            picture.pix_fmt = "yuv420p"
        sound = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(sine(rate, seconds, channels), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        resampler = av.AudioResampler(sound.format.name, layout, rate, frame_size=sound.codec_context.frame_size or 0)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))
        if picture:
            for _ in range(round(seconds * 25)):
                container.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(picture.encode(None))
    return path


@pytest.mark.parametrize(
    ("suffix", "codec", "rate", "channels", "video"),
    [
        ("wav", "pcm_s16le", 44_100, 2, False),
        ("wav", "pcm_f32le", 48_000, 1, False),
        ("wav", "pcm_s24le", 96_000, 2, False),
        ("wav", "pcm_u8", 8_000, 1, False),
        ("flac", "flac", 44_100, 2, False),
        ("mp3", "libmp3lame", 44_100, 2, False),
        ("m4a", "aac", 44_100, 1, False),
        ("aac", "aac", 48_000, 2, False),
        ("ogg", "libopus", 48_000, 1, False),
        ("webm", "libopus", 48_000, 2, False),
        ("mp4", "aac", 48_000, 2, True),
        ("mkv", "flac", 16_000, 1, True),
    ],
)
def test_containers(tmp_path: Path, suffix: str, codec: str, rate: int, channels: int, video: bool) -> None:
    speech = decode(encode(tmp_path / f"clip.{suffix}", codec, rate, channels, video))
    assert speech.samples.dtype == np.float32 and speech.samples.ndim == 1
    assert speech.name == f"clip.{suffix}"
    assert speech.seconds == pytest.approx(SECONDS, abs=0.12)  # lossy codecs pad
    tone = speech.samples[int(0.9 * SAMPLE_RATE) : int(1.3 * SAMPLE_RATE)]
    spectrum = np.abs(np.fft.rfft(tone))
    assert abs(spectrum.argmax() * SAMPLE_RATE / len(tone) - TONE) < 5
    assert tone.std() == pytest.approx(0.4 / np.sqrt(2), rel=0.1)
    assert np.abs(speech.samples[: int(0.6 * SAMPLE_RATE)]).max() < 0.03
    onset = np.flatnonzero(np.abs(speech.samples) > 0.15)[0] / SAMPLE_RATE
    assert onset == pytest.approx(SECONDS / 2, abs=0.06)  # encoder delay is taken off, or nearly


def test_known_samples(tmp_path: Path) -> None:
    """Of two channels that agree, as loud as the louder; one that holds nothing but an offset is left out."""
    left = sine(SAMPLE_RATE)[0]
    for right in (left, 0.5 * left, np.full(len(left), 0.2, np.float32)):
        soundfile.write(tmp_path / "two.wav", np.stack([left, right], 1), SAMPLE_RATE, subtype="FLOAT")
        assert np.allclose(decode(tmp_path / "two.wav").samples, left, atol=1e-6)


@pytest.mark.parametrize("rate", [4_000, 11_025, 22_050, 32_000, 192_000])
def test_rates(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "x.wav", sine(rate)[0], rate)
    assert decode(tmp_path / "x.wav").seconds == pytest.approx(SECONDS, abs=0.01)


def test_silence_and_shortest_are_valid(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    assert np.abs(decode(tmp_path / "silence.wav").samples).max() == 0
    soundfile.write(tmp_path / "short.wav", sine(SAMPLE_RATE, 0.2)[0], SAMPLE_RATE)
    assert decode(tmp_path / "short.wav").frames == 5


def test_vorbis_and_many_channels(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.ogg", sine(44_100)[0], 44_100, format="OGG", subtype="VORBIS")
    assert decode(tmp_path / "x.ogg").seconds == pytest.approx(SECONDS, abs=0.05)
    for channels in (3, 6, 16):
        soundfile.write(tmp_path / "x.wav", sine(44_100, channels=channels).T, 44_100)
        assert decode(tmp_path / "x.wav").samples.std() == pytest.approx(0.4 / 2, rel=0.02)


def test_wav_of_unknown_length_and_tags_behind_an_mp3(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "pipe.wav", sine(SAMPLE_RATE)[0], SAMPLE_RATE)
    data = bytearray((tmp_path / "pipe.wav").read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"  # as programs write into a pipe
    (tmp_path / "pipe.wav").write_bytes(data)
    assert decode(tmp_path / "pipe.wav").seconds == pytest.approx(SECONDS, abs=0.01)
    mp3 = encode(tmp_path / "tags.mp3", "libmp3lame", 44_100, 1)
    mp3.write_bytes(mp3.read_bytes() + b"TAG" + b"title".ljust(125, b"\0"))
    assert decode(mp3).seconds == pytest.approx(SECONDS, abs=0.12)


def test_name_is_given_or_the_base_name(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", sine(SAMPLE_RATE)[0], SAMPLE_RATE)
    assert decode(tmp_path / "x.wav", name="/home/visitor/voice.wav").name == "voice.wav"


def bad(path: Path, *wanted: str) -> None:
    with pytest.raises(ValueError) as caught:
        decode(path)
    message = str(caught.value)
    assert path.name in message and "wanted" in message and "\n" not in message
    assert str(path.parent) not in message, "a visitor's path is private"
    for word in wanted:
        assert word in message, message


def test_missing_folder_empty(tmp_path: Path) -> None:
    bad(tmp_path / "none.wav", "does not exist")
    (tmp_path / "folder").mkdir()
    bad(tmp_path / "folder", "folder")
    (tmp_path / "zero.wav").touch()
    bad(tmp_path / "zero.wav", "0 bytes")


def test_not_media(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("To be, or not to be, that is the question.\n" * 50)
    bad(tmp_path / "text.wav")
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(50_000))
    bad(tmp_path / "noise.mp4")
    (tmp_path / "page.html").write_text("<html><body>hello</body></html>")
    bad(tmp_path / "page.html")


def test_header_without_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "header.wav", np.zeros(0), SAMPLE_RATE)
    bad(tmp_path / "header.wav")


def test_no_audio_stream(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    bad(tmp_path / "mute.mp4", "no audio stream")


def test_truncated(tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole.mp4", "aac", 44_100, 1, video=True).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])  # the index stands at the end
    bad(tmp_path / "half.mp4")
    soundfile.write(tmp_path / "whole.flac", np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE * 6), SAMPLE_RATE)
    data = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "half.flac").write_bytes(data[: len(data) // 2])
    bad(tmp_path / "half.flac", "damaged", "6.0 s")
    middle = bytearray(data)
    middle[20_000:160_000] = np.random.default_rng(1).bytes(140_000)
    (tmp_path / "holes.flac").write_bytes(middle)
    bad(tmp_path / "holes.flac", "damaged")


def test_too_short(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "click.wav", sine(SAMPLE_RATE, 0.15)[0], SAMPLE_RATE)
    bad(tmp_path / "click.wav", "0.15 s", "0.2 s")


def test_too_long_by_its_header_and_by_its_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.flac", np.zeros(4000 * 700, np.int16), 4000)
    bad(tmp_path / "long.flac", "11:40 min", "10:00 min")
    bad(encode(tmp_path / "long.aac", "aac", 8_000, 1, seconds=603), "10:00 min")  # ADTS: no length in the header


@pytest.mark.parametrize("rate", [1_000, 400_000])
def test_absurd_rate(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "rate.wav", sine(rate)[0], rate)
    bad(tmp_path / "rate.wav", str(rate), "384000")


def test_not_a_number(tmp_path: Path) -> None:
    samples = sine(SAMPLE_RATE)[0]
    samples[5000] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, SAMPLE_RATE, subtype="FLOAT")
    bad(tmp_path / "nan.wav", "not numbers")


def test_too_many_channels(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "many.wav", np.zeros((SAMPLE_RATE, 17)), SAMPLE_RATE)
    bad(tmp_path / "many.wav", "17", "16")
