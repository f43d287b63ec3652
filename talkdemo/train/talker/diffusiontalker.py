"""Trains DiffusionTalker: motion from speech, conditioned on a learned identity and an emotion.

x0-prediction on windows of L frames after P clean ones, steps drawn uniformly; losses on coefficients, velocities and
lip vertices; the voice is matched with the identity and emotion tables by contrastive losses (`--contrastive 0` leaves
them out: the ablation). Speech and identity are dropped at random, so that the model can be guided. Channels that a
corpus has not recorded carry no loss. `--regressor` trains the same network to predict without diffusion.
"""

from collections.abc import Sequence

import torch

from talkdemo.condition.identity import IdentityConfig, IdentityLibrary, clip_loss
from talkdemo.data.articulation.emotions import EMOTIONS
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.face.head import FaceModel
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train import recipe
from talkdemo.train.talker.data import RECORDED, load
from talkdemo.train.talker.losses import MotionLoss
from talkdemo.train.talker.recipe import TalkerLoss, argument_parser, prepare, train_talker
from talkdemo.train.talker.windows import IdentityBatch, IdentityWindows


class IdentityLoss(TalkerLoss[IdentityBatch]):
    """With contrastive terms of the voices against the tables of identities and emotions."""

    def __init__(self, motion: MotionLoss, seed: int = 0, contrastive: float = 0.05) -> None:
        super().__init__(motion, seed)
        self.contrastive = contrastive

    def own_terms(self, talker: Talker, batch: IdentityBatch, _: torch.Tensor) -> dict[str, torch.Tensor]:
        if self.contrastive == 0 or not isinstance(talker.library, IdentityLibrary):
            return {}
        identity, emotion = map(clip_loss, talker.library.similarity(batch.voice), (batch.speaker, batch.mood))
        return {"identity": self.contrastive * identity, "emotion": 0.5 * self.contrastive * emotion}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argument_parser("diffusiontalker", __doc__, minutes=90.0)
    parser.add_argument("--width", type=int, default=NetworkConfig.width)
    parser.add_argument("--layers", type=int, default=NetworkConfig.layers)
    parser.add_argument("--contrastive", type=float, default=0.05, help="weight of the contrastive losses; 0: ablation")
    parser.add_argument("--regressor", action="store_true", help="no diffusion: the deterministic baseline")
    args = parser.parse_args(arguments)

    device = recipe.begin(args)
    voices = load(args.cache, "train")
    network = NetworkConfig(features=voices[0].features.shape[1], width=args.width, layers=args.layers)
    names = (*IDENTITIES, *(v.voice_name for v in voices if v.voice_name in RECORDED))
    voice = voices[0].voice.shape[1]
    identity = IdentityConfig(names, tuple(EMOTIONS), voice=voice, features=network.features)
    talker = Talker(TalkerConfig(identity, network, regressor=args.regressor, encoder=args.encoder)).to(device)
    prepare(talker, voices, args)
    loss = IdentityLoss(MotionLoss(FaceModel.load().to(device)), args.seed, args.contrastive)
    windows = IdentityWindows(voices, talker, args.batch, args.seed)
    train_talker(talker, windows, loss, args, "diffusiontalker", contrastive=args.contrastive)
