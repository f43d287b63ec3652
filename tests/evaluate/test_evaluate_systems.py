"""Systems by name: which weights they mean, what is asked of the pipeline, and the cache of their motions."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo import pipeline as spine
from talkdemo.audio import ssl
from talkdemo.evaluate import cache, systems
from talkdemo.evaluate.systems import Model, decisive, make_system, model_system, parse_system
from talkdemo.records import Clip, Motion, Request, Speech


class FakePipeline:
    """Remembers what it was asked for; its motion is as long as the speech and full of the seed."""

    identities, emotions, students = ("Ada", "grid_s1"), ("neutral", "happy"), (8,)
    style_encoder = None  # DiffusionTalker
    talker = SimpleNamespace(config=SimpleNamespace(encoder="audio-encoder", style=None))

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def animate(self, request: Request) -> list[Motion]:
        self.asked.append(request)
        frames = request.speech.frames
        value = np.full((frames, 52), 0.001 * request.seed, np.float32)
        return [Motion(value, np.zeros((frames, 3), np.float32), meta={"steps": request.steps})]


def clip(identity: str = "Ada", emotion: str = "neutral", seconds: float = 1.0) -> Clip:
    speech = Speech(np.linspace(-1, 1, int(16_000 * seconds)).astype(np.float32), "ramp")
    return Clip(f"{identity}/0", "made", speech, "held-out", identity, emotion)


def test_names_of_systems():
    assert parse_system("full-512") == Model("diffusiontalker", 512, distilled=False)
    assert parse_system("student-8") == Model("diffusiontalker", 8, distilled=True)
    assert parse_system("diffusiontalker-8@8") == Model("diffusiontalker-8", 8)
    assert parse_system("runs/x/without.safetensors@32") == Model("runs/x/without.safetensors", 32)
    assert parse_system("regressor").checkpoint == "runs/regressor.safetensors"
    assert parse_system("loudness") is None and parse_system("student-x") is None
    assert parse_system("student-8-raw") == Model("diffusiontalker", 8, distilled=True, contact=0.0)
    assert parse_system("loudness-raw") is None


def test_the_learned_identity_is_used_and_strangers_are_matched_by_ear():
    pipeline = FakePipeline()
    system = model_system(Model("diffusiontalker", 8, distilled=True), pipeline)
    system(clip("grid_s1"), 3)
    system(clip("ljspeech", emotion="bored"), 3)
    assert [request.identity for request in pipeline.asked] == ["grid_s1", "auto"]
    speech = pipeline.asked[1].speech
    assert pipeline.asked[1] == Request(speech, identity="auto", emotion="neutral", steps=8, seed=3, distilled=True)


def test_what_is_not_installed_is_one_sentence(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"no student of 4 steps is installed \(installed: 8\)"):
        model_system(Model("diffusiontalker", 4, distilled=True), FakePipeline())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"regressor.safetensors is not there; .*--regressor"):
        make_system("regressor", [])
    with pytest.raises(ValueError, match="no checkpoint 'runs/nothing'"):
        make_system("runs/nothing@8", [])


def test_a_system_samples_from_one_file(monkeypatch, tmp_path):
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(tmp_path))
    for name in ("diffusiontalker", "diffusiontalker-16", "other"):
        (tmp_path / f"{name}.safetensors").write_text(name)

    def name(*settings) -> str:
        return Model(*settings).weights().stem

    assert name("diffusiontalker", 512, False) == name("diffusiontalker", 9) == name("diffusiontalker", 16, False)
    assert name("diffusiontalker", 16, True) == name("diffusiontalker", 16) == "diffusiontalker-16"
    assert name("other", 16) == "other"


def test_the_encoder_that_a_checkpoint_was_trained_on_decides_its_motions(monkeypatch, tmp_path):
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(tmp_path))
    for name in ("other", "audio-encoder", "children"):
        (tmp_path / f"{name}.safetensors").write_text(name)
    pipeline = FakePipeline()
    pipeline.talker = SimpleNamespace(config=SimpleNamespace(encoder="children", style=None))
    first = decisive(Model("other", 8), pipeline)
    (tmp_path / "audio-encoder.safetensors").write_text("trained again")
    assert decisive(Model("other", 8), pipeline) == first
    (tmp_path / "children.safetensors").write_text("trained again")
    assert decisive(Model("other", 8), pipeline) != first


def test_a_self_supervised_encoder_is_told_by_its_files(tmp_path):
    (tmp_path / "model.safetensors").write_text("one")
    first = systems.encoder_hash(f"ssl:{tmp_path}")
    assert first == systems.encoder_hash(f"ssl:{tmp_path}") != systems.encoder_hash("ssl:facebook/hubert-base-ls960")
    (tmp_path / "model.safetensors").write_text("another")
    assert systems.encoder_hash(f"ssl:{tmp_path}") != first


def test_a_single_checkpoint_is_opened_with_its_own_encoder(monkeypatch, tmp_path):
    talker = SimpleNamespace(config=SimpleNamespace(encoder="children", style=None))
    opened = []
    monkeypatch.setattr("talkdemo.talker.Talker.open", lambda name: (talker, SimpleNamespace(path=tmp_path / "x.st")))
    monkeypatch.setattr(ssl, "open_encoder", lambda name: opened.append(name) or "encoder")
    monkeypatch.setattr(systems, "SpeechToFace", lambda *parts, **more: SimpleNamespace(parts=parts))
    systems.open_pipeline.cache_clear()
    try:
        assert systems.open_pipeline("runs/x.st").parts[:3] == ("x", "encoder", talker)
    finally:
        systems.open_pipeline.cache_clear()
    assert opened == ["children"]


@pytest.fixture()
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def test_a_motion_is_computed_once_and_read_afterwards(folder):
    pipeline = FakePipeline()
    slow = model_system(Model("diffusiontalker", 8), pipeline)
    system = cache.cached_system(slow, ["hash of the weights", 8])
    first, again = system(clip(), 2), cache.cached_system(slow, ["hash of the weights", 8])(clip(), 2)
    assert len(pipeline.asked) == 1 and len(list(folder.iterdir())) == 1
    assert np.array_equal(first.coefficients, again.coefficients) and again.coefficients.dtype == np.float32
    assert again.meta["spent"] == first.meta["spent"] >= 0 and again.meta["steps"] == 8 and again.fps == 25
    louder = replace(clip(), speech=Speech(clip().speech.samples * 0.5, "ramp"))
    for other, seed in ((clip(), 3), (clip("grid_s1"), 2), (clip(emotion="happy"), 2), (louder, 2)):
        system(other, seed)
    assert len(pipeline.asked) == 5
    cache.cached_system(slow, ["hash of other weights", 8])(clip(), 2)
    assert len(pipeline.asked) == 6


def test_a_file_is_hashed_again_when_it_changes(tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"first")
    first = cache.file_hash(path)
    path.write_bytes(b"second, another")
    assert first != cache.file_hash(path)


def test_a_broken_file_is_made_again(folder):
    pipeline = FakePipeline()
    system = cache.cached_system(model_system(Model("diffusiontalker", 8), pipeline), [8])
    system(clip(), 0)
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    system(clip(), 0)
    system(clip(), 0)
    assert len(pipeline.asked) == 2 and [path.name for path in folder.iterdir()] == [file.name]


def test_comments_and_docstrings_do_not_count_as_code(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "PACKAGE", tmp_path)
    hashes = []
    for i, text in enumerate(('"""A."""\nx = 1\n', '"""B."""\n# why\nx = 1\n', '"""A."""\nx = 2\n')):
        (tmp_path / str(i)).mkdir()
        (tmp_path / str(i) / "a.py").write_text(text)
        hashes.append(cache.code(str(i)))
    assert hashes[0] == hashes[1] != hashes[2]


def test_open_pipeline_opens_models_by_name(monkeypatch):
    made = FakePipeline()
    monkeypatch.setattr(spine.SpeechToFace, "load", classmethod(lambda cls, name: made))
    systems.open_pipeline.cache_clear()
    try:
        assert systems.open_pipeline("diffusiontalker") is made
    finally:
        systems.open_pipeline.cache_clear()


def test_dpm_solver_samples_the_full_model():
    assert parse_system("full-8-dpm") == Model("diffusiontalker", 8, distilled=False, sampler="dpm++")
    assert parse_system("pose-full-8-dpm-raw") == Model("diffposetalk", 8, False, contact=0.0, sampler="dpm++")
    assert parse_system("loudness-dpm") is None
    pipeline = FakePipeline()
    model_system(parse_system("full-8-dpm"), pipeline)(clip(), 3)
    assert pipeline.asked[0].sampler == "dpm++" and pipeline.asked[0].distilled is False
    with pytest.raises(ValueError, match=r"students were distilled for ddim; dpm\+\+ takes full-8"):
        model_system(parse_system("student-8-dpm"), pipeline)
