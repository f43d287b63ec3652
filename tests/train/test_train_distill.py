"""A tiny teacher is distilled: guidance is folded in, rounds learn and resume, students say where they are from."""

import json
from dataclasses import replace

import pytest
import torch

from talkdemo import checkpoint
from talkdemo.diffusion.denoiser import DenoiserInput, guided
from talkdemo.diffusion.denoiser import bind_denoiser as bind_network
from talkdemo.face.head import FaceModel
from talkdemo.records import Guidance
from talkdemo.talker import Talker
from talkdemo.train.distill import loss as distill_loss
from talkdemo.train.distill import recipe as distill
from talkdemo.train.distill import scores as distill_scores
from talkdemo.train.distill.chain import Chain, Options, Origin, Round, planned
from talkdemo.train.distill.denoiser import bind_denoiser, denoiser_input
from talkdemo.train.distill.loss import DistillLoss, draw_guidance, student_of
from talkdemo.train.talker.losses import MotionLoss
from talkdemo.train.talker.windows import Batch, IdentityWindows

STEPS = 16
ROUNDS = [Round(16, 5.0, 2e-3, halves=False), Round(2, 5.0, 2e-3)]


@pytest.fixture
def teacher(tiny) -> Talker:
    """Untrained, but with something to say: its last layer, zero at first, is drawn."""
    talker = tiny(STEPS).eval()
    torch.nn.init.normal_(talker.network.motion_out.weight, std=0.05)
    torch.nn.init.normal_(talker.library.null)
    return talker


@pytest.fixture
def batch(voices, teacher) -> Batch:
    return next(iter(IdentityWindows(voices, teacher, 8, seed=3)))


@pytest.fixture(scope="module")
def motion() -> MotionLoss:
    return MotionLoss(FaceModel.load())


def noisy(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    shape = batch.motion.shape
    return torch.randn(shape, generator=generator), torch.randint(1, STEPS + 1, shape[:1], generator=generator)


def test_before_training_a_student_is_its_unguided_teacher(teacher, batch):
    student, (z, t) = student_of(teacher, STEPS).eval(), noisy(batch)
    assert student.config.network.guided and student.config.student_steps == STEPS
    for weights in (torch.ones(8, 2), torch.tensor([[2.0, 0.5]]).expand(8, -1)):  # weights count for nothing yet
        windows = denoiser_input(teacher, batch, weights)
        plain = bind_denoiser(teacher, replace(windows, guidance=torch.ones(8, 2)))(z, t)
        assert torch.allclose(bind_denoiser(student, windows)(z, t), plain, atol=1e-6)
    trainable = {name.split(".")[0] for name, p in student.named_parameters() if p.requires_grad}
    assert trainable == {"network"}


def test_guidance_of_each_item_is_that_of_the_sampler(teacher, batch):
    """Weights (1, 1), (2, 0.5) and (1.5, 1.5) in one batch equal denoiser.guided, each alone."""
    z, _ = noisy(batch)
    every = torch.tensor([[1.0, 1.0], [2.0, 0.5], [1.5, 1.5]])
    weights = every.repeat(3, 1)[:8]
    with torch.no_grad():
        windows = denoiser_input(teacher, batch, weights)
        found = bind_denoiser(teacher, windows)(z, torch.full((8,), 5))
        assert torch.equal(bind_denoiser(teacher, windows)(z, 5), found)  # one step number for all
        null, silent = teacher.library.null.expand(8, -1), teacher.null_features.expand_as(batch.features)
        views = [(batch.features, windows.condition), (batch.features, null), (silent, null)]
        parts = [bind_network(teacher.network, DenoiserInput(f, windows.previous, c)) for f, c in views]
        for row, (audio, style) in enumerate(every.tolist()):
            wanted = guided(*parts, Guidance(audio, style))(z, 5)
            assert torch.allclose(found[row::3], wanted[row::3], atol=1e-5)
    assert (found[1] - parts[0](z, 5)[1]).abs().max() > 0.01  # guidance does something here


def test_guidance_is_drawn_for_half_of_the_windows():
    weights = draw_guidance(1000, torch.Generator().manual_seed(0))
    assert (weights[:500] == 1).all()
    assert weights[500:, 0].aminmax().min > 1.0 and 2.49 < weights[500:, 0].max() < 2.5
    assert 0.5 <= weights[500:, 1].min() < 0.51 and 1.99 < weights[500:, 1].max() < 2.0


def test_a_student_that_predicts_the_target_has_no_loss(teacher, batch, motion, monkeypatch):
    student = student_of(teacher, STEPS).eval()
    halved = DistillLoss(teacher, 8, True, motion)
    assert halved.times.tolist() == [16, 14, 12, 10, 8, 6, 4, 2]
    assert all(float(term.detach()) > 0 for term in halved(student, batch).values())
    monkeypatch.setattr(distill_loss, "PLAIN", 1.0)  # without guidance and halving an untrained student is its teacher
    terms = DistillLoss(teacher, STEPS, False, motion)(student, batch)
    assert set(terms) == {"coefficients", "velocity", "lips", "lip_velocity", "closure"}
    assert all(float(term.detach()) < 1e-9 for term in terms.values())


@pytest.fixture
def origin(teacher, tmp_path) -> Origin:
    provenance = {"trained_on": ["noise"], "licence": "CC0", "recipe": "none", "steps": 7, "minutes": 0.1}
    teacher.save(tmp_path / "tiny.safetensors", provenance)
    return Origin.of(checkpoint.load(tmp_path / "tiny.safetensors"))


def distance(student: Talker, teacher: Talker, this: Round, batch: Batch) -> float:
    """The loss on one batch, noise and guidance always the same."""
    with torch.no_grad():
        terms = DistillLoss(teacher, this.steps, this.halves, MotionLoss(FaceModel.load()))(student.eval(), batch)
    return float(sum(terms.values()))


def test_two_rounds_learn_resume_and_are_scored(teacher, cache, batch, origin, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(distill_scores, "WINDOWS", 2)
    monkeypatch.setattr(distill_scores, "GUIDED", 1)
    options = Options(tmp_path / "run", cache, batch=4, max_steps=40)

    # an interruption in the second round: its state is there, its file is not
    real = Talker.save

    def interrupted(self, path, provenance):
        if path.stem == "round-2":
            raise KeyboardInterrupt
        return real(self, path, provenance)

    monkeypatch.setattr(Talker, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Chain(teacher, origin, options).go(ROUNDS)
    assert (options.run / "round-16.safetensors").exists() and not (options.run / "round-16" / "state.pt").exists()
    assert (options.run / "round-2" / "state.pt").exists()
    first = (options.run / "round-16.safetensors").read_bytes()

    monkeypatch.setattr(Talker, "save", real)
    Chain(teacher, origin, options).go(ROUNDS)
    assert (options.run / "round-16.safetensors").read_bytes() == first
    for steps in (16, 2):
        log = [json.loads(line) for line in (options.run / f"round-{steps}" / "log.jsonl").read_text().splitlines()]
        assert [line["step"] for line in log] == [20, 40]  # the second round was not begun again

    middle, _ = Talker.open(options.run / "round-16.safetensors")
    student, file = Talker.open(options.run / "round-2.safetensors")
    plain = student_of(teacher, STEPS)
    assert distance(middle, teacher, ROUNDS[0], batch) < distance(plain, teacher, ROUNDS[0], batch)
    assert distance(student, middle, ROUNDS[1], batch) < 0.8 * distance(middle, middle, ROUNDS[1], batch)
    assert student.config.student_steps == 2 and student.config.network.guided
    assert file.provenance["licence"] == "CC0" and file.provenance["trained_on"] == ["noise"]
    assert file.provenance["teacher"] == {
        "name": "tiny", "sha256": origin.sha256, "recipe": "none", "steps": 7, "minutes": 0.1
    }  # fmt: skip
    assert [line["to"] for line in file.provenance["rounds"]] == [16, 2]
    assert file.provenance["steps"] == 80

    lines = distill_scores.read(options.run / "rounds.jsonl")
    systems = [(line["system"], line.get("steps")) for line in lines]
    assert systems[3:] == [("student", 16), ("full", 2), ("student", 2)]
    reference, student_scores = lines[0]["scores"], lines[-1]["scores"]
    assert reference["lips"] == 0 and reference["upper"] == 100
    assert 0 < student_scores["lips"] < lines[2]["scores"]["lips"]  # nearer than another sample of the teacher
    assert set(student_scores) == set(distill_scores.COLUMNS)

    before = (options.run / "rounds.jsonl").read_bytes()
    empty = replace(options, cache=tmp_path / "nowhere")  # a finished chain reads nothing and changes nothing
    Chain(teacher, origin, empty).go(ROUNDS)
    assert (options.run / "rounds.jsonl").read_bytes() == before
    assert distill.report(options.run).count("\n") == 7
    with pytest.raises(ValueError, match="begun with another teacher than other"):
        Chain(teacher, replace(origin, name="other"), options)

    # a smaller network from there, by the command
    words = f"--teacher {options.run}/round-2.safetensors --run {tmp_path}/small --cache {options.cache} --width 16"
    words += f" --layers 1 --out {tmp_path}/weights --max-steps 2 --batch 4"
    distill.main(words.split())
    small, file = Talker.open(tmp_path / "weights" / "tiny-2-compact.safetensors")
    assert small.config.student_steps == 2 and small.config.network.width == 16
    assert [line["to"] for line in file.provenance["rounds"]] == [16, 2, 2]
    assert file.provenance["teacher"]["name"] == "round-2" and file.provenance["licence"] == "CC0"
    assert file.provenance["teacher"]["teacher"]["sha256"] == origin.sha256


def test_a_compact_student_is_a_fresh_smaller_network(teacher):
    full = student_of(teacher, 8)
    small = student_of(full, 8, width=16, layers=1)
    assert len(small.network.blocks) == 1 and small.config.network.width == 16 and small.config.student_steps == 8
    assert torch.equal(small.library.identity, teacher.library.identity)
    assert torch.equal(small.statistics.std, teacher.statistics.std)
    with pytest.raises(ValueError, match="width of 18"):
        student_of(full, 8, width=18)


def test_rounds_fit_the_teacher(teacher):
    full = replace(teacher.config, steps=512)
    rounds = planned(full, 8, 40.0, compact=False)
    assert [this.steps for this in rounds] == [512, 256, 128, 64, 32, 16, 8]
    assert sum(this.minutes for this in rounds) == pytest.approx(40.0)
    assert planned(replace(full, student_steps=8), 8, 3.0, compact=True) == [Round(8, 3.0, 5e-4, halves=False)]
    wrong = [
        (full, 9, False, "9 steps from 512"),
        (teacher.config, 8, False, "8 steps from 16"),
        (replace(full, regressor=True), 8, False, "regressor"),
        (replace(full, student_steps=8), 8, False, "student of 8 steps; the full model"),
        (full, 8, True, "full model was given to a compact student"),
    ]
    for config, until, compact, sentence in wrong:
        with pytest.raises(ValueError, match=sentence):
            planned(config, until, 20.0, compact)


def test_too_few_whole_windows_are_told(batch):
    cut = replace(batch, mask=batch.mask * 0)
    with pytest.raises(ValueError, match="gave 0 whole windows in 3 batches; 4 are wanted"):
        distill_scores.complete_windows(iter([cut] * 9), 4, tries=3)


def test_a_run_without_a_round_has_no_table(tmp_path):
    with pytest.raises(ValueError, match="holds no finished round"):
        distill.report(tmp_path)
