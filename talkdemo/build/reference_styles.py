"""The styles of the gallery of reference clips, chosen by hand.

Each is a style within styles.RANGES (but for a smile half way to a happy one's) and an emotion, so that it lies among
those the model was trained on; each goes to the ends of several ranges at once, in mouth, brows, eyes and head, so that
no two look alike.
"""

from dataclasses import dataclass

import numpy as np

from talkdemo.data.articulation import identities
from talkdemo.data.articulation.styles import RANGES, Style


@dataclass(frozen=True)
class GalleryStyle:
    name: str
    title: str
    about: str
    voice: str  # of data.speech.voices
    emotion: str
    style: Style
    character: str = "maya"  # of the preview


HABIT = 0.5  # of a range: how far the numbers that are not chosen stray from the middle speaker
EDGE = 0.02  # of a range: how near its ends they come


def gallery_style(
    name: str, about: str, voice: str, character: str, emotion: str = "neutral", **chosen: float
) -> GalleryStyle:
    """A style by the numbers that are characteristic of it; the others stray a little, as everybody's do.

    (A channel that never moves, such as a jaw without any lean, is in no performance of the corpus.)
    """
    generator = np.random.default_rng(list(name.encode()))
    middle, numbers = Style(), {}
    for number, (low, high) in RANGES.items():
        edge = EDGE * (high - low)
        stray = HABIT * (generator.random() - 0.5) * (high - low)
        habit = min(getattr(middle, number) + stray, high - edge)
        numbers[number] = round(float(max(chosen.get(number, habit), low + edge)), 4)
    title = name.replace("-", " ").capitalize()
    return GalleryStyle(name, title, about, voice, emotion, Style(**numbers), character)


REFERENCES: tuple[GalleryStyle, ...] = (
    gallery_style(
        "friendly", "agreeable and lively: a light smile, brows that join in, small nods", "Leila", "maya",
        jaw_gain=1.1, lip_gain=1.2, rounding=1.15, smile_bias=0.2, stretch_bias=0.02, upper_lip=0.45, brow_activity=1.3,
        brow_raise=0.9, brow_bias=0.08, squint=0.18, nod_gain=1.2, nod_share=0.7, head_amplitude=1.1,
        gaze_contact=0.92, base_pitch=-1.0, base_roll=1.5,
    ),
    gallery_style(
        "calm", "even and unhurried: small movements, quiet brows, a steady look", "Sofia", "amara",
        jaw_gain=0.88, lip_gain=0.85, variability=0.7, loudness_response=0.6, smile_bias=0.04, blink_rate=10.0,
        blink_length=1.1, brow_activity=0.4, gaze_contact=0.95, gaze_span=0.6, head_amplitude=0.55,
        head_frequency=0.7, nod_gain=0.5, nod_share=0.35,
    ),
    gallery_style(
        "big-nods", "says yes to every word: a nod on nearly every stress", "Lucas", "kenji",
        jaw_gain=1.2, upper_lip=0.3, loudness_response=1.4, closure_press=1.5, shrug_bias=0.09, jaw_side=-0.5,
        asymmetry=-0.5, squint=0.22, brow_activity=0.9, brow_bias=-0.08, nod_gain=1.7, nod_share=0.85,
        head_amplitude=1.6, head_frequency=1.2, head_yaw_share=0.5, head_tilt_share=0.5, base_pitch=1.5,
    ),
    gallery_style(
        "mumbler", "hardly parts the lips, slurs, looks away and down", "Bruno", "ravi",
        jaw_gain=0.72, lip_gain=0.65, rounding=0.6, closure_press=0.5, undershoot=1.15, loudness_response=0.6,
        shrug_bias=0.08, lid_droop=0.06, brow_activity=0.4, brow_bias=-0.05, gaze_contact=0.7, gaze_span=1.1,
        head_amplitude=0.6, nod_gain=0.5, base_pitch=3.5,
    ),
    gallery_style(
        "crisp", "an announcer: wide, exact lips, a still head that looks straight at you", "Ewan", "leo",
        jaw_gain=1.3, lip_gain=1.55, rounding=1.25, closure_press=1.7, undershoot=0.8, upper_lip=0.7, variability=0.7,
        blink_rate=9.0, brow_activity=0.6, gaze_contact=0.95, gaze_span=0.6, head_amplitude=0.5, nod_gain=0.8,
    ),
    gallery_style(
        "beaming", "a broad smile all the way, cheeks up, quick happy head", "Zola", "nora", "happy",
        smile_bias=0.16, stretch_bias=0.11, rounding=0.65, upper_lip=0.8, lip_gain=1.4, squint=0.24, brow_activity=1.2,
        brow_raise=0.95, head_amplitude=1.3, head_frequency=1.3, base_roll=-2.0, gaze_contact=0.92,
    ),
    gallery_style(
        "stern", "brows down, corners of the mouth down, hardly moves the head", "Omar", "kwame",
        jaw_gain=0.95, closure_press=1.6, smile_bias=0.0, frown_bias=0.16, shrug_bias=0.10, brow_bias=-0.25,
        brow_raise=0.3, brow_activity=0.9, squint=0.26, blink_rate=8.0, gaze_contact=0.95, gaze_span=0.6,
        head_amplitude=0.5, head_frequency=0.7, nod_gain=0.7, nod_share=0.4, base_pitch=3.5,
    ),
    gallery_style(
        "one-sided", "talks with the left half of the face: lip, cheek and brow; head turned", "Diego", "kenji",
        asymmetry=1.0, jaw_side=1.0, brow_asymmetry=1.0, lip_gain=1.4, upper_lip=0.75, smile_bias=0.12,
        brow_activity=1.6, brow_raise=0.9, brow_bias=0.12, base_yaw=6.0, base_roll=3.0, gaze_side=-0.8,
    ),
    gallery_style(
        "sleepy", "heavy lids, long blinks, a slow head that sinks", "Viktor", "leo",
        jaw_gain=0.8, lip_gain=0.7, undershoot=1.1, lid_droop=0.14, blink_rate=22.0, blink_length=1.2, squint=0.04,
        brow_activity=0.35, brow_bias=0.04, brow_raise=0.9, gaze_contact=0.75, gaze_span=0.7, head_amplitude=1.0,
        head_frequency=0.7, nod_gain=0.6, base_pitch=4.0, base_roll=-2.5,
    ),
    gallery_style(
        "startled", "wide eyes, brows up, mouth wide open, head drawn back", "Mei", "mei", "surprised",
        jaw_gain=1.35, loudness_response=1.4, squint=0.02, lid_droop=0.0, blink_rate=9.0, brow_bias=0.2,
        brow_activity=1.6, brow_raise=0.95, smile_bias=0.0, base_pitch=-3.5, head_frequency=1.3, gaze_contact=0.95,
    ),
    gallery_style(
        "shy", "head down and tilted, a small mouth, glances away", "Yuki", "nora",
        jaw_gain=0.78, lip_gain=0.8, rounding=0.8, smile_bias=0.09, shrug_bias=0.02, brow_bias=0.16, brow_activity=0.8,
        brow_raise=0.95, gaze_contact=0.7, gaze_span=1.4, gaze_side=1.0, blink_rate=20.0, head_amplitude=0.8,
        nod_gain=0.5, nod_share=0.4, base_pitch=4.0, base_yaw=-5.0, base_roll=3.5,
    ),
    gallery_style(
        "proud", "chin up, brows up, slow lids, a slow turning head", "Ingrid", "ingrid",
        jaw_gain=1.05, upper_lip=0.3, frown_bias=0.05, smile_bias=0.02, lid_droop=0.12, blink_length=1.2,
        blink_rate=10.0, brow_bias=0.22, brow_raise=0.95, brow_activity=0.7, gaze_contact=0.9, head_amplitude=1.2,
        head_frequency=0.7, head_yaw_share=1.4, head_tilt_share=0.5, nod_gain=0.5, nod_share=0.35, base_pitch=-4.0,
    ),
    gallery_style(
        "downcast", "sad: inner brows up, corners down, a slow head that hangs", "Amara", "amara", "sad",
        jaw_gain=0.8, lip_gain=0.75, frown_bias=0.12, smile_bias=0.0, shrug_bias=0.10, lid_droop=0.12,
        brow_activity=0.5, brow_bias=0.10, gaze_contact=0.75, gaze_span=0.7, head_amplitude=0.8, head_frequency=0.7,
        nod_gain=0.5, base_pitch=3.0, base_roll=2.0,
    ),
    gallery_style(
        "worried", "afraid: brows drawn up and together, lips pulled wide, quick eyes, many blinks", "Nadia", "maya",
        "afraid",
        jaw_gain=0.85, stretch_bias=0.12, smile_bias=0.0, brow_bias=0.12, brow_activity=1.2, blink_rate=20.0,
        gaze_contact=0.7, gaze_span=1.3, head_amplitude=0.9, head_frequency=1.35, nod_gain=0.6, base_yaw=-3.0,
    ),
    gallery_style(
        "heated", "angry: brows down, bared teeth, hard nods", "Kofi", "ravi", "angry",
        jaw_gain=1.3, lip_gain=1.5, closure_press=1.7, upper_lip=0.65, loudness_response=1.4, frown_bias=0.06,
        smile_bias=0.0, brow_bias=-0.22, brow_raise=0.3, brow_activity=1.5, gaze_contact=0.95, nod_gain=1.7,
        nod_share=0.85, head_amplitude=1.3, head_frequency=1.3, base_pitch=2.0,
    ),
    gallery_style(
        "disdainful", "disgusted: nose wrinkled, upper lip raised, head turned away", "Rajan", "tomas", "disgusted",
        lip_gain=1.1, upper_lip=0.8, frown_bias=0.10, smile_bias=0.0, squint=0.22, lid_droop=0.06, brow_bias=-0.10,
        asymmetry=-0.9, gaze_contact=0.85, head_amplitude=0.8, base_pitch=-3.5, base_yaw=-6.0, base_roll=-2.0,
    ),
    gallery_style(
        "round-lips", "lips pushed forward and rounded, chin up, brows still", "Aroha", "mei",
        rounding=1.25, lip_gain=0.75, shrug_bias=0.14, stretch_bias=0.0, smile_bias=0.0, upper_lip=0.3,
        closure_press=1.4, brow_activity=0.35, squint=0.16, gaze_contact=0.9, head_amplitude=0.8, nod_gain=0.8,
        base_roll=-1.5,
    ),
    gallery_style(
        "swaying", "the head is never still: turns and tilts from side to side, eyebrows dance", "Chidi", "kwame",
        jaw_gain=1.05, lip_gain=1.3, rounding=0.7, upper_lip=0.72, smile_bias=0.12, jaw_side=0.5, variability=1.25,
        head_amplitude=1.6, head_frequency=1.35, head_yaw_share=1.5, head_tilt_share=1.6, nod_gain=0.6, nod_share=0.4,
        brow_activity=1.7, brow_raise=0.8, brow_bias=0.1, gaze_contact=0.8, gaze_span=1.2,
    ),
)  # fmt: skip

# Not in the gallery: shipped as Live Link Face CSV, as examples of files.
EXAMPLES: tuple[GalleryStyle, ...] = (
    gallery_style(
        "storyteller", "wide brows, wide jaw, leans in and out", "Freya", "maya",
        jaw_gain=1.25, lip_gain=1.2, rounding=1.2, closure_press=1.5, undershoot=0.85, loudness_response=1.4,
        brow_activity=1.7, brow_raise=0.9, brow_bias=0.1, smile_bias=0.08, head_amplitude=1.5, head_tilt_share=1.6,
        nod_gain=1.3, nod_share=0.8, gaze_contact=0.72, gaze_span=1.4, blink_rate=19.0, base_pitch=-3.0, base_yaw=-4.0,
    ),
    gallery_style(
        "drawl", "a slack, wide jaw with lazy lips, slow turns, sleepy looks to the side", "Hugo", "leo",
        jaw_gain=1.38, lip_gain=0.65, rounding=0.6, closure_press=0.5, undershoot=1.15, anticipation=0.17,
        upper_lip=0.28, smile_bias=0.02, jaw_side=0.8, lid_droop=0.10, blink_length=1.2, brow_activity=0.4,
        brow_bias=-0.1, gaze_contact=0.72, gaze_side=-1.0, head_amplitude=1.4, head_frequency=0.7, head_yaw_share=1.5,
        nod_gain=0.5, nod_share=0.4, base_yaw=4.0,
    ),
    gallery_style(
        "sceptic", "one brow up, narrow eyes, a crooked mouth, head aside", "Tomas", "kenji",
        asymmetry=-1.0, jaw_side=-0.8, brow_asymmetry=-1.0, brow_bias=0.15, brow_raise=0.7, brow_activity=1.3,
        squint=0.28, frown_bias=0.08, smile_bias=0.02, shrug_bias=0.10, gaze_contact=0.9, base_yaw=-5.0,
        base_roll=-3.5, nod_gain=0.8, head_amplitude=0.8,
    ),
)  # fmt: skip

IDENTITIES: tuple[GalleryStyle, ...] = tuple(
    GalleryStyle(name, name, "a learned talking identity", name, "neutral", identity.style)
    for name, identity in identities.IDENTITIES.items()
)
