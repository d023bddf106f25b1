"""Pictures of what is no digit, for the network to learn what it does not know.

Half of them are MNIST's digits spoiled: two side by side, one written over another, one cut in half, one turned
or mirrored. The others are drawn: letters and signs that look like no digit, scribbles, textures. All are fitted
into MNIST's box and field, so that nothing but their shape tells them apart.

Source of the idea: D. Hendrycks, M. Mazeika and T. Dietterich, "Deep anomaly detection with outlier exposure",
ICLR 2019, arXiv:1812.04606; here the outliers are made, not collected, and are a class of their own.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from net.fitting import SIDE
from net.lenet import NONE, to_pictures
from train.fitting import fit_into_field
from train.mnist import Digits
from train.polylines import CHUNK, draw_polylines
from train.uniform import uniform

# Letters and signs that cannot be taken for a digit: strokes of points, x and y from 0 to 8, y down. O, I, S, Z, B,
# G, b, g, q and their like are left out, for they are digits in some hand.
SIGNS = """
08 40 88|25 65
80 00 08 88|04 64
80 00 08|04 64
04 84 72 40 12 06 28 68 86
00 08|80 88|04 84
00 08|05 32 64 68
00 08|80 04 88
00 08|52 05 58
00 08 88
08 00 45 80 88
02 08|03 22 43 48|43 62 83 88
00 08 88 80
08 00 88 80
00 08 80 88
04 08|05 22 52 64 68
08 00 60 82 64 04
08 00 60 82 64 04 88
88 80 20 02 24 84 08
02 08|04 22 52 63
00 80|40 48
40 48|04 84
00 48 80
00 28 42 68 80
00 18 41 78 80
00 88|80 08
00 08|40 48|80 88|08 88
08 00 80
08 00 80 88
00 80|00 08|04 64|08 88
40 48|00 88|80 08
20 28|60 68|02 82|06 86
40 48|12 76|16 72
02 82|06 86
04 84
08 40 88
80 04 88
00 88 08 80 00
04 84|51 84 57
40 08 88 40
40 28 83 03 68 40
43 20 02 48 82 60 43
08 04 40 84 88 08
08 04 40 84 88 08|38 35 55 58
40 71 84 77 48 17 04 11 40|33 34|53 54|26 47 66
40 71 84 77 48 17 04 11 40|04 84|40 48
02 82 86 06 02|02 45 82
05 38 80|20 22
00 80 88 08 00|00 88|80 08
00 80 88 08 00|40 48|04 84
04 22 44 62 84
04 20 46 60 86
13 22 31|53 62 71|16 37 57 76
44 45|04 05|84 85
"""
MOST_CORNERS = 16  # of a sign or a scribble


Kinds = tuple[tuple[float, Callable[[Digits, int, torch.Generator], Tensor]], ...]


def parse_sign(line: str) -> list[tuple[float, float, bool]]:
    """The points of one of `SIGNS`: x and y from -1 to 1, and whether a line leads there from the point before."""
    points = []
    for stroke in line.split("|"):
        for number, (x, y) in enumerate(stroke.split()):
            points.append((int(x) / 4 - 1, int(y) / 4 - 1, number > 0))
    return points


class Outliers:
    """Draws pictures of what is no digit."""

    lines = SIGNS

    def __init__(self, device: torch.device) -> None:
        self.device = device
        # The indices of digits by their values: looked up once a call, as to learn their number is to wait for the GPU.
        self.places: dict[tuple[int, ...], Tensor] = {}
        signs = [parse_sign(line) for line in self.lines.split("\n") if line]
        self.sign_points = torch.zeros(len(signs), MOST_CORNERS, 2, device=device)
        self.sign_pen_down = torch.zeros(len(signs), MOST_CORNERS, dtype=torch.bool, device=device)
        for number, points in enumerate(signs):
            x, y, down = zip(*(points + [points[-1]] * (MOST_CORNERS - len(points))), strict=True)
            self.sign_points[number] = torch.tensor([x, y]).T
            self.sign_pen_down[number, : len(points)] = torch.tensor(down[: len(points)])

    def __call__(self, digits: Digits, count: int, generator: torch.Generator) -> Digits:
        """``count`` outliers, some of them made of ``digits``, with the label `NONE`."""
        self.places.clear()  # of other digits
        drawn = torch.empty(0, SIDE, SIDE, device=self.device)
        while len(drawn) < count:
            drawn = torch.cat([drawn, self.draw(digits, CHUNK, generator)[:, 0]])
        return Digits.from_pictures(drawn[:count], torch.full((count,), NONE, device=self.device))

    def draw(self, digits: Digits, count: int, generator: torch.Generator) -> Tensor:
        """About ``count`` outliers (each kind's share is rounded), shuffled: float [N, 1, 28, 28] from 0 to 1."""
        drawn = [draw(digits, round(share * count), generator) for share, draw in self.kinds]
        pictures = fit_into_field(torch.cat(drawn))
        return pictures[torch.randperm(len(pictures), generator=generator, device=self.device)]

    @property
    def kinds(self) -> Kinds:
        """Each kind's share, and the method that draws it."""
        return (
            (0.12, self.side_by_side),
            (0.12, self.overwritten),
            (0.12, self.halved),
            (0.14, self.turned),
            (0.28, self.signs),
            (0.12, self.scribbles),
            (0.10, self.textures),
        )

    def side_by_side(self, digits: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Two digits in a row, which may touch."""
        pair = [self.sample(digits, count, generator) for _ in range(2)]
        gap = uniform(0.75, 1.05, (count,), generator)
        tilt = uniform(-0.25, 0.25, (count,), generator)
        return torch.maximum(
            self.placed(pair[0], 0.55, -gap / 2, -tilt / 2),
            self.placed(pair[1], 0.55, gap / 2, tilt / 2),
        )

    def overwritten(self, digits: Digits, count: int, generator: torch.Generator) -> Tensor:
        """One digit written over another, or half over it. No 1s, which could be taken for a bar or a slash."""
        pair = [self.sample(digits, count, generator, (0, 2, 3, 4, 5, 6, 7, 8, 9)) for _ in range(2)]
        angle = uniform(0, 2 * math.pi, (count,), generator)
        apart = uniform(0.3, 0.6, (count,), generator)
        moved = self.placed(pair[1], 0.7, apart * angle.cos(), apart * angle.sin())
        return torch.maximum(self.placed(pair[0], 0.7, 0 * angle, 0 * angle), moved)

    def halved(self, digits: Digits, count: int, generator: torch.Generator) -> Tensor:
        """The left half or so of a 2, 3, 4 or 5, which is no digit by itself."""
        pictures = self.sample(digits, count, generator, (2, 3, 4, 5))
        across = torch.arange(SIDE, device=self.device).view(1, 1, 1, -1)
        cut = uniform(11.5, 14, (count, 1, 1, 1), generator)
        return pictures * (across < cut)

    def turned(self, digits: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Digits lying on a side, or mirrored, of those that are no digits then."""
        third = count // 3
        lying = self.sample(digits, third, generator, (2, 3, 4, 5, 7)).rot90(1, (2, 3))
        lying_right = self.sample(digits, third, generator, (3, 4, 5, 7, 9)).rot90(-1, (2, 3))
        mirrored = self.sample(digits, count - 2 * third, generator, (3, 4, 7, 9)).flip(3)
        return torch.cat([lying, lying_right, mirrored])

    def signs(self, _: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Letters and signs, as a hand would distort them."""
        which = torch.randint(len(self.sign_points), (count,), generator=generator, device=self.device)
        points = self.sign_points[which]
        points = points + uniform(-0.15, 0.15, tuple(points.shape), generator)
        stretch = uniform(0.5, 1, (count, 1, 2), generator)
        slant = uniform(-0.2, 0.4, (count, 1), generator)
        points = points * stretch
        points = torch.stack([points[..., 0] - slant * points[..., 1], points[..., 1]], dim=2)
        return self.with_pen(points, self.sign_pen_down[which], generator)

    def scribbles(self, _: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Lines to and fro."""
        corners = torch.randint(7, MOST_CORNERS + 1, (count, 1), generator=generator, device=self.device)
        number = torch.arange(MOST_CORNERS, device=self.device)
        points = uniform(-1, 1, (count, MOST_CORNERS, 2), generator)
        lifted = uniform(0, 1, (count, MOST_CORNERS), generator) < 0.12
        return self.with_pen(points, (number > 0) & (number < corners) & ~lifted, generator)

    def textures(self, _: Digits, count: int, generator: torch.Generator) -> Tensor:
        """Blots, grain and stripes."""
        cells = (3, 5, 8, 14)
        noise = [
            F.interpolate(uniform(0, 1, (count, 1, side, side), generator), size=SIDE, mode="bilinear")
            for side in cells
        ]
        angle = uniform(0, math.pi, (count, 1, 1, 1), generator)
        pace = uniform(0.6, 2.2, (count, 1, 1, 1), generator)
        line = torch.arange(SIDE, device=self.device, dtype=torch.float32)
        across = line.view(1, 1, 1, -1) * angle.cos() + line.view(1, 1, -1, 1) * angle.sin()
        kinds = torch.stack([*noise, ((across * pace).sin() + 1) / 2])
        which = torch.randint(len(kinds), (count,), generator=generator, device=self.device)
        values = kinds[which, torch.arange(count, device=self.device)]
        threshold = uniform(0.4, 0.7, (count, 1, 1, 1), generator)
        return ((values - threshold) * 6 + 0.5).clamp(0, 1)

    def with_pen(self, points: Tensor, pen_down: Tensor, generator: torch.Generator) -> Tensor:
        """``points``, float [N, P, 2] from -1 to 1, as ink, float [N, 1, 28, 28]; see `draw_polylines`."""
        width = uniform(1.5, 3.5, (len(points),), generator)
        return draw_polylines(SIDE / 2 + points * 10, pen_down, width, SIDE).unsqueeze(1)

    def sample(
        self, digits: Digits, count: int, generator: torch.Generator, only: tuple[int, ...] = tuple(range(10))
    ) -> Tensor:
        """``count`` random ``digits`` with labels among ``only``: float [count, 1, 28, 28] from 0 to 1."""
        if only not in self.places:
            self.places[only] = torch.isin(digits.labels, torch.tensor(only, device=self.device)).nonzero()[:, 0]
        allowed = self.places[only]
        if not len(allowed):  # few digits to train on, and none of these among them
            return torch.zeros(count, 1, SIDE, SIDE, device=self.device)
        which = torch.randint(len(allowed), (count,), generator=generator, device=self.device)
        return to_pictures(digits.images[allowed[which]])

    def placed(self, pictures: Tensor, scale: float, x: Tensor, y: Tensor) -> Tensor:
        """``pictures``, float [N, 1, 28, 28], scaled by ``scale`` and moved by ``x`` and ``y``, [N], in half fields."""
        matrix = torch.zeros(len(pictures), 2, 3, device=self.device)
        matrix[:, 0, 0] = matrix[:, 1, 1] = 1 / scale
        matrix[:, 0, 2], matrix[:, 1, 2] = -x / scale, -y / scale
        grid = F.affine_grid(matrix, list(pictures.shape), align_corners=False)
        return F.grid_sample(pictures, grid, align_corners=False)
