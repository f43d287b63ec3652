"""Two motions with known differences: distances, closures, blinks, speed-up as counted by hand; the verb; the film."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo import __main__ as command
from talkdemo.compare import report as compare_report
from talkdemo.compare.comparison import Lips, closed_runs, compare, lip_distance, lips, shared
from talkdemo.compare.settings import Setting, Takes, check, names, sample, style_name, titles
from talkdemo.face.arkit import INDEX, indices
from talkdemo.face.head import FaceModel
from talkdemo.film import pair as compare_film
from talkdemo.records import Motion, Speech, Stopped
from talkdemo.render import motion as motion_video

ROOT = Path(__file__).parents[2]
FULL, QUICK = Setting(512, False), Setting(8, True)
POSE = Setting(8, True, "diffposetalk", "calm")


@pytest.fixture(scope="module")
def face() -> FaceModel:
    return FaceModel.load()


def hum(frames: int = 100) -> Speech:
    return Speech(np.zeros(frames * 640, np.float32), "hum")


def motion(jaw: np.ndarray, seconds: float = 1.0, blinks: tuple[int, ...] = ()) -> Motion:
    """The jaw opens as told; the eyes blink around these frames."""
    coefficients = np.zeros((len(jaw), 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = jaw
    for middle in blinks:
        for frame, lid in ((middle - 1, 0.5), (middle, 1.0), (middle + 1, 0.5)):
            coefficients[frame, indices("eyeBlink")] = lid
    meta = {"model": "m", "nfe": 3, "seed": 1, "identity": "Ada", "seconds": {"encode": 0.5, "sample": seconds}}
    return Motion(coefficients, np.zeros((len(jaw), 3), np.float32), meta=meta)


def waves(frames: int = 100, period: int = 20) -> np.ndarray:
    """0..0.6: shut around multiples of the period."""
    return (0.3 - 0.3 * np.cos(2 * np.pi * np.arange(frames) / period)).astype(np.float32)


def test_closed_runs_are_the_stretches_below_15_percent() -> None:
    gap = np.full(100, 10e-3)
    gap[10:13], gap[40], gap[95:] = 0, 1.4e-3, 1e-3
    gap[60:70] = 1.6e-3  # just open
    assert closed_runs(gap) == [(10, 13), (40, 41), (95, 100)]
    assert closed_runs(np.zeros(7)) == [(0, 7)]  # never opens: shut throughout
    assert closed_runs(np.full(7, 0.4e-3)) == [(0, 7)] and closed_runs(np.full(7, 9e-3)) == []


@pytest.mark.parametrize(
    ("a", "b", "count"),
    [
        ([(0, 3), (10, 12)], [(0, 3), (10, 12)], 2),
        ([(0, 3)], [(3, 5)], 1),  # one frame later is the same event
        ([(0, 3)], [(5, 6)], 0),
        ([(0, 10)], [(1, 2), (4, 5)], 1),  # each counts once
        ([(0, 2), (8, 9), (20, 30)], [(9, 10), (25, 26), (40, 41)], 2),
        ([], [(1, 2)], 0),
    ],
)
def test_shared_closures(a: list, b: list, count: int) -> None:
    assert shared(a, b) == shared(b, a) == count


def test_lip_distance_is_the_farthest_vertex_in_millimetres() -> None:
    still = np.zeros((3000, 4, 3))
    moved = still.copy()
    moved[:, 1, 2] = 1e-3
    moved[2500:, 3] = (0.0, 3e-3, 4e-3)
    track = lip_distance(Lips(still, still[:, 0, 0]), Lips(moved, still[:, 0, 0]))
    np.testing.assert_allclose(track, np.r_[np.full(2500, 1.0), np.full(500, 5.0)])


def test_equal_motions_are_at_no_distance(face: FaceModel) -> None:
    takes = Takes((FULL, QUICK), (motion(waves(), 40.0, (30, 80)), motion(waves(), 0.5, (30, 80))))
    figures = compare(face, takes)
    assert figures.distance["max"] == 0 and figures.opening_r == pytest.approx(1) and figures.agreement == 1
    assert figures.closures == (6, 6) == (figures.shared_closures,) * 2
    assert figures.blinks == (30, 30)  # two in four seconds
    assert figures.speed_up("encode", "sample") == pytest.approx(40.5) and figures.speed_up("sample") == pytest.approx(
        80
    )
    assert figures.other_seed is None and len(figures.apart) == 100


def test_lips_and_gaps_follow_the_jaw_alone(face: FaceModel) -> None:
    turned = motion(waves())
    turned = Motion(turned.coefficients, np.full((100, 3), 0.3, np.float32), meta=turned.meta)
    still, moving = lips(face, motion(waves())), lips(face, turned)
    np.testing.assert_array_equal(still.vertices, moving.vertices)  # the head is held still
    assert still.vertices.shape == (100, len(face.masks["lips"]), 3) and still.gap.min() < 1e-3 < still.gap.max()
    figures = compare(face, Takes((FULL, QUICK), (motion(waves()), motion(0.5 * waves())), motion(0.4 * waves())))
    distance = figures.distance
    assert 1 < distance["mean"] < distance["p95"] <= distance["max"] < 40
    assert figures.other_seed["mean"] < distance["mean"] and figures.opening_r > 0.99


def test_one_that_never_shuts_agrees_with_nobody(face: FaceModel) -> None:
    open_ = np.full(100, 0.5, np.float32)
    both = compare(face, Takes((FULL, QUICK), (motion(open_), motion(open_))))
    assert both.closures == (0, 0) and both.agreement is None
    assert "none in either" in compare_report.closure_sentence(compare_report.record(both))
    one = compare(face, Takes((FULL, QUICK), (motion(waves()), motion(open_))))
    assert one.closures == (6, 0) and one.agreement == 0
    assert "opening_correlation" not in compare_report.record(one)


def test_motions_of_different_length_are_refused(face: FaceModel) -> None:
    with pytest.raises(ValueError, match="100 frames.*90"):
        compare(face, Takes((FULL, QUICK), (motion(waves()), motion(waves(90)))))


def test_settings() -> None:
    assert Setting.choose(8, (8, 4)) == QUICK and Setting.choose(8, (8, 4), full=True) == Setting(8, False)
    assert Setting.choose(9, (8,)) == Setting(9, False)
    assert (FULL.name, QUICK.name) == ("full-512", "student-8") and QUICK.title == "Student, 8 steps"
    talkers = {"diffusiontalker": SimpleNamespace(students=(8,))}
    check((FULL, QUICK), talkers)
    with pytest.raises(ValueError, match="both sides are the full model, 512 steps"):
        check((FULL, FULL), talkers)
    with pytest.raises(ValueError, match="student of 4 steps.*installed are: 8"):
        check((FULL, Setting(4, True)), talkers)
    with pytest.raises(ValueError, match="model diffposetalk is not there; there are: diffusiontalker"):
        check((FULL, POSE), talkers)


def test_settings_are_called_by_what_tells_them_apart() -> None:
    assert names((FULL, QUICK)) == ("full-512", "student-8") and titles((FULL, QUICK))[1] == "Student, 8 steps"
    assert names((QUICK, POSE)) == ("student-8", "pose-student-8")
    assert titles((QUICK, POSE)) == ("DiffusionTalker student, 8 steps", "DiffPoseTalk student, 8 steps")
    lively = replace(POSE, style={"calm": 1.0, "lively": 3.0})
    assert names((POSE, lively)) == ("pose-student-8-first", "pose-student-8-second")
    assert titles((POSE, lively)) == ("Student, 8 steps, calm", "Student, 8 steps, calm 25 %, lively 75 %")
    assert titles((POSE, lively), lambda style: "X")[0] == "Student, 8 steps, X"
    assert (
        style_name(Path("a/clip.mp4")) == style_name("a/clip.mp4") == "clip.mp4" and style_name(None) == "default style"
    )


def test_sampling_gives_both_the_same_and_tells_how_far_it_is(stand_in) -> None:
    reports = []
    settings, pipelines = tuple(replace(one, style="Mei") for one in (FULL, QUICK)), {"diffusiontalker": stand_in}
    takes = sample(pipelines, hum(), settings, emotion="sad", seed=5, progress=lambda *report: reports.append(report))
    assert all(request.identity == "Mei" and request.emotion == "sad" for request in stand_in.requests)
    warm_up, measured = stand_in.requests[:2], stand_in.requests[2:]
    assert [request.speech.frames for request in warm_up] == [25, 25]
    assert [(r.speech.frames, r.steps, r.distilled, r.seed) for r in measured] == [
        (100, 512, False, 5),
        (100, 8, True, 5),
        (100, 8, True, 6),
    ]
    assert list(dict.fromkeys(stage for stage, _ in reports)) == ["full-512", "student-8"] and reports[-1][1] == 1
    assert takes.quicker == 1 and takes.other_seed.meta["seed"] == 6
    assert sample(pipelines, hum(10), (Setting(40, False), FULL)).other_seed is None  # a second sample would take long


def test_each_side_has_its_model_and_its_style(stand_in) -> None:
    pose = type(stand_in)()
    takes = sample({"diffusiontalker": stand_in, "diffposetalk": pose}, hum(), (QUICK, POSE), emotion="sad")
    first, second = stand_in.requests[-1], pose.requests[1]
    assert (first.model, first.identity, first.emotion, first.reference) == ("diffusiontalker", None, "sad", None)
    assert (second.model, second.identity, second.emotion, second.reference) == ("diffposetalk", None, None, "calm")
    assert takes.motions[1].meta["reference"] == "calm" and takes.names == ("student-8", "pose-student-8")


def test_stop_ends_the_sampling(stand_in) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        sample({"diffusiontalker": stand_in}, hum(), (FULL, QUICK), stop=stop)


def test_record_and_table_say_what_was_measured(face: FaceModel) -> None:
    takes = Takes((FULL, QUICK), (motion(waves(), 39.5), motion(waves(), 0.5)), motion(0.5 * waves()))
    made = compare_report.record(compare(face, takes), speech="a.wav", character=None)
    assert made["speed_up"] == 40 and made["speed_up_sampling"] == 79 and made["frames"] == 100
    first, second = made["runs"]
    assert first["seconds"] == {"encode": 0.5, "sample": 39.5, "total": 40} and second["name"] == "student-8"
    assert made["lip_distance_mm"] == {"mean": 0, "p95": 0, "max": 0} and made["lip_distance_other_seed_mm"]["mean"] > 1
    assert made["closures"] == {"counts": [6, 6], "shared": 6, "agreement": 1} and "character" not in made
    json.dumps(made)
    table = compare_report.markdown(made)
    assert "| | full model, 512 steps | student, 8 steps |" in table
    assert "| speech → motion | 40.00 s | 1.00 s |" in table
    assert "Student, 8 steps: 40.0 × as fast" in table and "6 of 6 and 6 (agreement 100%)" in table
    turned = Takes((QUICK, FULL), takes.motions[::-1])
    assert "Student, 8 steps: 40.0 × as fast" in compare_report.markdown(compare_report.record(compare(face, turned)))


class Painter:
    """In place of the renderer: each head in the grey of its first vertex."""

    def __init__(self, drawn: object, size: int) -> None:
        self.size = size

    def frames(self, vertices, stop=None):
        for one in vertices:
            yield np.full((self.size, self.size, 3), int(one[0, 0]), np.uint8)


class Posed:
    """In place of a face: the first coefficient becomes the first vertex."""

    def drawable(self, character: str) -> None: ...

    def vertices(self, motion: Motion, character: str) -> np.ndarray:
        return np.broadcast_to(motion.coefficients[:, :1, None], (len(motion), 2, 3))


def flat(value: float, frames: int) -> Motion:
    coefficients = np.zeros((frames, 52), np.float32)
    coefficients[:, 0] = value
    return Motion(coefficients, np.zeros((frames, 3), np.float32))


def test_film_shows_left_left_and_right_right(monkeypatch, tmp_path: Path, read_video) -> None:
    monkeypatch.setattr(compare_film, "Renderer", Painter)
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(motion_video, "CHUNK", 14)
    pair = flat(40, 20), flat(200, 20)
    names = ("Full model, 512 steps", "Student, 8 steps")
    seconds = compare_film.write(
        tmp_path / "x.mp4", Posed(), pair, hum(20), names, size=128, progress=lambda *r: told.append(r)
    )
    frames, samples = read_video(tmp_path / "x.mp4")
    assert frames.shape == (20, 128 + 12, 256, 3) and samples is not None and set(seconds) == {"face", "render", "mux"}
    assert abs(frames[:, 20:100, 20:100].mean() - 40) < 3 and abs(frames[:, 20:100, 150:230].mean() - 200) < 3
    assert frames[5, 130:, :128].std() > 5 and told[-1] == ("render", 1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


def test_stopped_film_leaves_nothing(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compare_film, "Renderer", Painter)
    stop = threading.Event()
    with pytest.raises(Stopped):
        compare_film.write(
            tmp_path / "x.mp4", Posed(), (flat(1, 50), flat(2, 50)), hum(50), ("a", "b"), size=64, stop=stop,
            progress=lambda _, share: stop.set() if share > 0.5 else None,
        )  # fmt: skip
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="50 and 40"):
        compare_film.write(tmp_path / "x.mp4", Posed(), (flat(1, 50), flat(2, 40)), hum(50), ("a", "b"))


def test_captions_fit() -> None:
    for size in (64, 448):
        strip = compare_film.caption_strip(("a rather long name of a setting, with 512 steps", "B"), size)
        assert strip.shape[1] == 2 * size and strip.shape[0] % 2 == 0
        edges = strip[:, [0, size - 1, size, 2 * size - 1]].reshape(-1, 3)
        np.testing.assert_array_equal(edges, np.tile(compare_film.PAPER, (len(edges), 1)))


@pytest.fixture
def with_stand_in(monkeypatch: pytest.MonkeyPatch, stand_in, plain_decode):
    from talkdemo import pipeline
    from talkdemo.audio import decode
    from talkdemo.render import raster

    monkeypatch.setattr(pipeline.SpeechToFace, "load", lambda model="diffusiontalker": stand_in)
    monkeypatch.setattr(decode, "decode", plain_decode)
    monkeypatch.setattr(raster, "check", lambda: None)
    monkeypatch.setattr(compare_film, "Renderer", lambda face, size: Painter(None, size))
    return stand_in


def test_verb_prints_a_table_and_writes_what_was_asked_for(
    with_stand_in, wav, tmp_path: Path, capsys, read_video
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = f"compare {wav('hum', 1.0)} --steps 20 8 --identity Ada:0.5,Mei:0.5 --seed 4 --size 64 --progress"
    assert command.main([*words.split(), "--out", f"{out}/x.mp4", "--json", f"{out}/x.json"]) == 0
    said = capsys.readouterr()
    made = json.loads((out / "x.json").read_text())
    assert said.out.startswith("| | full model, 20 steps | student, 8 steps |") and "full-20 100 %" in said.err
    assert [run["name"] for run in made["runs"]] == ["full-20", "student-8"] and made["lip_distance_mm"]["max"] == 0
    assert made["runs"][0]["seed"] == 4 and made["runs"][1]["identity"] == {"Ada": 0.5, "Mei": 0.5}
    frames, _ = read_video(out / "x.mp4")
    assert frames.shape == (25, 70, 128, 3) and sorted(path.name for path in out.iterdir()) == ["x.json", "x.mp4"]


def test_verb_compares_two_models(with_stand_in, wav, tmp_path: Path, capsys, monkeypatch) -> None:
    from talkdemo import reference

    monkeypatch.setattr(reference, "check", lambda given: None)
    words = f"compare {wav()} --models diffusiontalker diffposetalk --identity Ada --reference calm"
    assert command.main([*words.split(), "--json", f"{tmp_path}/x.json"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("| | DiffusionTalker student, 8 steps | DiffPoseTalk student, 8 steps |")
    first, second = json.loads((tmp_path / "x.json").read_text())["runs"]
    assert (first["name"], first["identity"]) == ("student-8", "Ada") and first["reference"] is None
    assert (second["name"], second["reference"]) == ("pose-student-8", "calm") and second["identity"] is None
    words = f"compare {wav()} --models diffposetalk diffposetalk --reference calm --second-reference lively"
    assert command.main(words.split()) == 0
    assert capsys.readouterr().out.startswith("| | student, 8 steps, calm | student, 8 steps, lively |")


def test_full_forces_the_full_model(with_stand_in, wav, capsys) -> None:
    assert command.main(["compare", str(wav()), "--steps", "2", "8", "--full"]) == 0
    assert "| full model, 2 steps | full model, 8 steps |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("compare", "SPEECH"),
        ("compare {tmp}/no.wav", "no such file"),
        ("compare {tmp}", "folder"),
        ("compare {wav} --steps 8", "2 arguments"),
        ("compare {wav} --steps 8 8", "both sides are the student, 8 steps"),
        ("compare {wav} --steps 1 8", "2 to 512"),
        ("compare {wav} --steps 8 513", "2 to 512"),
        ("compare {wav} --identity Mai", "did you mean 'Mei'"),
        ("compare {wav} --emotion joyful", "joyful"),
        ("compare {wav} --reference calm", "--reference given, which only diffposetalk takes"),
        ("compare {wav} --models diffposetalk diffusiontalker --second-reference a", "--second-reference given"),
        (
            "compare {wav} --models diffposetalk diffposetalk --emotion sad",
            "--emotion given, which only diffusiontalker",
        ),
        ("compare {wav} --models diffposetalk wrong", "invalid choice"),
        ("compare {wav} --character nobody", "nobody"),
        ("compare {wav} --out {tmp}/x.avi", ".mp4"),
        ("compare {wav} --json {tmp}/no/x.json", "does not exist"),
        ("compare {short}", "at least 0.2 s"),
    ],
)
def test_mistakes_take_one_line(with_stand_in, wav, tmp_path: Path, capsys, arguments: str, words: str) -> None:
    places = {"tmp": tmp_path, "wav": wav(), "short": wav("short", 0.1)}
    before = sorted(tmp_path.iterdir())
    assert command.main(arguments.format(**places).split()) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and words in said.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
def test_compare_with_the_shipped_weights(tmp_path: Path, read_video) -> None:
    """The whole way at few steps; both heads move in the film."""
    clip = ROOT / "examples" / "speech" / "welcome.flac"
    words = f"compare {clip} --steps 16 2 --full --size 64 --out {tmp_path}/x.mp4 --json {tmp_path}/x.json"
    done = subprocess.run(
        [sys.executable, "-m", "talkdemo", *words.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "x.json").read_text())
    frames, _ = read_video(tmp_path / "x.mp4")
    assert len(frames) == made["frames"] and made["runs"][0]["nfe"] == 8 * made["runs"][1]["nfe"]
    assert made["speed_up_sampling"] > 2 and 0 < made["lip_distance_mm"]["mean"] < 10
    for side in (frames[:, :64, :63], frames[:, :64, 65:]):
        assert side.std(axis=0).mean() > 0.5
