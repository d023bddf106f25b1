"""Strokes that other schools teach, drawn into MNIST's digits, which Americans wrote in the 1990s.

A 1 gets a flag and sometimes a foot, a 7 a bar across its stem, a 9 a tail that curls back, a 0 a slash: slightly
bent strokes, as wide as the digit's own, drawn in tensor code on a batch at once. A 6 loses some of its tail.
"""

import math

import torch
from torch import Tensor

from net.lenet import NONE
from train.polylines import draw_polylines
from train.recipe import Habits
from train.uniform import uniform

INK = 0.5  # a pixel this dark belongs to the digit
MOST = 0.25  # of a batch is drawn into, at most; a fixed number, since to ask a GPU for it would mean waiting
FLATTEST_FLAG = 152  # degrees clockwise from the right, as all angles here
BEND_POINTS = 4  # corners of the polyline that stands for a bent stroke


class DrawHabits:
    """Adds each habit to its digit with the probability that the settings give it."""

    def __init__(self, settings: Habits, device: torch.device) -> None:
        self.settings = settings
        probability = {0: settings.slashed_zero, 1: settings.flagged_one, 6: settings.short_six}
        probability |= {7: settings.crossed_seven, 9: settings.curled_nine}
        self.probability = torch.tensor([probability.get(label, 0.0) for label in range(NONE + 1)], device=device)

    def __call__(self, pictures: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """``pictures``, float [N, 1, S, S] from 0 to 1, of ``labels`` [N], with strokes added to some."""
        chance = uniform(0, 1, (len(pictures),), generator)
        priority = self.probability[labels] - chance
        chosen = priority.topk(max(1, int(MOST * len(pictures)))).indices
        wanted = priority[chosen] > 0
        plain = pictures[chosen, 0]
        drawn = torch.where(wanted.view(-1, 1, 1), self.draw(plain, labels[chosen], generator), plain)
        return pictures.index_copy(0, chosen, drawn.unsqueeze(1))

    def draw(self, ink: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """``ink``, float [N, S, S], of ``labels`` [N], with their habits."""
        written = Written(ink, generator)
        start, end, bend = habitual_line(written, labels)
        shortened = written.with_short_top()
        longer = torch.maximum(ink, written.stroke(start, end, bend))
        drawn = torch.where((labels == 6).view(-1, 1, 1), shortened, longer)
        is_footed = (labels == 1) & (written.uniform(0, 1) < self.settings.footed_one)
        return torch.maximum(drawn, written.serif() * is_footed.view(-1, 1, 1))


def habitual_line(written: "Written", labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The line that is a habit with each of ``labels`` [N]: where it starts and ends, float [N, 2], and its bend [N].

    Both ends are (x, y) in pixels; the bend is a fraction of the digit's height, see `Written.stroke`.
    """
    head, foot, middle = written.head, written.foot, written.middle()
    centre = torch.full_like(head, written.ink.shape[-1] / 2)
    stem = torch.atan2(foot[:, 1] - head[:, 1], foot[:, 0] - head[:, 0]) * (180 / math.pi)

    # Steeper than the roof of a 7, less steep than the stem of the 1.
    steepest = stem + 10
    flag_angle = steepest + written.uniform(0, 1) * (FLATTEST_FLAG - steepest).clamp(min=0)

    # Arms are as long as a fraction of the digit's height; angles are degrees clockwise from the right.
    bar_left, bar_right = (written.arm((0.12, 0.38), 0, (-22, 15)) for _ in range(2))
    slash = written.arm((0.35, 0.6), -50, (-15, 15))
    of_digit = {
        0: (centre - slash, centre + slash, 0.02),
        1: (head, head + written.arm((0.15, 0.85), flag_angle, (0, 0)), 0.08),
        7: (middle - bar_left, middle + bar_right, 0.06),
        9: (foot, foot + written.arm((0.2, 0.9), 180, (-25, 50)), 0.1),
    }
    starts, ends, bends = torch.zeros_like(head), torch.zeros_like(head), torch.zeros_like(stem)
    for digit, (start, end, bend) in of_digit.items():
        shown = labels == digit
        starts, ends = torch.where(shown[:, None], start, starts), torch.where(shown[:, None], end, ends)
        bends = bends.masked_fill(shown, bend)
    return starts, ends, bends


class Written:
    """N digits as they were written, and what can be added to them or taken away, at random."""

    def __init__(self, ink: Tensor, generator: torch.Generator) -> None:
        """``ink`` is float [N, S, S]."""
        self.ink, self.generator = ink, generator
        self.line = torch.arange(ink.shape[-1], device=ink.device, dtype=torch.float32)
        has_ink = (ink.amax(2) > INK).float()
        self.top = has_ink.argmax(dim=1).float()  # the first row, [N], that holds ink
        bottom = len(self.line) - 1 - has_ink.flip(1).argmax(dim=1).float()  # and the last
        self.height = bottom - self.top
        self.width = (ink.sum((1, 2)) / (1.3 * self.height)).clamp(1.5, 4)  # a 1's area over its length, roughly
        self.head = self.point_at(self.top + 0.5, self.top)
        self.foot = self.point_at(bottom - 0.5, bottom)

    def point_at(self, row: Tensor, y: Tensor) -> Tensor:
        """Points, float [N, 2] as (x, y): x is the mean column of the ink near ``row``, float [N]."""
        near = (1.5 - (self.line.view(1, -1, 1) - row.view(-1, 1, 1)).abs()).clamp(min=0)
        weights = (self.ink * near).sum(1) + 1e-6
        return torch.stack([(weights * self.line).sum(1) / weights.sum(1), y], dim=1)

    def middle(self) -> Tensor:
        """Points about half-way down, float [N, 2] as (x, y)."""
        row = self.top + self.height * self.uniform(0.4, 0.65)
        return self.point_at(row, row)

    def with_short_top(self) -> Tensor:
        """The ink, float [N, S, S], without some of it at the top."""
        cut = self.top + self.height * self.uniform(0.05, 0.25)
        return self.ink * (self.line.view(1, -1, 1) - cut.view(-1, 1, 1) + 0.5).clamp(0, 1)

    def serif(self) -> Tensor:
        """Level strokes under the digits, float [N, S, S], on which they stand."""
        left, right = (self.arm((0.15, 0.4), 0, (-8, 8)) for _ in range(2))
        return self.stroke(self.foot - left, self.foot + right, 0)

    def stroke(self, start: Tensor, end: Tensor, bend: Tensor | float) -> Tensor:
        """Antialiased strokes, float [N, S, S], from ``start`` to ``end`` [N, 2] as (x, y), as wide as the digits' own.

        Their middles lie up to ``bend``, float [N] in fractions of the height, off those of straight lines, in x and in
        y.
        """
        off = torch.stack([self.uniform(-2, 2), self.uniform(-2, 2)], dim=1) * (bend * self.height)[:, None]
        along = torch.linspace(0, 1, BEND_POINTS, device=self.ink.device).view(-1, 1, 1)
        # A quadratic Bézier curve; its control point is twice as far off as its middle.
        points = (1 - along) ** 2 * start + 2 * along * (1 - along) * ((start + end) / 2 + off) + along**2 * end
        pen_down = torch.ones(points.shape[1::-1], dtype=torch.bool, device=self.ink.device)
        return draw_polylines(points.transpose(0, 1), pen_down, self.width, len(self.line))

    def uniform(self, low: float, high: float) -> Tensor:
        """Random numbers, float [N], from ``low`` to ``high``."""
        return uniform(low, high, (len(self.ink),), self.generator)

    def arm(self, lengths: tuple[float, float], angle: Tensor | float, spread: tuple[float, float]) -> Tensor:
        """Vectors, float [N, 2] as (x, y), with lengths from the range ``lengths``, in fractions of the height.

        They point along ``angle`` plus a number from the range ``spread``, in degrees clockwise from the right.
        """
        radians = (angle + self.uniform(*spread)) * (math.pi / 180)
        direction = torch.stack([radians.cos(), radians.sin()], dim=1)
        return direction * (self.height * self.uniform(*lengths))[:, None]
