"""Trains GC-GAN's generator and critic on pairs of portraits, with the trained geometry and reader fixed.

First on renders, where every expression's true image is known; photographs join with a share of their own from
PHOTOGRAPHS_FROM on, in pairs neutral ↔ smiling and, unpaired, with the expression of a rendered person (then landmarks,
identity, the critic and the cycle judge alone). The critic joins from ADVERSARIAL_FROM on.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import Tensor

from talkdemo.gcgan.gaze import CORNERS
from talkdemo.gcgan.model import GCGAN
from talkdemo.gcgan.networks import Critic, Generator
from talkdemo.train import recipe
from talkdemo.train.gcgan.data import Pairs, PairSampler, load
from talkdemo.train.gcgan.losses import PENALTY_EVERY, PortraitLoss
from talkdemo.train.gcgan.reader import open_reader
from talkdemo.train.loop import descend, run

PHOTOGRAPHS_FROM, ADVERSARIAL_FROM = 0.15, 0.2  # spent parts of the budget
PHOTOGRAPHS = 0.35  # share of the pairs, from then on
UNPAIRED = 0.35  # share of the photographs' pairs whose target is somebody else's expression
UNPAIRED_ALONE = 0.85  # of those of whom there is but one photograph
SAVE_EVERY = 240.0  # seconds
TRAINED_ON = (
    "portraits rendered by talkdemo.data.portraits.store",
    "Face Research Lab London Set, training people (DeBruine & Jones 2017; CC BY 4.0)",
    "3DSK and Canada sets of webmorphR.stim, training people (DeBruine & Jones; CC BY 4.0)",
    "frames of speaker s1 of the GRID corpus (Cooke et al. 2006; CC BY 4.0)",
)


def mixed(
    rendered: Iterator[Pairs], photographs: Iterator[Pairs], model: GCGAN, generator: torch.Generator
) -> Iterator[tuple[Pairs, Tensor]]:
    """Batches of renders and photographs in one, and which of them (B,) are unpaired: their target is another's
    expression."""
    while True:
        a, b = next(rendered), next(photographs)
        batch = Pairs(*(torch.cat([getattr(x, field.name) for x in (a, b)]) for field in fields(Pairs)))
        count, rows = len(b.person), len(a.person)
        alone = (b.source - b.target).abs().amax((1, 2, 3)) < 0.15  # one image twice: there is no other of them
        share = torch.where(alone, UNPAIRED_ALONE, UNPAIRED)
        unpaired = torch.rand(count, generator=generator).to(share) < share
        donors = torch.randint(rows, (count,), generator=generator)
        moved = model.retarget(b.source_front, model.geometry.encode(a.target_front[donors]))
        points, label, front = batch.target_points.clone(), batch.expression.clone(), batch.target_front.clone()
        points[rows:] = torch.where(unpaired[:, None, None], seen_as(b, moved), b.target_points)
        front[rows:] = torch.where(unpaired[:, None, None], moved, b.target_front)
        pupils = batch.target_pupils.clone()  # who takes another's expression looks where he looked
        carried = b.source_pupils + (points[rows:] - b.source_points)[:, CORNERS].mean(2)
        pupils[rows:] = torch.where(unpaired[:, None, None], carried, b.target_pupils)
        label[rows:] = torch.where(unpaired, a.expression[donors], b.expression)
        unknown = torch.cat([torch.zeros_like(a.real), unpaired])
        yield replace(batch, target_points=points, target_pupils=pupils, target_front=front, expression=label), unknown


def seen_as(batch: Pairs, front: Tensor) -> Tensor:
    """Landmarks (B, 68, 2) from the front as the sources' faces are seen, by the affine map of the sources' own."""
    own = batch.source_front - batch.source_front.mean(1, keepdim=True)
    seen = batch.source_points - batch.source_points.mean(1, keepdim=True)
    return batch.source_points + (front - batch.source_front) @ torch.linalg.lstsq(own, seen).solution


def main(arguments: Sequence[str] | None = None) -> None:
    out = Path("runs/gcgan/gcgan.safetensors")
    parser = recipe.argument_parser("gcgan", __doc__, minutes=90.0, batch=12, rate=5e-4, out=out)
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"))
    parser.add_argument("--geometry", default="runs/gcgan-geometry/gcgan.safetensors", help="or any gcgan checkpoint")
    parser.add_argument("--reader", type=Path, default=Path("runs/gcgan-reader/reader.pt"))
    parser.add_argument("--init", metavar="NAME", help="go on from the generator of this gcgan checkpoint")
    args = parser.parse_args(arguments)

    device = recipe.begin(args)
    model, geometry = GCGAN.open(args.geometry)
    if args.init:
        model.generator.load_state_dict(GCGAN.open(args.init)[0].generator.state_dict())
    model.to(device).geometry.eval().requires_grad_(False)
    model.generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    faces = load(args.data, "train")
    critic, loss = Critic(len(faces.names)).to(device), PortraitLoss(open_reader(args.reader).to(device))
    optimisers = {
        "generator": torch.optim.AdamW(model.generator.parameters(), betas=(0.9, 0.99), weight_decay=1e-4),
        "critic": torch.optim.AdamW(critic.parameters(), betas=(0.0, 0.99), weight_decay=0.0),
    }
    real = round(PHOTOGRAPHS * args.batch) if faces.real.any() else 0
    samplers = [
        PairSampler(faces, size, photographs, args.seed + k)
        for k, (size, photographs) in enumerate([(args.batch, 0.0), (args.batch - real, 0.0), (max(real, 1), 1.0)])
    ]
    everybody, rendered, photographs = (recipe.on_device(sampler, device) for sampler in samplers)
    drawing = torch.Generator().manual_seed(args.seed)
    both = mixed(rendered, photographs, model, drawing)
    nobody = torch.zeros(args.batch, dtype=torch.bool, device=device)

    def step(number: int, progress: float) -> dict[str, Tensor]:
        batch, unpaired = next(both) if real and progress >= PHOTOGRAPHS_FROM else (next(everybody), nobody)
        adversarial, penalised = progress >= ADVERSARIAL_FROM, (number + 1) % PENALTY_EVERY == 0
        critic.requires_grad_(False)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            phase = "adversarial" if adversarial else "reconstruct"
            terms, generated = loss.generator(model, critic, batch, unpaired, phase)
        descend(terms, optimisers["generator"], clip=2.0)
        if adversarial:
            critic.requires_grad_(True)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=not penalised):
                against = loss.critic(critic, batch, generated.image, unpaired, penalised)
            descend(against, optimisers["critic"])
            terms |= {f"critic_{name}": value for name, value in against.items()}
        return terms

    def save(average: Generator, steps: int, minutes: float) -> None:
        whole = copy.deepcopy(model)
        whole.generator.load_state_dict(average.state_dict())
        sources = TRAINED_ON if faces.real.any() else TRAINED_ON[:1]
        before = {key: geometry.provenance.get(key) for key in ("recipe", "steps", "minutes", "contrastive")}
        whole.save(args.out, recipe.provenance("gcgan.recipe", sources, steps, minutes, geometry=before))

    config = recipe.loop_config(args, average=0.998, save_every=SAVE_EVERY, log_every=25)
    generators = [drawing, *(g for sampler in samplers for g in (sampler.rng, sampler.generator))]
    run(model.generator, step, optimisers, config, args.run, save, generators, {"critic": critic})
