"""Pairs of portraits, a trained geometry and a reader in; the portrait model's weights out (`… train gcgan`).

First on renders, where every expression's true picture is known; photographs join with a share of their own from
PHOTOGRAPHS_FROM on, in pairs neutral ↔ smiling and, unpaired, with the expression of somebody rendered (then landmarks,
identity, the critic and the way back judge alone). The critic joins from ADVERSARIAL_FROM on. One command resumes.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from talkdemo.gcgan.model import GCGAN
from talkdemo.gcgan.networks import Critic
from talkdemo.train.gcgan.data import Pairs, PairSampler, load
from talkdemo.train.gcgan.losses import PENALTY_EVERY, PortraitLoss
from talkdemo.train.gcgan.reader import open_reader

PHOTOGRAPHS_FROM, ADVERSARIAL_FROM = 0.15, 0.2  # shares of the minutes
PHOTOGRAPHS = 0.35  # share of the pairs, from then on
LOOSE = 0.35  # share of the photographs' pairs whose target is somebody else's expression
LOOSE_ALONE = 0.85  # of those of whom there is but one photograph
AVERAGE = 0.998
SAVE_EVERY, LOG_EVERY = 240.0, 25
TRAINED_ON = (
    "portraits rendered by talkdemo.data.portraits.store",
    "Face Research Lab London Set, training people (DeBruine & Jones 2017; CC BY 4.0)",
    "3DSK and Canada sets of webmorphR.stim, training people (DeBruine & Jones; CC BY 4.0)",
)


def mixed(made: Iterator[Pairs], taken: Iterator[Pairs], model: GCGAN, generator: torch.Generator) -> Iterator[tuple]:
    """Batches of renders and photographs in one, and which of them are loose: their target is another's expression."""
    while True:
        a, b = next(made), next(taken)
        batch = Pairs(*(torch.cat([getattr(x, key) for x in (a, b)]) for key in Pairs.__dataclass_fields__))
        count, shown = len(b.person), len(a.person)
        alone = (b.source - b.target).abs().amax((1, 2, 3)) < 0.15  # one picture twice: there is no other of them
        loose = torch.rand(count, generator=generator) < torch.where(alone, LOOSE_ALONE, LOOSE)
        rows = torch.randint(shown, (count,), generator=generator)
        codes = model.geometry.encode(a.target_points[rows])
        moved = model.retarget(b.source_points, codes)
        points, label = batch.target_points.clone(), batch.expression.clone()
        points[shown:] = torch.where(loose[:, None, None], moved, b.target_points)
        label[shown:] = torch.where(loose, a.expression[rows], b.expression)
        whole = torch.cat([torch.zeros(shown, dtype=torch.bool), loose])
        yield replace(batch, target_points=points, expression=label), whole


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train gcgan", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"))
    parser.add_argument("--geometry", default="runs/gcgan-geometry/gcgan.safetensors", help="or any gcgan checkpoint")
    parser.add_argument("--reader", type=Path, default=Path("runs/gcgan-reader/reader.pt"))
    parser.add_argument("--init", metavar="NAME", help="go on from the generator of this gcgan checkpoint")
    parser.add_argument("--run", type=Path, default=Path("runs/gcgan"), help="folder of the run; resumes")
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--out", type=Path, default=Path("runs/gcgan/gcgan.safetensors"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-steps", type=int)
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    model, begun = GCGAN.open(args.geometry)
    if args.init:
        model.generator.load_state_dict(GCGAN.open(args.init)[0].generator.state_dict())
    faces = load(args.data, "train")
    reader = open_reader(args.reader)
    critic = Critic(len(faces.names))
    loss = PortraitLoss(reader)
    generator = model.generator.train().to(memory_format=torch.channels_last)
    model.geometry.eval().requires_grad_(False)
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    first = torch.optim.AdamW(generator.parameters(), lr=args.rate, betas=(0.9, 0.99), weight_decay=1e-4)
    second = torch.optim.AdamW(critic.parameters(), lr=args.rate, betas=(0.0, 0.99), weight_decay=0.0)
    parts = {"generator": generator, "critic": critic, "average": average, "first": first, "second": second}
    step, spent = 0, 0.0
    args.run.mkdir(parents=True, exist_ok=True)
    if (args.run / "state.pt").exists():
        state = torch.load(args.run / "state.pt", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        step, spent = state["step"], state["spent"]

    def save() -> None:
        state = {name: part.state_dict() for name, part in parts.items()} | {"step": step, "spent": spent}
        torch.save(state, args.run / "state.part")
        (args.run / "state.part").replace(args.run / "state.pt")
        whole = copy.deepcopy(model)
        whole.generator.load_state_dict(average.state_dict())
        provenance = {
            "trained_on": list(TRAINED_ON if faces.real.any() else TRAINED_ON[:1]), "licence": "Apache-2.0",
            "recipe": "talkdemo.train.gcgan.recipe", "steps": step, "minutes": round(spent / 60, 1),
            "geometry": {key: begun.provenance.get(key) for key in ("recipe", "steps", "minutes", "contrastive")},
        }  # fmt: skip
        whole.save(args.out, provenance)

    real = round(PHOTOGRAPHS * args.batch) if faces.real.any() else 0
    everybody = iter(PairSampler(faces, args.batch, 0.0, args.seed + step))
    made = iter(PairSampler(faces, args.batch - real, 0.0, args.seed + step + 1))
    taken = iter(PairSampler(faces, max(real, 1), 1.0, args.seed + step + 2))
    both = mixed(made, taken, model, torch.Generator().manual_seed(args.seed + step))
    nobody = torch.zeros(args.batch, dtype=torch.bool)
    sums: dict[str, float] = {}
    logged, saved, tick = step, time.monotonic(), time.monotonic()
    while spent < args.minutes * 60 and (args.max_steps is None or step < args.max_steps):
        progress = spent / (args.minutes * 60)
        loss.phase = "adversarial" if progress >= ADVERSARIAL_FROM else "reconstruct"
        rate = args.rate * min(1.0, (step + 1) / 200) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group in (*first.param_groups, *second.param_groups):
            group["lr"] = rate
        batch, loose = next(both) if real and progress >= PHOTOGRAPHS_FROM else (next(everybody), nobody)
        critic.requires_grad_(False)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            judged = loss.generator(model, critic, batch, loose)
        terms = dict(judged.terms)
        total = sum(terms.values())
        if not torch.isfinite(total):
            raise FloatingPointError(f"the loss became {float(total)} at step {step}")
        first.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(generator.parameters(), 2.0)
        first.step()
        if loss.phase == "adversarial":
            critic.requires_grad_(True)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=(loss.steps + 1) % PENALTY_EVERY != 0):
                against = loss.critic(critic, batch, judged.made.picture, loose)
            second.zero_grad(set_to_none=True)
            sum(against.values()).backward()
            second.step()
            terms |= {f"critic_{name}": value for name, value in against.items()}
        step += 1
        decay = min(AVERAGE, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, weight in zip(average.parameters(), generator.parameters(), strict=True):
                mean.lerp_(weight, 1 - decay)
        now = time.monotonic()
        spent, tick = spent + now - tick, now
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if step - logged >= LOG_EVERY:
            line = {"step": step, "minutes": round(spent / 60, 2)} | {k: v / (step - logged) for k, v in sums.items()}
            print(" ".join(f"{k} {v:.4g}" for k, v in line.items()), flush=True)
            with (args.run / "log.jsonl").open("a") as file:
                file.write(json.dumps(line) + "\n")
            sums, logged = {}, step
        if now - saved > SAVE_EVERY:
            save()
            saved = tick = time.monotonic()
    save()


if __name__ == "__main__":
    main()
