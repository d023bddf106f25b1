"""More kinds of what is no digit: round letters, faces, dots, blots, wedges, rings in rings, two digits in a ring.

They are for the one layer that `train/novelty.py` fits; the whole network is trained without them. A single stroke in
a ring is not among them, for it may be a 0 with a slash or a dot in it.
"""

import math

import torch
from torch import Tensor

from net.fitting import SIDE
from train.mnist import Digits
from train.outliers import SIGNS, Kinds, Outliers
from train.uniform import uniform

MORE_SIGNS = """
71 40 12 05 28 57 73|70 76 88
12 40 72 78|74 34 16 38 76
40 46 58 78|12 72
10 18|14 31 50 71
10 18|15 33 53 75 78
00 08|03 21 51 83 88
71 50 32 38|14 64
00 05 28 68 85|80 88
36 16 07 18 37 30 51 83 75
00 08|05 52|24 78
40 71 84 77 48 17 04 11 40|33 34|53 54|26 66
"""
ROUND = 0.4  # of the signs and scribbles are curves
LOBES = 5  # of a blot, at most
RING_RADIUS = 10  # pixels, about, of rings around digits


class NoveltyOutliers(Outliers):
    """Draws pictures of what is no digit, of more kinds than `Outliers`."""

    lines = SIGNS + MORE_SIGNS

    @property
    def kinds(self) -> Kinds:
        """Each kind's share, and the method that draws it."""
        return (
            (0.11, self.side_by_side),
            (0.11, self.overwritten),
            (0.11, self.halved),
            (0.13, self.turned),
            (0.26, self.signs),
            (0.10, self.scribbles),
            (0.07, self.textures),
            (0.04, self.blots),
            (0.02, self.rings),
            (0.03, self.enclosed),
            (0.02, self.wedges),
        )

    def blots(self, _: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Dots, and blots with lobes, as hearts and leaves have them."""
        return ((1 - self.from_middle(count, 1.4, generator)) * 8 + 0.5).clamp(0, 1)

    def rings(self, _: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Rings within rings."""
        away = self.from_middle(count, 0.15, generator)
        number = uniform(1.6, 4, (count, 1, 1, 1), generator)
        return ((2 * math.pi * number * (1 - away)).cos() * 3 + 0.5).clamp(0, 1) * (away < 1)

    def enclosed(self, digits: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Two digits in a ring."""
        nowhere = torch.zeros(count, device=self.device)
        pair = self.placed(self.side_by_side(digits, count, generator), 0.5, nowhere, nowhere)
        pixels_off = (self.from_middle(count, 0.15, generator) - 1).abs() * RING_RADIUS
        width = uniform(1.5, 3.5, (count, 1, 1, 1), generator)
        return torch.maximum(pair, (width / 2 + 0.5 - pixels_off).clamp(0, 1))

    def wedges(self, _: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Dark triangles, narrow for their height, as a table leaves them beside a page that lies askew."""
        line = (torch.arange(SIDE, device=self.device) + 0.5) / SIDE
        from_tip, x = line.view(1, 1, -1, 1), line.view(1, 1, 1, -1) - 0.5
        base = uniform(0.2, 0.5, (count, 1, 1, 1), generator)
        left = -base * uniform(0, 1, (count, 1, 1, 1), generator)
        inside = torch.minimum(x - from_tip * left, from_tip * (left + base) - x)
        drawn = (inside * SIDE + 0.5).clamp(0, 1)
        stands_on_tip = uniform(0, 1, (count, 1, 1, 1), generator) < 0.5
        return torch.where(stands_on_tip, drawn.flip(2), drawn)

    def from_middle(self, count: int, unevenness: float, generator: torch.Generator) -> Tensor:
        """Each pixel's distance from the middle, float [count, 1, 28, 28], scaled to be 1 on a closed curve around it.

        The curve is an ellipse whose radius is changed by up to about the fraction ``unevenness``.
        """
        line = (torch.arange(SIDE, device=self.device) + 0.5) / (SIDE / 2) - 1
        stretch = uniform(1.1, 1.8, (count, 1, 1, 2), generator)
        y, x = torch.broadcast_tensors(line.view(1, -1, 1) * stretch[..., 0], line.view(1, 1, -1) * stretch[..., 1])
        angle = torch.atan2(y, x)
        lobes = torch.arange(2, LOBES + 1, device=self.device).view(1, -1, 1, 1)
        unevenness = uniform(0, unevenness, (count, 1, 1, 1), generator)
        size = uniform(-1, 1, (count, LOBES - 1, 1, 1), generator) * unevenness / lobes
        turned = uniform(0, 2 * math.pi, (count, LOBES - 1, 1, 1), generator)
        radius = 1 + (size * (lobes * angle.unsqueeze(1) + turned).cos()).sum(1)
        return (torch.hypot(x, y) / radius.clamp(min=0.2)).unsqueeze(1)

    def with_pen(self, points: Tensor, pen_down: Tensor, generator: torch.Generator) -> Tensor:
        """``points``, float [N, P, 2] from -1 to 1, as ink, float [N, 1, 28, 28], joined by lines or by curves."""
        is_round = uniform(0, 1, (len(points), 1, 1), generator) < ROUND
        return super().with_pen(*with_middles(points, pen_down, is_round), generator)


def with_middles(points: Tensor, pen_down: Tensor, is_round: Tensor) -> tuple[Tensor, Tensor]:
    """The same lines with a corner added in the middle of each: on a curve through all corners where ``is_round``.

    ``points``, float [N, P, 2], are joined where ``pen_down``, bool [N, P]; both are returned with 2 P in place of P.

    Source of the curve: E. Catmull and R. Rom, "A class of local interpolating splines", 1974.
    """
    before, after = points.roll(1, 1), points.roll(-1, 1)
    goes_on = pen_down.roll(-1, 1).unsqueeze(2)
    starts = ~pen_down.roll(1, 1).unsqueeze(2)
    earlier = torch.where(starts, before, points.roll(2, 1))
    later = torch.where(goes_on, after, points)
    middle = (before + points) / 2
    middle = torch.where(is_round, middle + (before + points - earlier - later) / 16, middle)
    return torch.stack([middle, points], 2).flatten(1, 2), torch.stack([pen_down, pen_down], 2).flatten(1)
