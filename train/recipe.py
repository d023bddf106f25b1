"""Every number that training depends on, with its unit and its reason."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Habits:
    """How often a habit is drawn into the digit that it belongs to; see train/habits.py."""

    flagged_one: float = 0.5  # fraction of the 1s
    footed_one: float = 0.3  # fraction of the flagged 1s: nobody writes a foot without a flag
    crossed_seven: float = 0.3  # fraction of the 7s
    slashed_zero: float = 0.05  # fraction of the 0s


@dataclass(frozen=True)
class Augmentation:
    """How far a picture may be varied; what each part does is in train/augment.py."""

    rotation: float = 10.0  # degrees either way
    scale: float = 0.12  # fraction either way, width and height apart
    shear: float = 0.2  # pixels sideways a pixel of height
    shift: float = 1.5  # pixels either way
    elastic_sigma: float = 4.0  # pixels; Simard's value for pictures of this size
    elastic_alpha: float = 34.0  # Simard's value; here the most, the strength being drawn for each picture
    thicken: float = 1.4  # 3 x 3 dilations, at most 2
    thin: float = 0.4  # 3 x 3 erosions, at most 1; more breaks thin lines
    habits: Habits = field(default_factory=Habits)
    gamma: float = 0.3  # natural logarithm of the exponent, either way


@dataclass(frozen=True)
class Recipe:
    """One training run."""

    epochs: int = 20
    batch_size: int = 128  # pictures a step
    lr: float = 4e-3  # AdamW's learning rate at the top of the one cycle
    warmup: float = 0.2  # fraction of the run until that top
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    ema_half_life: float = 0.5  # epochs after which a step's weights count half in the average that is kept
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
