"""The names an evaluation is asked for by: sets, systems, parts. Imports nothing slow: the command line reads them."""

from pathlib import Path

from talkdemo.files import ASSETS, CHECKOUT

# name → corpus, description; a set with several languages or identities takes as many clips of each
SETS: dict[str, tuple[str, str]] = {
    "synthetic": ("synthetic", "held-out sentences of the training voices"),
    "voices": ("synthetic", "held-out sentences of unseen voices"),
    "ljspeech": ("ljspeech", "16 clips of a real reader: phones, no motion"),
    "german": ("voices-kerstin", "held-out clips of a real reader: phones as `train align` times them, no motion"),
    "dutch": ("voices-nathalie", "held-out clips of a real reader: phones, no motion"),
    "grid": ("grid_s1", "held-out clips of a real speaker: motion, only the channels that were tracked"),
    "facegood": ("facegood", "a held-out take of a real Mandarin speaker, in pieces: motion of the mouth, no phones"),
    "languages": ("synthetic", "held-out sentences in ten languages, voices seen in training; truth: middle style"),
    "silence": ("synthetic", "30 s without speech: digital silence and faint noise by turns"),
}
DEFAULT_SETS = tuple(name for name in SETS if name not in ("voices", "german", "dutch"))

TRUTH, MEAN, LOUDNESS, ARTICULATION = BASELINES = ("truth", "mean", "loudness", "articulation")
SYSTEMS = (  # by default
    "mean", "loudness", "regressor", "full-512", "full-8", "student-8", "student-4", "pose-full-8", "pose-student-8"
)  # fmt: skip
MODEL_SYSTEMS = "regressor, full-STEPS, student-STEPS, pose-full-STEPS, pose-student-STEPS or NAME@STEPS"
ALL_SYSTEMS = f"{', '.join(BASELINES)}, {MODEL_SYSTEMS}, models with -dpm (DPM-Solver++) or -raw behind"

FOLLOWING_SYSTEMS = "pose-full-STEPS, pose-student-STEPS or NAME@STEPS"  # those that follow reference clips
STYLE_PARTS = ("encoder", "generated", "head", "diversity")
STYLE_SYSTEMS = ("pose-student-8", "pose-full-8", "pose-full-512")
SLOW = 64  # steps from which a system is given few styles, and no heads and no diversity

PORTRAIT_PARTS = {  # part → title of its section
    "renders": "held-out renders",
    "photographs": "held-out photographs",
    "poses": "turned heads, closed eyes, grey photographs",
    "sweep": "amount sweep",
    "manifold": "manifold",
    "speed": "speed",
    "flicker": "flicker of films",
    "sheet": "contact sheet",
}
PORTRAIT_SIDES = (128, 64)  # pixels of the crop in which portraits are measured
GCGAN = "gcgan"  # the shipped checkpoint
PORTRAITS, RECOGNISER = Path("runs/portraits"), Path("runs/recogniser.safetensors")
SHEET, PRIVATE_SHEET = CHECKOUT / "expression_sheet.webp", Path("runs/expression_sheet_photographs.webp")

SCORES, RESULTS = ASSETS / "scores.md", Path("runs/scores.json")
ENCODER_SETS = [  # of evaluate.encoder
    "ljspeech",
    "kathleen",
    "kerstin",
    "nathalie",
    "flemishguy",
    "grid",
    "sentences",
    "voices",
    "speechocean762",
]
