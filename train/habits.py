"""Strokes that other schools teach, drawn into MNIST's digits, which Americans wrote in the 1990s.

A 1 gets a flag and sometimes a foot, a 7 a bar across its stem, a 0 a slash. All are straight strokes, as
wide as the digit's own, drawn in tensor code on the whole batch at once.
"""

import math

import torch
from torch import Tensor

from train.recipe import Habits

INK = 0.5  # a pixel this dark belongs to the digit


class DrawHabits:
    """Adds each habit to its digit with the probability that the settings give it."""

    def __init__(self, settings: Habits, side: int, device: torch.device) -> None:
        self.settings = settings
        self.device = device
        self.line = torch.arange(side, device=device, dtype=torch.float32)

    def __call__(self, pictures: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """``pictures``, float [N, 1, 28, 28] from 0 to 1, of ``labels`` [N], with strokes added to some."""
        ink = pictures[:, 0]
        top, bottom = self.rows_of_ink(ink)
        height = bottom - top
        width = (ink.sum((1, 2)) / (1.3 * height)).clamp(1.5, 4)  # a 1's area over its length, roughly
        chosen = torch.rand(len(ink), generator=generator, device=self.device)
        extra = torch.rand(len(ink), generator=generator, device=self.device)
        flagged = (labels == 1) & (chosen < self.settings.flagged_one)
        footed = flagged & (extra < self.settings.footed_one)
        crossed = (labels == 7) & (chosen < self.settings.crossed_seven)
        slashed = (labels == 0) & (chosen < self.settings.slashed_zero)

        draw = Between(height, generator)
        head = self.point_at(ink, top + 0.5, top)
        foot = self.point_at(ink, bottom - 0.5, bottom)
        middle_row = top + height * draw.uniform(0.4, 0.65)
        middle = self.point_at(ink, middle_row, middle_row)
        centre = torch.full_like(head, len(self.line) / 2)
        stem = torch.atan2(foot[:, 1] - head[:, 1], foot[:, 0] - head[:, 0]) * (180 / math.pi)

        # Arms are as long as a fraction of the digit's height; angles are degrees clockwise from the right.
        flag = (head, head + draw.arm((0.15, 0.65), stem, (8, 60)))
        bar = (middle - draw.arm((0.12, 0.35), 0, (-20, 12)), middle + draw.arm((0.12, 0.35), 0, (-20, 12)))
        slash = draw.arm((0.35, 0.6), -50, (-15, 15))
        serif = (foot - draw.arm((0.15, 0.4), 0, (-8, 8)), foot + draw.arm((0.15, 0.4), 0, (-8, 8)))

        # No digit has two of these three, so that one stroke a picture draws them all.
        of_digit = [
            torch.where(crossed[:, None], of_seven, torch.where(slashed[:, None], of_zero, of_one))
            for of_one, of_seven, of_zero in zip(flag, bar, (centre - slash, centre + slash), strict=True)
        ]
        for wanted, (start, end) in ((flagged | crossed | slashed, of_digit), (footed, serif)):
            ink = torch.maximum(ink, self.stroke(start, end, width) * wanted.view(-1, 1, 1))
        return ink.unsqueeze(1)

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

    def stroke(self, start: Tensor, end: Tensor, width: Tensor) -> Tensor:
        """Antialiased strokes, float [N, 28, 28], from ``start`` to ``end`` [N, 2] as (x, y), ``width`` [N]."""
        (along_x, along_y), (start_x, start_y) = (
            vector.T.reshape(2, -1, 1, 1).unbind() for vector in (end - start, start)
        )
        x, y = self.line.view(1, 1, -1) - start_x, self.line.view(1, -1, 1) - start_y
        length_squared = (along_x**2 + along_y**2).clamp(min=1e-6)
        position = ((x * along_x + y * along_y) / length_squared).clamp(0, 1)
        distance = torch.hypot(x - position * along_x, y - position * along_y)
        return (width.view(-1, 1, 1) / 2 + 0.5 - distance).clamp(0, 1)


class Between:
    """Uniform random numbers and vectors, one for each picture, whose digits have ``height``, float [N]."""

    def __init__(self, height: Tensor, generator: torch.Generator) -> None:
        self.height, self.generator = height, generator

    def uniform(self, low: float, high: float) -> Tensor:
        """Float [N] from ``low`` to ``high``."""
        unit = torch.rand(len(self.height), generator=self.generator, device=self.height.device)
        return unit * (high - low) + low

    def arm(self, lengths: tuple[float, float], angle: Tensor | float, spread: tuple[float, float]) -> Tensor:
        """Vectors, float [N, 2] as (x, y), as long as a fraction of the height between ``lengths``.

        They point along ``angle``, changed by what ``spread`` allows, in degrees clockwise from the right.
        """
        radians = (angle + self.uniform(*spread)) * (math.pi / 180)
        direction = torch.stack([radians.cos(), radians.sin()], dim=1)
        return direction * (self.height * self.uniform(*lengths))[:, None]
