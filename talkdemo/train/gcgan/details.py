"""Trains GC-GAN's second stage: mouth and eyes at their own scale, over a trained first stage, which stays as it is.

What the first stage shows of so many pairs, renders and photographs, is computed first and kept in the run's folder;
the critics of mouths and eyes join from ADVERSARIAL_FROM on.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from talkdemo.gcgan.detail import Details
from talkdemo.gcgan.model import GCGAN
from talkdemo.train import recipe
from talkdemo.train.gcgan.data import PairSampler, load
from talkdemo.train.gcgan.detail_data import PartSampler, collected
from talkdemo.train.gcgan.detail_losses import PartCritic, critic_terms, detail_terms
from talkdemo.train.gcgan.losses import PENALTY_EVERY
from talkdemo.train.gcgan.part_reader import PHOTOGRAPHS, open_part_readers
from talkdemo.train.gcgan.recipe import TRAINED_ON
from talkdemo.train.loop import descend, run

ADVERSARIAL_FROM = 0.1  # spent part of the budget


def main(arguments: Sequence[str] | None = None) -> None:
    out = Path("runs/gcgan-details/gcgan.safetensors")
    parser = recipe.argument_parser("gcgan_details", __doc__, minutes=60.0, batch=16, rate=1e-3, out=out)
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"))
    parser.add_argument("--init", metavar="NAME", default="gcgan", help="the first stage: any gcgan checkpoint")
    parser.add_argument("--reader", type=Path, default=Path("runs/gcgan-part-reader/readers.pt"))
    parser.add_argument("--pairs", type=int, default=6000, help="pairs of portraits of which parts are cut")
    args = parser.parse_args(arguments)

    device = recipe.begin(args)
    first, before = GCGAN.open(args.init)
    model = GCGAN(replace(first.config, details=True))
    model.load_state_dict(first.state_dict(), strict=first.details is not None)
    model.eval().requires_grad_(False)
    details = model.details
    assert details is not None
    for network in (model.generator, details):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def pairs() -> PairSampler:
        faces = load(args.data, "train")
        return PairSampler(faces, args.batch, PHOTOGRAPHS if faces.real.any() else 0.0, args.seed)

    parts, photographs = collected(args.run / "parts.pt", model, args.pairs, pairs)
    details.to(device).requires_grad_(True)
    readers = open_part_readers(args.reader).to(device)
    critics = nn.ModuleDict({network: PartCritic() for network in details.networks}).to(device)
    optimisers = {
        "details": torch.optim.AdamW(details.parameters(), betas=(0.9, 0.99), weight_decay=1e-4),
        "critic": torch.optim.AdamW(critics.parameters(), betas=(0.0, 0.99), weight_decay=0.0),
    }
    sampler = PartSampler(parts, args.batch, args.seed)
    batches = iter(sampler)

    def step(number: int, progress: float) -> dict[str, Tensor]:
        batch = {network: next(recipe.on_device([part], device)) for network, part in next(batches).items()}
        adversarial, penalised = progress >= ADVERSARIAL_FROM, (number + 1) % PENALTY_EVERY == 0
        critics.requires_grad_(False)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            terms, painted = detail_terms(details, critics, readers, batch, adversarial)
        descend(terms, optimisers["details"], clip=2.0)
        if adversarial:
            critics.requires_grad_(True)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=not penalised):
                against = critic_terms(critics, batch, painted, penalised)
            descend(against, optimisers["critic"])
            terms |= against
        return terms

    def save(average: Details, steps: int, minutes: float) -> None:
        whole = copy.deepcopy(model)
        assert whole.details is not None
        whole.details.load_state_dict(average.state_dict())
        second = recipe.provenance("gcgan.details", TRAINED_ON if photographs else TRAINED_ON[:1], steps, minutes)
        whole.save(args.out, {**before.provenance, "details": second})

    config = recipe.loop_config(args, average=0.995, save_every=150.0, log_every=20)
    run(details, step, optimisers, config, args.run, save, [sampler.generator], {"critic": critics})
