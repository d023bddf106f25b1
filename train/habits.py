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

    def __init__(self, settings: Habits, side: int, device: torch.device) -> None:
        self.settings = settings
        self.device = device
        self.line = torch.arange(side, device=device, dtype=torch.float32)
        probability = {0: settings.slashed_zero, 1: settings.flagged_one, 6: settings.short_six}
        probability |= {7: settings.crossed_seven, 9: settings.curled_nine}
        self.probability = torch.tensor([probability.get(label, 0.0) for label in range(NONE + 1)], device=device)
        along = torch.linspace(0, 1, BEND_POINTS, device=device).view(-1, 1, 1)
        self.blend = ((1 - along) ** 2, 2 * along * (1 - along), along**2)  # of a quadratic Bézier curve

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
        top, bottom = self.rows_of_ink(ink)
        height = bottom - top
        width = (ink.sum((1, 2)) / (1.3 * height)).clamp(1.5, 4)  # a 1's area over its length, roughly
        draw = Between(height, generator)
        head = self.point_at(ink, top + 0.5, top)
        foot = self.point_at(ink, bottom - 0.5, bottom)
        middle_row = top + height * draw.uniform(0.4, 0.65)
        middle = self.point_at(ink, middle_row, middle_row)
        centre = torch.full_like(head, len(self.line) / 2)
        stem = torch.atan2(foot[:, 1] - head[:, 1], foot[:, 0] - head[:, 0]) * (180 / math.pi)

        # Steeper than the roof of a 7, less steep than the stem of the 1.
        steepest = stem + 10
        flag_angle = steepest + draw.uniform(0, 1) * (FLATTEST_FLAG - steepest).clamp(min=0)

        # Arms are as long as a fraction of the digit's height; angles are degrees clockwise from the right.
        bar_left, bar_right = (draw.arm((0.12, 0.38), 0, (-22, 15)) for _ in range(2))
        slash = draw.arm((0.35, 0.6), -50, (-15, 15))
        of_digit = {
            0: (centre - slash, centre + slash, 0.02),
            1: (head, head + draw.arm((0.15, 0.85), flag_angle, (0, 0)), 0.08),
            7: (middle - bar_left, middle + bar_right, 0.06),
            9: (foot, foot + draw.arm((0.2, 0.9), 180, (-25, 50)), 0.1),
        }
        cut = top + height * draw.uniform(0.05, 0.25)
        shortened = ink * (self.line.view(1, -1, 1) - cut.view(-1, 1, 1) + 0.5).clamp(0, 1)
        starts, ends, bends = torch.zeros_like(head), torch.zeros_like(head), torch.zeros_like(height)
        for digit, (start, end, bend) in of_digit.items():
            shown = labels == digit
            starts, ends = torch.where(shown[:, None], start, starts), torch.where(shown[:, None], end, ends)
            bends = bends.masked_fill(shown, bend)
        stroke = self.stroke(starts, ends, bends * height, draw, width)
        ink = torch.where((labels == 6).view(-1, 1, 1), shortened, torch.maximum(ink, stroke))

        extra = uniform(0, 1, (len(ink),), generator)
        footed = (labels == 1) & (extra < self.settings.footed_one)
        serif_left, serif_right = (draw.arm((0.15, 0.4), 0, (-8, 8)) for _ in range(2))
        serif = self.stroke(foot - serif_left, foot + serif_right, 0 * height, draw, width)
        return torch.maximum(ink, serif * footed.view(-1, 1, 1))

    def rows_of_ink(self, ink: Tensor) -> tuple[Tensor, Tensor]:
        """The first and the last row, float [N] each, that hold ink."""
        has_ink = (ink.amax(2) > INK).float()
        return (
            torch.argmax(has_ink, dim=1).float(),
            len(self.line) - 1 - torch.argmax(has_ink.flip(1), dim=1).float(),
        )

    def point_at(self, ink: Tensor, row: Tensor, y: Tensor) -> Tensor:
        """Points, float [N, 2] as (x, y): x is the mean column of the ink near ``row``, float [N]."""
        near = (1.5 - (self.line.view(1, -1, 1) - row.view(-1, 1, 1)).abs()).clamp(min=0)
        weights = (ink * near).sum(1) + 1e-6
        return torch.stack([(weights * self.line).sum(1) / weights.sum(1), y], dim=1)

    def stroke(self, start: Tensor, end: Tensor, bend: Tensor, draw: "Between", width: Tensor) -> Tensor:
        """Antialiased strokes, float [N, S, S], from ``start`` to ``end`` [N, 2] as (x, y), ``width`` [N] wide.

        Their middles lie up to ``bend`` pixels, float [N], off those of straight lines, in x and in y.
        """
        control = (start + end) / 2 + torch.stack([draw.uniform(-2, 2), draw.uniform(-2, 2)], dim=1) * bend[:, None]
        points = sum(weight * point for weight, point in zip(self.blend, (start, control, end), strict=True))
        pen_down = torch.ones(points.shape[1::-1], dtype=torch.bool, device=self.device)
        return draw_polylines(points.transpose(0, 1), pen_down, width, len(self.line))


class Between:
    """Draws uniform random numbers and vectors, one for each of N pictures of digits of ``height``, float [N]."""

    def __init__(self, height: Tensor, generator: torch.Generator) -> None:
        self.height, self.generator = height, generator

    def uniform(self, low: float, high: float) -> Tensor:
        """Float [N] from ``low`` to ``high``."""
        return uniform(low, high, (len(self.height),), self.generator)

    def arm(self, lengths: tuple[float, float], angle: Tensor | float, spread: tuple[float, float]) -> Tensor:
        """Vectors, float [N, 2] as (x, y), with lengths from the range ``lengths``, in fractions of the height.

        They point along ``angle`` plus a number from the range ``spread``, in degrees clockwise from the right.
        """
        radians = (angle + self.uniform(*spread)) * (math.pi / 180)
        direction = torch.stack([radians.cos(), radians.sin()], dim=1)
        return direction * (self.height * self.uniform(*lengths))[:, None]
