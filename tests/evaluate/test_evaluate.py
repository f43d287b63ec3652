"""evaluate on a face of nine vertices and clips made here: known scores, determinism, the written files."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from talkdemo.__main__ import main
from talkdemo.data.corpora import grid, shared
from talkdemo.evaluate import articulation, systems
from talkdemo.evaluate import motion as ev
from talkdemo.evaluate import sets as evaluate_sets
from talkdemo.evaluate.measurement import Measurer
from talkdemo.evaluate.performances import SYSTEM_SEED, perform
from talkdemo.evaluate.results import Report, Row, Scored, comparisons, margin
from talkdemo.face import arkit
from talkdemo.metrics import statistics
from talkdemo.metrics.dynamics import GROUPS
from talkdemo.metrics.openness import openness
from talkdemo.metrics.phones import frames_of
from talkdemo.metrics.table import METRICS
from talkdemo.records import Clip, Motion, Phone, Speech

JAW, PUCKER, BLINK = arkit.INDEX["jawOpen"], arkit.INDEX["mouthPucker"], arkit.indices("eyeBlink")


class TinyFace:
    """Vertices 0, 1: inner lips; 2, 3: mouth corners; 4 to 8: brow and eyes. jawOpen 1 lowers the lip by 20 mm."""

    def __init__(self) -> None:
        places = {"lips": [0, 1, 2, 3], "inner_lips": [0, 1], "upper_face": [4, 5, 6], "eyes": [7, 8]}
        self.masks = {name: torch.tensor(some) for name, some in places.items()}
        self.inner_lip_middle = (0, 1)

    def __call__(self, coefficients: torch.Tensor, head: None) -> torch.Tensor:
        vertices = torch.zeros(*coefficients.shape[:-1], 9, 3)
        vertices[..., 1, 1] = -0.020 * coefficients[..., JAW]
        vertices[..., 2, 0] = 0.025 - 0.010 * coefficients[..., PUCKER]
        vertices[..., 3, 0] = -0.025 + 0.010 * coefficients[..., PUCKER]
        vertices[..., 7, 1] = -0.010 * coefficients[..., BLINK[0]]
        return vertices


def landmarks(vertices: torch.Tensor) -> torch.Tensor:
    marks = torch.zeros(*vertices.shape[:-2], 68, 3)
    marks[..., 48, :], marks[..., 54, :] = vertices[..., 2, :], vertices[..., 3, :]
    return marks


@pytest.fixture(scope="module")
def measurer() -> Measurer:
    return Measurer(TinyFace(), landmarks)


def make_clip(seed: int, frames: int = 150) -> Clip:
    """Random phones; a mouth that does exactly what they want; sound as loud as the mouth is open."""
    rng = np.random.default_rng(seed)
    labels = ["SIL", *rng.permutation(["AA", "B", "IY", "P", "UW", "S", "M", "EH", "T", "OW", "K", "AH"]), "SIL"]
    cuts = np.concatenate([[0.4], rng.dirichlet(np.full(len(labels) - 2, 8.0)) * (frames / 25 - 0.8), [0.4]]).cumsum()
    phones = tuple(
        Phone(float(a), float(b), str(label)) for a, b, label in zip([0, *cuts[:-1]], cuts, labels, strict=True)
    )
    coefficients = np.zeros((frames, 52), np.float32)
    coefficients[:, JAW] = openness(phones, frames)
    coefficients[:, PUCKER] = frames_of(phones, {"UW", "OW", "W"}, frames)
    coefficients[40:44, BLINK] = [[0.5], [1.0], [0.6], [0.2]]
    samples = 0.3 * np.repeat(coefficients[:, JAW], 640) * rng.standard_normal(frames * 640)
    head = 0.1 * np.sin(np.arange(frames)[:, None] / np.array([7.0, 9.0, 11.0]))
    motion = Motion(coefficients, head.astype(np.float32))
    speech = Speech(samples.astype(np.float32), f"clip{seed}")
    return Clip(f"clip{seed}", "made", speech, "held-out", "Ada", phones=phones, motion=motion)


def figures(*settings) -> dict[str, float]:
    """The pooled scores of an evaluation."""
    return Row("made", "system", ev.evaluate(*settings), 0, 0).metrics


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [make_clip(seed) for seed in range(6)]


def test_truth_scores_perfectly(clips, measurer):
    system = ev.make_system("truth", clips)
    metrics = figures(clips, system, measurer)
    for name in ("lve", "lve_squared", "fdd", "fdd_absolute", "eve", "mve", "mod", "mbe", "lbe"):
        assert metrics[name] == 0, name
    assert metrics["r_truth"] == pytest.approx(1) and metrics["ba_truth"] == 1
    assert metrics["r_jaw"] == pytest.approx(1) == metrics["r_pucker"] and abs(metrics["r_jaw_shuffled"]) < 0.5
    assert metrics["r_phones"] == pytest.approx(1, abs=1e-4)
    assert metrics["hits"] == 100 and metrics["false"] < 5
    assert metrics["rounding"] == 100
    assert metrics["blinks"] == pytest.approx(10)
    assert abs(metrics["lag"]) <= 20
    assert metrics["blink_peak"] == pytest.approx(1)
    assert metrics["rest"] < 0.5 and metrics["rest_open"] < 10
    assert abs(metrics["r_phones_shuffled"]) < 0.5 and metrics["ba_shuffled"] <= 1
    assert metrics["sync"] > metrics["sync_shuffled"] + 0.2
    assert metrics["ba_truth"] == 1 and 0 < metrics["ba_truth_shuffled"] <= 1


def test_a_known_error_is_reported_in_millimetres(clips, measurer):
    def wide(clip: Clip, seed: int) -> Motion:
        coefficients = clip.motion.coefficients.copy()
        coefficients[:, JAW] += 0.1  # 2 mm at the lower lip
        return Motion(coefficients, clip.motion.head)

    metrics = figures(clips, wide, measurer)
    assert metrics["lve"] == pytest.approx(2.0, rel=1e-4)
    assert metrics["mod"] == pytest.approx(2.0, rel=1e-4)
    assert metrics["lve_squared"] == pytest.approx(0.4, rel=1e-4)  # 4e-6 m² in 1e-5 m²
    assert metrics["mbe"] == pytest.approx(0.1 / 52, rel=1e-4)


def test_baselines_lie_between(clips, measurer, monkeypatch):
    loud = figures(clips, ev.make_system("loudness", clips), measurer)
    pose = np.mean([clip.motion.coefficients.mean(axis=0) for clip in clips], axis=0)
    monkeypatch.setattr(systems, "mean_coefficients", lambda corpus: pose if corpus == "made" else None)
    mean = figures(clips, ev.make_system("mean", clips), measurer)
    assert mean["lve"] > 0 and "r_phones" not in mean and mean["hits"] == 0  # still and a little open
    assert loud["r_phones"] > 0.6 and loud["r_phones"] > loud["r_phones_shuffled"]


def test_masked_channels_do_not_count(clips, measurer):
    mask = np.ones(52, bool)
    mask[PUCKER] = False
    masked = [replace(clip, mask=mask) for clip in clips]

    def puckered(clip: Clip, seed: int) -> Motion:
        coefficients = clip.motion.coefficients.copy()
        coefficients[:, PUCKER] = 1
        return Motion(coefficients, clip.motion.head)

    metrics = figures(masked, puckered, measurer)
    assert metrics["lve"] == 0 and metrics["mbe"] == 0
    metrics = figures(clips, puckered, measurer)
    assert metrics["lve"] > 0


def test_a_truth_without_eyes_says_nothing_of_eyes(clips, measurer):
    mask = np.ones(52, bool)
    mask[[*arkit.EYES, *arkit.BROWS]] = False
    blind = [replace(clip, mask=mask) for clip in clips]
    blinking = [clip.motion for clip in clips]

    def system(clip: Clip, seed: int) -> Motion:
        return replace(blinking[int(clip.name.removeprefix("clip"))])

    metrics = figures(blind, system, measurer)
    assert not {"fdd", "fdd_absolute", "eve"} & set(metrics) and metrics["lve"] == 0
    assert metrics["blinks"] == pytest.approx(10)  # the system's own eyes are there
    metrics = figures(blind, lambda clip, seed: clip.motion, measurer)
    assert "blinks" not in metrics


def test_the_same_seed_gives_the_same_figures_and_diversity_is_measured(clips, measurer):
    def noisy(clip: Clip, seed: int) -> Motion:
        rng = np.random.default_rng(seed)
        return Motion(rng.random((len(clip.motion), 52)).astype(np.float32), clip.motion.head)

    first, again, other, one = (figures(clips, noisy, measurer, seeds) for seeds in ((3, 4), (3, 4), (4, 5), (3,)))
    assert first == again and first["lve"] != other["lve"]
    assert first["diversity"] > 0 and "diversity" not in one
    found = ev.evaluate(clips, noisy, measurer, (3, 4))
    assert [clip["lve"][1] for clip in found] == [2] * 6 and Row("made", "noisy", found, 0, 0).scores[
        "lve"
    ].estimate().n == 6


def test_the_table_of_metrics_names_all_that_is_measured_and_nothing_else(clips, head):
    """On the shipped head, which alone has teeth; variances are only measured against another system's."""
    lips = [
        replace(one, phones=tuple(replace(p, label="F") if p.label == "S" else p for p in one.phones)) for one in clips
    ]
    metrics = figures(lips, ev.make_system("articulation", lips), head, (0, 1))
    assert set(metrics) | set(GROUPS) == set(METRICS)


def test_length_must_agree(clips, measurer):
    short = lambda clip, seed: Motion(clip.motion.coefficients[:-20], clip.motion.head[:-20])  # noqa: E731
    with pytest.raises(ValueError, match="130 frames against a truth of 150"):
        ev.evaluate(clips, short, measurer)


def test_unknown_systems_are_named(clips):
    with pytest.raises(ValueError, match="'louder'"):
        ev.make_system("louder", clips)
    bare = [replace(clip, phones=None, motion=None) for clip in clips]
    for name, missing in (("truth", "no true motion"), ("articulation", "no phones")):
        with pytest.raises(ValueError, match=missing):
            ev.make_system(name, bare)


def test_unknown_names_are_refused_before_any_work(capsys):
    assert main(["evaluate", "--sets", "films"]) == 2
    assert "'films'; wanted one of synthetic" in capsys.readouterr().err
    assert main(["evaluate", "motion", "--systems", "louder"]) == 2
    assert "'louder'; wanted truth, mean" in capsys.readouterr().err


def test_the_articulation_model_is_deterministic_and_depends_on_its_seed(clips):
    a, b, c = perform(clips[0], 1), perform(clips[0], 1), perform(clips[0], 2)
    assert np.array_equal(a.coefficients, b.coefficients)
    assert not np.array_equal(a.coefficients, c.coefficients)
    system = ev.make_system("articulation", clips)
    assert np.array_equal(system(clips[0], 5).coefficients, perform(clips[0], SYSTEM_SEED + 5).coefficients)


def rows_of(**systems: float) -> list[Row]:
    """System → how far its lips are off on six clips; its head turns as fast as the truth's."""
    rng = np.random.default_rng(0)
    clip = rng.normal(2, 0.5, 6)
    return [
        Row("grid", name.replace("_", "-"), [
            {"lve": (float(c + off), 1.0), "hits": (300.0, 3.0), "fdd": (off, 1.0), "r_phones_shuffled": (0.1, 1.0)}
            | {f"variance of channel {k}": (5.0 + off, 10.0) for k in range(55)}
            for c in clip
        ], 900, 1.5)
        for name, off in systems.items()
    ]  # fmt: skip


def test_one_json_holds_what_the_tables_show(tmp_path):
    rows = rows_of(full_512=0.0, student_8=0.04, full_2_dpm=1.0)
    compared = list(ev.against_full(rows))
    report = Report(
        "motion", {"sets": ["grid"]}, {"cores": 2}, {"student-8": {"nfe": 8}}, [*map(Scored.of, rows)], compared
    )
    report.write(tmp_path / "m" / "scores.json")
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["scores.json"]
    again = Report.read(tmp_path / "m" / "scores.json")
    assert str(again) == str(report) and again.systems == report.systems
    text = str(again)
    lve = report.rows[0].scores["lve"]
    assert f"| LVE (mm) | {lve.value:.2f} [{lve.low:.2f}, {lve.high:.2f}] |" in text and "| lower | 6 |" in text
    assert "### student-8 against full-512" in text and "### full-2-dpm against full-512" in text
    assert "| grid | LVE (mm) | 0.04 [0.04, 0.04] | 10" in text  # the same on every clip, whatever the clips' spread
    (tmp_path / "none.json").write_text('{"rows": 3}')
    with pytest.raises(ValueError, match="none.json.*the JSON of an evaluation is wanted"):
        Report.read(tmp_path / "none.json")


def test_students_are_held_to_the_margin_of_their_steps():
    full, near, far = rows_of(full_512=0.0, student_8=0.04, full_2=1.0)
    found = {one.score: one for one in comparisons(near, full, 8)}
    assert found["lve"].equivalent and found["lve"].margin == 0.05 == margin("lve", 16) and margin("lve", 2) == 0.12
    assert found["variance_upper"].margin == 0.10 and found["variance_upper"].ratio.value == pytest.approx(5.04 / 5)
    assert found["variance_upper"].difference is None and not {"fdd", "r_phones_shuffled"} & set(found)
    assert not {one.score: one for one in comparisons(far, full, 2)}["lve"].equivalent
    assert found["hits"].ratio.value == 1 and found["hits"].equivalent


def test_a_run_that_is_done_again_says_what_differs(clips, measurer, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(ev, "load_set", lambda name, count: clips[:count])
    monkeypatch.setattr(Measurer, "load", classmethod(lambda cls: measurer))
    path = tmp_path / "scores.json"
    assert (
        main(["evaluate", "--sets", "synthetic", "--systems", "truth", "loudness", "--clips", "3", "--out", str(path)])
        == 0
    )
    printed = capsys.readouterr().out
    assert main(["evaluate", "--show", str(path)]) == 0 and capsys.readouterr().out == printed
    written = path.read_text()
    assert main(["evaluate", "--replay", str(path)]) == 0
    assert "scores measured again, 0 of them differ" in capsys.readouterr().out
    record = json.loads(written)
    record["environment"]["torch"] = "0.1"
    record["rows"][1]["scores"]["lve"]["value"] *= 1.01
    path.write_text(json.dumps(record))
    assert main(["evaluate", "--replay", str(path)]) == 1
    output = capsys.readouterr().out
    assert "1 of them differ" in output and "| torch | 0.1 |" in output and "| synthetic, loudness: LVE |" in output
    assert "code" in record["environment"] and record["systems"] == {"truth": {}, "loudness": {}}


def test_absent_sets_are_one_sentence(capsys, monkeypatch, measurer, tmp_path):
    def nothing(name: str, count: int) -> list[Clip]:
        raise FileNotFoundError("no shared data here")

    monkeypatch.setattr(ev, "load_set", nothing)
    monkeypatch.setattr(Measurer, "load", classmethod(lambda cls: measurer))
    assert main(["evaluate", "--sets", "ljspeech", "--out", str(tmp_path / "m.json")]) == 2
    err = capsys.readouterr().err
    assert "ljspeech left out: no shared data here" in err and "Traceback" not in err
    assert not (tmp_path / "m.json").exists()


def test_a_corpus_that_is_not_there_names_its_command(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="make corpus"):
        ev.load_set("synthetic", 4)
    with pytest.raises(FileNotFoundError, match="make corpus"):
        evaluate_sets.mean_coefficients("synthetic")


def test_silence_is_silent_and_has_known_identities():
    clips = ev.load_set("silence", 24)
    assert len(clips) == evaluate_sets.QUIET_CLIPS and len({clip.identity for clip in clips}) == len(clips)
    assert all(clip.speech.seconds == 30 and [p.label for p in clip.phones] == ["SIL"] for clip in clips)
    levels = [float(np.sqrt(np.mean(clip.speech.samples**2))) for clip in clips]
    assert levels[0] == 0 and levels[1] == pytest.approx(evaluate_sets.QUIET_LEVEL, rel=0.01)


def test_idle_figures_come_from_the_silence(measurer):
    clips = ev.load_set("silence", 2)

    def idle(clip: Clip, seed: int) -> Motion:
        coefficients = np.zeros((750, 52), np.float32)
        coefficients[100:400:100, BLINK] = 0.9  # three blinks in 30 s
        coefficients[:75, JAW] = 0.1  # 2 mm for a tenth of the time
        return Motion(coefficients, np.zeros((750, 3), np.float32))

    metrics = figures(clips, idle, measurer)
    assert metrics["blinks"] == pytest.approx(6) and metrics["blink_peak"] == pytest.approx(0.9)
    assert metrics["rest_open"] == pytest.approx(10) and metrics["rest"] == pytest.approx(0.2, rel=1e-3)
    assert "hits" not in metrics and "r_phones" not in metrics


def test_languages_are_not_english_and_voices_are_strangers():
    languages = {evaluate_sets.VOICES[name].language for name in evaluate_sets.VOICES_OF["languages"]}
    assert languages == {"de", "fr", "es", "it", "pt", "ru", "hi", "ja", "tr", "zh"}
    assert not set(evaluate_sets.VOICES_OF["languages"]) & set(evaluate_sets.IDENTITY_VOICES)
    assert all(name.startswith("heldout-") for name in evaluate_sets.VOICES_OF["voices"])


@pytest.mark.skipif(shared.root() is None, reason="no shared data (../shared/data or TALKDEMO_SHARED)")
def test_facegood_is_cut_and_keeps_its_mask():
    clips = ev.load_set("facegood", 3)
    assert len(clips) == 3 and all(clip.split == "held-out" and 4 < clip.speech.seconds <= 12.1 for clip in clips)
    assert all(clip.mask[JAW] and not clip.mask[BLINK].any() for clip in clips)
    assert abs(len(clips[0].motion) - clips[0].speech.frames) <= 3


@pytest.fixture(scope="module")
def head() -> Measurer:
    return Measurer.load()


def pose(**channels: float) -> Motion:
    coefficients = np.zeros((1, 52), np.float32)
    for name, value in channels.items():
        coefficients[:, arkit.indices(name)] = value
    return Motion(coefficients, np.zeros((1, 3), np.float32))


def test_the_shipped_head_is_measured_as_it_moves(head):
    rest = head.measure(pose())
    assert rest.gap[0] < 0.0005
    assert head.measure(pose(jawOpen=0.3)).gap[0] > 0.005
    assert head.measure(pose(jawOpen=0.3, mouthClose=0.3)).gap[0] < 0.001
    assert head.measure(pose(mouthPucker=0.8)).width[0] < rest.width[0] - 0.002
    assert head.measure(pose(mouthSmile=0.8)).width[0] > rest.width[0] + 0.002
    assert (
        head.measure(pose(jawOpen=0.06, mouthRollLower=0.5)).teeth_distance[0]
        < rest.teeth_contact
        < rest.teeth_distance[0]
    )
    assert head.measure(pose(jawOpen=0.3)).teeth_distance[0] > rest.teeth_contact


def test_regions_of_the_shipped_head_move_with_their_channels(head):
    def moved(region: np.ndarray, **channels: float) -> float:
        shift = head.measure(pose(**channels)).vertices[0] - head.regions.template
        return float(np.linalg.norm(shift[region], axis=-1).max())

    assert moved(head.regions.lips, jawOpen=0.5) > 0.008 > 0.002 > moved(head.regions.eyes, jawOpen=0.5)
    assert moved(head.regions.eyes, eyeBlink=1) > 0.004 and moved(head.regions.lips, eyeBlink=1) < 0.0005
    assert moved(head.regions.upper_face, browInnerUp=1) > 0.003


@pytest.mark.skipif(shared.root() is None, reason="no shared data (../shared/data or TALKDEMO_SHARED)")
def test_the_articulation_model_is_compared_with_real_people():
    figures = statistics.statistics([articulation.tracks(clip, clip.motion) for clip in grid.clips(6)])
    table = articulation.table({"grid_s1": figures, "live_link_face": figures, "facegood": figures}, figures)
    assert len(table.rows) == len(articulation.COMPARED) and set(figures) <= set(articulation.COMPARED)
    assert "| 1.00 | grid_s1 |" in str(table)
