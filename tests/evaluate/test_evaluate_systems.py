"""Systems by name: which weights they mean, what is asked of the pipeline, and the cache of their motions."""

from dataclasses import replace

import numpy as np
import pytest

from talkdemo.evaluate import cache, systems
from talkdemo.evaluate.systems import Model, make_system, model_system, parse_system
from talkdemo.records import Clip, Motion, Speech


class FakePipeline:
    """Remembers what it was asked for; its motion is as long as the speech and full of the seed."""

    identities, emotions, students = ("Ada", "grid_s1"), ("neutral", "happy"), (8,)
    style_encoder = None  # DiffusionTalker

    def __init__(self) -> None:
        self.asked: list[dict] = []

    def animate(self, speech: Speech, **choices: object) -> list[Motion]:
        self.asked.append(choices)
        value = np.full((speech.frames, 52), 0.001 * choices["seed"], np.float32)
        return [Motion(value, np.zeros((speech.frames, 3), np.float32), meta={"steps": choices["steps"]})]


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
    assert [asked["identity"] for asked in pipeline.asked] == ["grid_s1", "auto"]
    wanted = {"identity": "auto", "emotion": "neutral", "steps": 8, "seed": 3, "distilled": True, "contact": 1.0}
    assert pipeline.asked[1] == wanted


def test_what_is_not_installed_is_one_sentence(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"no student of 4 steps is installed \(installed: 8\)"):
        model_system(Model("diffusiontalker", 4, distilled=True), FakePipeline())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"regressor.safetensors is not there; .*--regressor"):
        make_system("regressor", [], lambda: None)
    with pytest.raises(ValueError, match="no checkpoint 'runs/nothing'"):
        make_system("runs/nothing@8", [], lambda: None)


def test_weights_of_a_system_are_the_files_it_samples_from(monkeypatch, tmp_path):
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(tmp_path))
    for name in ("one", "one-8", "audio-encoder"):
        (tmp_path / f"{name}.safetensors").write_text(name)

    def names(model: Model) -> list[str]:
        return [path.stem for path in model.weights()]

    assert names(Model("one", 512, distilled=False)) == ["one", "audio-encoder"]
    assert names(Model("one", 8, distilled=True)) == ["one-8", "audio-encoder"]
    assert names(Model("one", 8)) == ["one", "one-8", "audio-encoder"]
    assert names(Model("one", 9)) == ["one", "audio-encoder"]


@pytest.fixture()
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def test_a_motion_is_computed_once_and_read_afterwards(folder, tmp_path):
    weights = tmp_path / "weights"
    weights.write_bytes(b"first")
    pipeline = FakePipeline()
    slow = model_system(Model("diffusiontalker", 8), pipeline)
    system = cache.remembered(slow, [weights], [8, None])
    first, again = system(clip(), 2), cache.remembered(slow, [weights], [8, None])(clip(), 2)
    assert len(pipeline.asked) == 1 and len(list(folder.iterdir())) == 1
    assert np.array_equal(first.coefficients, again.coefficients) and again.coefficients.dtype == np.float32
    assert again.meta["spent"] == first.meta["spent"] >= 0 and again.meta["steps"] == 8 and again.fps == 25
    louder = replace(clip(), speech=Speech(clip().speech.samples * 0.5, "ramp"))
    for other, seed in ((clip(), 3), (clip("grid_s1"), 2), (clip(emotion="happy"), 2), (louder, 2)):
        system(other, seed)
    assert len(pipeline.asked) == 5
    cache.remembered(slow, [weights], [16, None])(clip(), 2)
    weights.write_bytes(b"second, another")
    cache.remembered(slow, [weights], [8, None])(clip(), 2)
    assert len(pipeline.asked) == 7


def test_a_broken_file_is_made_again(folder, tmp_path):
    weights = tmp_path / "weights"
    weights.write_bytes(b"w")
    pipeline = FakePipeline()
    system = cache.remembered(model_system(Model("diffusiontalker", 8), pipeline), [weights], [8])
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
    from talkdemo.pipeline import SpeechToFace

    made = FakePipeline()
    monkeypatch.setattr(SpeechToFace, "load", classmethod(lambda cls, name: made))
    systems.open_pipeline.cache_clear()
    try:
        assert systems.open_pipeline("diffusiontalker") is made
    finally:
        systems.open_pipeline.cache_clear()
