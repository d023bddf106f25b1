"""Allographs: shapes of digits that other schools teach and MNIST's writers hardly used, drawn from scratch.

A habit that adds or removes one stroke is drawn into MNIST's own digits by train/habits.py. Other shapes, such as a 4
whose stem begins at its bar or a 9 with a small loop and a large tail, cannot be made from MNIST's digits: they are
drawn here through a few points, displaced at random, with pens of many widths. So are straight 1s, since those that a
mouse draws are straighter than any written one.
"""

import torch
from torch import Tensor

from net.fitting import BOX, SIDE
from train.fitting import fit_into_field
from train.mnist import Digits
from train.polylines import CHUNK, draw_polylines
from train.uniform import uniform

# A digit, and its strokes, separated by "|", of points "x,y" from 0 to 8, y down. The pen follows a smooth curve
# through them; where a point is repeated three times it turns a corner.
SHAPES = """
0: 1,0 .2,4 1,6.8 3,8 5,6.8 6,4.4 5,2 3.2,1.1 1.4,1.6 .7,2.6
0: 4.2,.4 1.6,1 .4,4 1.2,7 3,8 5,7 6,4 5.2,1.6 3.6,.3 1.8,-.5
1: 0,3.4 3.8,0 3.8,0 3.8,0 3,8
1: 0,2.2 2.6,1.4 4.4,0 4.4,0 4.4,0 2.6,8
3: 0,.3 5,0 5,0 5,0 2.4,3.2 2.4,3.2 5.3,5 4.6,7.3 2.5,8 0,7.2
4: 4,0 0,5 0,5 0,5 6,5 | 4.5,3.3 3.7,8
4: 4,0 .5,4.6 .6,5.4 3,5.4 6.2,4.2 | 5.3,3 4,8
4: 4,0 .6,5.4 .5,6.2 2.5,6.4 6,5.8 | 5,3.6 4,8
4: 3.6,0 1.6,3 .4,5.6 2,6.4 5.8,5.6 | 4.6,4.6 3.9,8
7: 0,1 1.2,.3 3,.9 5.5,.2 5.5,.2 4,3.5 3,8 | 1.8,4.4 6,4
7: 0,1.6 .1,.4 .1,.4 5.4,.2 5.6,.4 3.9,3.8 2.8,8 | 1.6,4.3 5.6,4.1
8: 5.3,1.4 3,0 1,1.6 2.6,3.5 4.8,5.8 3,8 .8,6.2 3,4 4.8,2.2 5.9,.1
9: 5,1 3,0 1.2,1.6 2.6,3.3 4.9,2 4.9,2 5.8,4.6 4.8,7.4 2.5,8 .5,7.2
9: 5,.7 3,0 1,1.7 2.4,3.4 4.4,2.6 5,1.4 6,5 4,8 1,7.8 0,7
9: 4.6,.6 3.2,0 1.8,1.3 2.8,2.6 4.4,1.6 4.6,1.2 5.8,4.4 5.6,7 3,8 .5,7.6
"""
TREMOR = 0.35  # standard deviation of each point's x and y, in the units of `SHAPES`
NARROWEST, WIDEST = 0.6, 1.2  # horizontal scale, relative to `SHAPES`
PEN_WIDTHS = (1.6, 3.6)  # pixels of MNIST's 28
STRAIGHT_LEANS = (-0.35, 0.6)  # of the field's height, that a straight 1's top is to the right of its foot
STRAIGHT_PEN_WIDTHS = (1, 5)  # pixels likewise
CORNERS = 24  # of the polyline that stands for the curves of a digit


class Allographs:
    """Draws digits in the shapes of `SHAPES`, each shape equally often."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        lines = [line.split(":") for line in SHAPES.strip().split("\n")]
        shapes = [parse_shape(strokes) for _, strokes in lines]
        most = max(sum(map(len, strokes)) for strokes in shapes)
        self.digits = torch.tensor([int(digit) for digit, _ in lines], device=device)
        self.controls = torch.zeros(len(shapes), most, 2, device=device)
        self.curves = torch.zeros(len(shapes), CORNERS, most, device=device)
        self.pen_down = torch.zeros(len(shapes), CORNERS, dtype=torch.bool, device=device)
        for number, strokes in enumerate(shapes):
            points = torch.tensor([point for stroke in strokes for point in stroke], device=device)
            curves, pen_down = curves_through([len(stroke) for stroke in strokes])
            self.controls[number, : len(points)] = points
            self.curves[number, :, : len(points)] = curves
            self.pen_down[number] = pen_down

    def __call__(self, count: int, generator: torch.Generator) -> Digits:
        """``count`` drawn digits and their labels, uint8 [count, 28, 28], fitted into MNIST's box and field."""
        which = torch.arange(count, device=self.device) % len(self.digits)
        drawn = [self.draw(chunk, generator) for chunk in which.split(CHUNK)]
        return Digits.from_pictures(torch.cat(drawn), self.digits[which])

    def draw(self, shapes: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the ``shapes``, int [N], each varied at random: float [N, 28, 28] from 0 to 1."""
        count = len(shapes)
        tremor = torch.randn((count, *self.controls.shape[1:]), generator=generator, device=self.device)
        points = self.curves[shapes] @ (self.controls[shapes] + TREMOR * tremor)
        across = uniform(NARROWEST, WIDEST, (count,), generator)
        points = points * torch.stack([across, torch.ones_like(across)], dim=1).unsqueeze(1)
        width = uniform(*PEN_WIDTHS, (count,), generator)
        first, last = points.amin(1, keepdim=True), points.amax(1, keepdim=True)
        scale = (BOX - width).view(-1, 1, 1) / (last - first).amax(2, keepdim=True)
        placed = (points - (first + last) / 2) * scale + (SIDE - 1) / 2
        return fit_into_field(draw_polylines(placed, self.pen_down[shapes], width, SIDE).unsqueeze(1))[:, 0]


def straight_ones(count: int, generator: torch.Generator) -> Digits:
    """``count`` 1s of one straight stroke each, upright or leaning, in the form that `Allographs` returns."""
    lean = uniform(*STRAIGHT_LEANS, (count,), generator) * SIDE
    width = uniform(*STRAIGHT_PEN_WIDTHS, (count,), generator)
    x = torch.stack([SIDE / 2 + lean / 2, SIDE / 2 - lean / 2], dim=1)
    y = torch.tensor([2.0, SIDE - 2.0], device=generator.device).expand(count, 2)
    pen_down = torch.tensor([False, True], device=generator.device).expand(count, 2)
    drawn = draw_polylines(torch.stack([x, y], dim=2), pen_down, width, SIDE)
    images = fit_into_field(drawn.unsqueeze(1))[:, 0]
    return Digits.from_pictures(images, torch.ones(count, dtype=torch.long, device=generator.device))


def parse_shape(text: str) -> list[list[tuple[float, ...]]]:
    """The strokes of a line of `SHAPES`, each a list of points (x, y)."""
    return [[tuple(map(float, point.split(","))) for point in stroke.split()] for stroke in text.split("|")]


def curves_through(lengths: list[int]) -> tuple[Tensor, Tensor]:
    """The matrix that maps the points of strokes, which have these ``lengths``, to polyline corners on smooth curves.

    It is float [24, sum of lengths]; also bool [24], whether a line leads to each corner. The curves are Catmull-Rom
    splines; end points replace the neighbours they lack. Source: E. Catmull and R. Rom, "A class of local interpolating
    splines", in Computer Aided Geometric Design, 1974.
    """
    shares = [CORNERS * length // sum(lengths) for length in lengths]
    shares[0] += CORNERS - sum(shares)
    matrix = torch.zeros(CORNERS, sum(lengths))
    pen_down = torch.ones(CORNERS, dtype=torch.bool)
    corner = point = 0
    for length, share in zip(lengths, shares, strict=True):
        pen_down[corner] = False
        for along in torch.linspace(0, length - 1, share).tolist():
            before = min(int(along), length - 2)
            t = along - before
            weights = (
                (-t + 2 * t**2 - t**3) / 2,
                (2 - 5 * t**2 + 3 * t**3) / 2,
                (t + 4 * t**2 - 3 * t**3) / 2,
                (t**3 - t**2) / 2,
            )
            for neighbour, weight in enumerate(weights, before - 1):
                matrix[corner, point + min(max(neighbour, 0), length - 1)] += weight
            corner += 1
        point += length
    return matrix, pen_down
