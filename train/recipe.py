"""The settings of a training run, with their units or their reasons."""

from dataclasses import dataclass, field, replace

from net.lenet import DROPOUT


@dataclass(frozen=True)
class Habits:
    """How often a habit is drawn into the digit that it belongs to; see train/habits.py."""

    flagged_one: float = 0.25  # fraction of the 1s
    footed_one: float = 0.2  # fraction of the flagged 1s: nobody writes a foot without a flag
    short_six: float = 0.2  # fraction of the 6s
    crossed_seven: float = 0.25  # fraction of the 7s
    curled_nine: float = 0.25  # fraction of the 9s
    slashed_zero: float = 0.05  # fraction of the 0s


@dataclass(frozen=True)
class Augmentation:
    """How far a picture may be varied; what each part does is in train/augment.py."""

    as_scanned: float = 0.25  # fraction of pictures that are left as they are: varied ones are softer
    rotation: float = 12.0  # degrees either way
    scale: float = 0.12  # fraction either way, width and height apart
    shear: float = 0.2  # pixels sideways per pixel of height
    shift: float = 1.0  # pixels either way
    elastic_sigma: float = 4.0  # pixels; Simard's value for pictures of this size
    # A factor, at most, drawn anew for each picture; Simard's own is 34. Along either axis ink moves by a standard
    # deviation of at most alpha / (2 sigma sqrt(3 pi)) = 0.57 pixels, that of uniform noise after such a blur.
    elastic_alpha: float = 14.0
    thicken: float = 4.0  # pixels that strokes may grow on either side
    thicken_power: float = 3.0  # the higher, the rarer are the thickest strokes
    thin: float = 0.3  # 3 x 3 erosions, at most 1; more breaks thin lines
    # Rounded to whole pictures per batch: below 68 pictures there is no hollow line, below 34 no broken one.
    hollow: float = 0.01  # fraction of varied pictures drawn in outlines; three times as many cost accuracy on others
    broken: float = 0.02  # fraction drawn in a line with gaps; likewise
    habits: Habits = field(default_factory=Habits)
    gamma: float = 0.3  # natural logarithm of the exponent, either way


@dataclass(frozen=True)
class Recipe:
    """The settings of one training run."""

    epochs: int = 60
    batch_size: int = 128  # pictures a step
    lr: float = 4e-3  # AdamW's learning rate at the top of the one cycle
    one_cycle: bool = True  # else it stays at that top
    warmup: float = 0.2  # fraction of the run until that top
    last_lr: float = 0.5  # where it ends, as a fraction of that top: the average needs steps that lead somewhere
    weight_decay: float = 0.02  # times the learning rate, and the weight, is taken from each weight in a step
    label_smoothing: float = 0.05  # probability that is taken from the right digit and shared among all ten
    dropout: float = DROPOUT  # fraction of C5's maps that a step does without
    thinner: int = 1  # by which the number of maps in each layer is divided
    # Epochs, at most, after which a step's weights count half in the average that is kept. Up to epoch 65, so in all of
    # these 60, they do so sooner: after about a thirteenth of the run so far (train/averaging.py).
    ema_half_life: float = 5.0
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
    allographs: float = 0.07  # digits drawn by train/allographs.py among MNIST's own, as a fraction of these
    outliers: float = 0.1  # pictures of what is no digit among the digits, as a fraction of MNIST's

    def allographs_among(self, digits: int) -> int:
        """How many drawn digits an epoch shows among so many ``digits``."""
        return round(self.allographs * digits)

    def outliers_among(self, digits: int) -> int:
        """How many pictures of what is no digit an epoch shows among so many ``digits``."""
        return round(self.outliers * digits)

    def steps_an_epoch(self, digits: int) -> int:
        """How many whole batches an epoch of so many ``digits`` has."""
        return (digits + self.allographs_among(digits) + self.outliers_among(digits)) // self.batch_size

    def steps(self, digits: int) -> int:
        """How many batches the whole run on so many ``digits`` has."""
        return self.epochs * self.steps_an_epoch(digits)

    def shared_by(self, ranks: int) -> "Recipe":
        """What each of so many ``ranks`` does of it: its steps with a part of each batch."""
        return replace(self, batch_size=self.batch_size // ranks)


NO_HABITS = Habits(flagged_one=0, footed_one=0, short_six=0, crossed_seven=0, curled_nine=0, slashed_zero=0)
NO_AUGMENTATION = Augmentation(
    as_scanned=0,
    rotation=0,
    scale=0,
    shear=0,
    shift=0,
    elastic_alpha=0,
    thicken=0,
    thin=0,
    hollow=0,
    broken=0,
    habits=NO_HABITS,
    gamma=0,
)

# 99% in seconds: so short a run has no time to learn from varied pictures, nor to overfit; overconfidence early on
# holds it up most. Half of the maps learn nearly as much from a picture, in a third of the time.
FAST = Recipe(
    epochs=1,
    batch_size=96,
    lr=8e-3,
    warmup=0.15,
    last_lr=1e-5,  # too few steps for averaging to replace small ones
    label_smoothing=0.1,
    dropout=0,
    thinner=2,
    augmentation=NO_AUGMENTATION,
    allographs=0,
    outliers=0,
)

# Trained without a part, a network shows what it is worth; train/ablation.py does so for all.
PARTS: dict[str, dict[str, object]] = {
    "augmentation": {"augmentation": NO_AUGMENTATION},
    "as-scanned": {"augmentation": {"as_scanned": 0.0}},
    "affine": {"augmentation": {"rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0}},
    "elastic": {"augmentation": {"elastic_alpha": 0.0}},
    "stroke-width": {"augmentation": {"thicken": 0.0, "thin": 0.0}},
    "line": {"augmentation": {"hollow": 0.0, "broken": 0.0}},
    "contrast": {"augmentation": {"gamma": 0.0}},
    "habits": {"augmentation": {"habits": NO_HABITS}},
    "allographs": {"allographs": 0.0},
    "outliers": {"outliers": 0.0},
    "averaging": {"ema_half_life": 0.0},
    "one-cycle": {"one_cycle": False},
    "last-lr": {"last_lr": FAST.last_lr},
    "label-smoothing": {"label_smoothing": 0.0},
    "dropout": {"dropout": 0.0},
    "weight-decay": {"weight_decay": 0.0},
}


def without(recipe: Recipe, part: str) -> Recipe:
    """``recipe`` without ``part``, one of `PARTS`."""
    changes = dict(PARTS[part])
    if isinstance(changes.get("augmentation"), dict):
        changes["augmentation"] = replace(recipe.augmentation, **changes["augmentation"])
    return replace(recipe, **changes)
