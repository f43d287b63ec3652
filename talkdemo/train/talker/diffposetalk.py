"""Trains DiffPoseTalk: motion from speech in the style of a reference clip, head motion included.

The training of train/talker/diffusiontalker.py with another condition: the style vector of the same person, seen in
other sessions, so that a reference need not say the same words. Style and speech are dropped as guidance wants it, one
after the other: neither dropped 78 %, no style 13 %, no style and no speech 9 %. The head has losses of its own, and so
has the border of two windows.
"""

from collections.abc import Sequence

import torch

from talkdemo.condition.style import KIND as STYLE
from talkdemo.condition.style import StyleLibraryConfig
from talkdemo.diffusion.denoiser import HEAD
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.face.head import FaceModel
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train import recipe
from talkdemo.train.talker.data import load
from talkdemo.train.talker.losses import HEAD_WEIGHTS, MotionLoss, continuity, head_terms
from talkdemo.train.talker.recipe import TalkerLoss, argument_parser, prepare, train_talker
from talkdemo.train.talker.style_windows import StyleBatch, open_windows

NO_STYLE, NEITHER = 0.22, 0.09  # shares of the windows without style, and without speech either


class StyleTalkerLoss(TalkerLoss[StyleBatch]):
    """With terms of the head and of the border of two windows."""

    def dropped(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        draw = torch.rand(size, generator=self.generator)
        return draw < NEITHER, draw < NO_STYLE

    def own_terms(self, _: Talker, batch: StyleBatch, predicted: torch.Tensor) -> dict[str, torch.Tensor]:
        terms = head_terms(predicted[..., HEAD], batch.motion[..., HEAD], batch.mask[..., HEAD])
        terms["continuity"] = continuity(predicted, batch.motion, batch.previous, batch.mask, ~batch.first)
        return {name: HEAD_WEIGHTS[name] * term for name, term in terms.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argument_parser("diffposetalk", __doc__, minutes=60.0)
    parser.add_argument("--style-encoder", default=STYLE, help="that the style vectors come from")
    args = parser.parse_args(arguments)

    device = recipe.begin(args)
    voices = load(args.cache, "train")
    network = NetworkConfig(features=voices[0].features.shape[1])
    style = StyleLibraryConfig(features=network.features, encoder=args.style_encoder)
    talker = Talker(TalkerConfig(network=network, style=style, encoder=args.encoder)).to(device)
    prepare(talker, voices, args)
    windows = open_windows(talker, args.cache, "train", voices, args.batch, args.seed)
    loss = StyleTalkerLoss(MotionLoss(FaceModel.load().to(device)), args.seed)
    train_talker(talker, windows, loss, args, "diffposetalk")
