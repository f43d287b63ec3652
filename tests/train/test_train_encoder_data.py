"""Crops keep sound and labels together through tempo and offset; the cache gives back what was made."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from talkdemo.audio.features import LogMel
from talkdemo.audio.phones import INDEX
from talkdemo.data.speech.augment_mel import MelAugmentation, augment_mel, to_mel, to_power, warped
from talkdemo.records import SAMPLE_RATE, Phone
from talkdemo.train.speech.data import SHARES, Crops, Utterance, mels, order_of

PHONES = (Phone(0.0, 1.0, "SIL"), Phone(1.0, 1.5, "M"), Phone(1.5, 3.0, "AA", 1), Phone(3.0, 3.5, "SIL"))


def spectrum() -> np.ndarray:
    """3.5 s whose level says which phone it is: 0, 1, 2, 0."""
    level = np.repeat([0.0, 1.0, 2.0, 0.0], [100, 50, 150, 50])
    return np.repeat(level[:, None], 80, 1).astype(np.float16)


def test_labels_follow_the_frames_at_every_tempo_and_offset():
    item = Utterance(Path("x"), PHONES, "a", "train")
    crops = Crops([item], [spectrum()], 4, seed=0)
    level = {INDEX["M"]: 1.0, INDEX["AA"]: 2.0}
    for _ in range(40):
        mel, labels, stress, order, soft = crops.crop(0)
        assert not soft.any() and mel.shape == (400, 80) and labels.shape == stress.shape == (200,)
        expected = np.array([level.get(int(label), 0.0) for label in labels])
        agree = np.abs(mel[::2, 0].clip(0) - expected) < 0.5
        assert agree.mean() > 0.96  # all but the frames at borders
        assert (stress == (labels == INDEX["AA"])).all()
        assert set(order.tolist()) <= {INDEX["M"], INDEX["AA"], -1}


def test_the_teacher_s_posteriors_go_with_the_frames():
    heard = np.eye(40, dtype=np.float16)[np.repeat([0, INDEX["M"], INDEX["AA"], 0], [100, 50, 150, 50])]
    crops = Crops([Utterance(Path("x"), PHONES, "a", "train", soft=heard)], [spectrum()], 4, seed=0)
    for _ in range(20):
        _, labels, _, _, soft = crops.crop(0)
        if soft.any():
            assert soft.sum(1) == pytest.approx(np.ones(200)) and (soft.argmax(1) == labels).mean() > 0.97


def test_corpora_are_drawn_by_their_shares():
    items = [Utterance(Path("a"), PHONES, "a", "train"), Utterance(Path("b"), PHONES, "b", "train", "speechocean762")]
    crops = Crops(items, [spectrum(), spectrum() + 5], 64, seed=0)
    mel, labels, *_ = next(iter(crops))
    assert mel.shape == (64, 400, 80) and torch.isfinite(mel).all() and labels.shape == (64, 200)
    wanted = np.array([SHARES["synthetic"], SHARES["speechocean762"]])
    assert crops.shares.tolist() == pytest.approx((wanted / wanted.sum()).tolist())


def test_order_is_what_lies_in_the_crop():
    inside = order_of(PHONES, 1.0, 2.0)
    assert inside[:2].tolist() == [INDEX["M"], -1]  # the vowel's middle lies beyond
    assert order_of(PHONES, 0.5, 2.0)[:3].tolist() == [INDEX["M"], INDEX["AA"], -1]


def test_spectra_are_made_once(tmp_path):
    samples = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    soundfile.write(tmp_path / "a.flac", samples, SAMPLE_RATE)
    items = [Utterance(tmp_path / "a.flac", PHONES, "a", "train")]
    first = mels(items, tmp_path / "cache", processes=1)[0]
    assert first.shape == (100, 80)
    (tmp_path / "a.flac").unlink()
    assert np.array_equal(mels(items, tmp_path / "cache")[0], first)


def test_formants_move_by_their_factor():
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(SAMPLE_RATE) / SAMPLE_RATE)[None]
    higher = torch.sin(2 * torch.pi * 1200 * torch.arange(SAMPLE_RATE) / SAMPLE_RATE)[None]
    mel = LogMel()(torch.cat([tone, higher]))
    moved = warped(mel[:1], torch.tensor([1.2]))
    assert abs(int(moved[0, 50].argmax()) - int(mel[1, 50].argmax())) <= 1
    assert torch.allclose(warped(mel, torch.ones(2)), mel, atol=5e-3)


def test_augmentation_that_never_happens_changes_nothing_and_the_rest_stays_finite():
    mel = LogMel()(torch.randn(3, SAMPLE_RATE, generator=torch.Generator().manual_seed(0)) * 0.1)
    never = MelAugmentation(0, equaliser=0, band=0, reverb=0, noise=0, codec=0, lost=0, level_db=0)
    assert torch.allclose(augment_mel(mel, torch.Generator().manual_seed(0), never), mel, atol=1e-3)
    always = MelAugmentation(1, equaliser=1, band=1, reverb=1, noise=1, music=1, codec=1, lost=1)
    loud = augment_mel(mel, torch.Generator().manual_seed(0), always)
    assert loud.shape == mel.shape and torch.isfinite(loud).all() and not torch.allclose(loud, mel, atol=0.1)
    assert torch.allclose(to_mel(to_power(mel)), mel, atol=1e-4)


def test_reverberation_smears_forwards_only():
    mel = to_mel(torch.zeros(1, 100, 80))
    mel[:, 40] = 1.0
    room = MelAugmentation(0, equaliser=0, band=0, reverb=1, noise=0, level_db=0)
    heard = to_power(augment_mel(mel, torch.Generator().manual_seed(0), room)).mean(-1)[0]
    assert heard[:40].max() < 1e-3 * heard[40] and heard[41] > heard[60] > 0
