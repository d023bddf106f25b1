"""Data augmentation of MNIST, a batch at a time, in tensor code on the device that trains.

First the strokes change (habits, then width, then outlines or gaps), then all movements of the ink are
combined in one sampling grid, so that each picture is interpolated once. That grid also fits the changed
digit into MNIST's box and field again, as net/fitting.py does with what people draw: a thick pen's digit
is no larger than a thin one's, and a 1 moves aside for its flag.

Interpolated pictures are softer than scanned ones, and habits are commoner among them than in MNIST; so a part of
each batch stays as it is.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from net.fitting import SIDE
from train.fitting import centre_of_mass, extent, offsets_from_centre, sample
from train.habits import DrawHabits
from train.ranks import Ranks
from train.recipe import NO_AUGMENTATION, Augmentation
from train.uniform import uniform

MARGIN = 4  # pixels on every side, for strokes that grow out of the field before they are fitted into it
CANVAS = SIDE + 2 * MARGIN
GRAIN = 1.0  # pixels, sigma of the Gaussian noise that breaks lines: gaps are about as long as strokes are wide
FEWEST_GAPS, MOST_GAPS = -1.5, 0.3  # standard deviations of that noise, below which there is a gap
GAPS_END = 4.0  # steepness of a gap's edge, times the noise's: neither soft nor jagged
LEAST_INK = 0.1  # pictures fainter than this all over are not made as dark as ink


class Augment:
    """Draws new variations of most pictures at each call."""

    def __init__(
        self,
        settings: Augmentation,
        device: torch.device,
        ranks: Ranks = Ranks(),  # noqa: B008 - frozen
    ) -> None:
        """Each batch is shared by ``ranks``."""
        self.settings = settings
        self.device = device
        self.ranks = ranks
        self.draw_habits = DrawHabits(settings.habits, device)
        self.blur = gaussian_blur_matrix(settings.elastic_sigma, SIDE).to(device)
        self.grain = gaussian_blur_matrix(GRAIN, CANVAS).to(device)
        self.from_centre = offsets_from_centre(device)

    def __call__(self, pictures: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Vary most ``pictures``, float [N, 1, 28, 28] from 0 (paper) to 1 (ink), which show the digits ``labels``.

        Returns the same shape and range.
        """
        if self.settings == NO_AUGMENTATION:
            return pictures
        hollow, broken, as_scanned = self.numbers_of_kinds(len(pictures))
        if as_scanned == len(pictures):
            return pictures
        some, rest = pictures.tensor_split((len(pictures) - as_scanned,))
        return torch.cat([self.vary(some, labels[: len(some)], hollow, broken, generator), rest])

    def numbers_of_kinds(self, count: int) -> tuple[int, int, int]:
        """How many of ``count`` pictures to draw hollow, to draw broken, and to leave as scanned.

        They are this rank's share of a batch; all ranks together have as many of each kind as one alone would.
        """
        batch = count * self.ranks.count
        as_scanned = round(self.settings.as_scanned * batch)
        hollow, broken = (round(part * (batch - as_scanned)) for part in (self.settings.hollow, self.settings.broken))
        return self.ranks.number_of(hollow), self.ranks.number_of(broken), self.ranks.number_of(as_scanned)

    def vary(self, pictures: Tensor, labels: Tensor, hollow: int, broken: int, generator: torch.Generator) -> Tensor:
        """Vary all ``pictures``, and draw so many ``hollow`` and ``broken``; shapes and ranges as in `__call__`."""
        canvas = F.pad(pictures, (MARGIN,) * 4)
        drawn = self.vary_stroke_width(self.draw_habits(canvas, labels, generator), generator)
        drawn = self.vary_line(drawn, hollow, broken, generator)
        growth = extent(drawn) / extent(canvas)  # new strokes reach farther: so must what fits them into MNIST's box
        offsets = self.affine_offsets(len(pictures), generator) + self.elastic_field(len(pictures), generator)
        fitted = sample(drawn, centre_of_mass(drawn).view(-1, 1, 1, 2) + offsets * growth.view(-1, 1, 1, 1))
        return self.vary_contrast(fitted, generator)

    def affine_offsets(self, count: int, generator: torch.Generator) -> Tensor:
        """Offsets from the centre, float [N, 28, 28, 2] in pixels, after a random rotation, scale, shear and shift.

        People tilt, stretch and slant what they write, and the centre of mass is not the centre of a 6.
        """
        settings = self.settings
        angle = uniform(-1, 1, (count,), generator) * math.radians(settings.rotation)
        shear = uniform(-1, 1, (count,), generator) * settings.shear
        scale = 1 + uniform(-1, 1, (count, 2), generator) * settings.scale
        shift = uniform(-1, 1, (count, 1, 1, 2), generator) * settings.shift
        cos, sin = angle.cos(), angle.sin()
        rotate = torch.stack([cos, -sin, sin, cos], dim=-1).view(count, 2, 2)
        slant = torch.eye(2, device=self.device).repeat(count, 1, 1)
        slant[:, 0, 1] = shear
        matrix = rotate @ slant @ torch.diag_embed(1 / scale)
        return torch.einsum("nij,yxj->nyxi", matrix, self.from_centre) + shift

    def elastic_field(self, count: int, generator: torch.Generator) -> Tensor:
        """Random smooth displacements, float [N, 28, 28, 2] in pixels: no hand moves twice along the same path.

        Source: P. Simard, D. Steinkraus and J. Platt, "Best practices for convolutional neural networks
        applied to visual document analysis", ICDAR 2003: uniform noise blurred by a Gaussian of
        ``elastic_sigma`` pixels and scaled by up to ``elastic_alpha``.
        """
        noise = uniform(-1, 1, (count, 2, SIDE, SIDE), generator)
        strength = uniform(0, 1, (count, 1, 1, 1), generator)
        field = self.blur @ noise @ self.blur.T * strength * self.settings.elastic_alpha
        return field.permute(0, 2, 3, 1)

    def vary_stroke_width(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Thicken or thin the strokes: pens differ far more than the pencils that MNIST was written with.

        Blends towards the maximum or minimum of each pixel's neighbourhood (grey-scale dilation and erosion);
        neighbourhoods grow by a pixel, as a cross and a square in turn, for pens are round.
        """
        amount = uniform(-1, 1, (len(pictures), 1, 1, 1), generator)
        thicken = amount.clamp(min=0) ** self.settings.thicken_power * self.settings.thicken
        thin = (-amount).clamp(min=0) * self.settings.thin
        thinner = -dilate_by_square(-pictures)
        drawn = pictures + thin * (thinner - pictures)
        for step in range(math.ceil(self.settings.thicken)):
            thicker = dilate_by_cross(drawn) if step % 2 == 0 else dilate_by_square(drawn)
            drawn = drawn + (thicken - step).clamp(0, 1) * (thicker - drawn)
        return drawn

    def vary_line(self, pictures: Tensor, hollow: int, broken: int, generator: torch.Generator) -> Tensor:
        """Draw the first ``hollow`` of ``pictures`` as outlines, and the next ``broken`` with gaps in their lines."""
        some, others, rest = pictures.tensor_split((hollow, hollow + broken))
        drawn = torch.cat([hollowed(some, generator), self.with_gaps(others, generator)])
        darkest = drawn.amax((1, 2, 3), keepdim=True).clamp(min=LEAST_INK)
        return torch.cat([drawn / darkest, rest])

    def with_gaps(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """``pictures`` with gaps, as in dashes and dots, from a dry pen, or where printed lines were removed."""
        noise = self.grain @ uniform(-1, 1, pictures.shape, generator) @ self.grain.T
        noise = noise / noise.square().mean((2, 3), keepdim=True).sqrt()
        gap = uniform(FEWEST_GAPS, MOST_GAPS, (len(pictures), 1, 1, 1), generator)
        return pictures * ((noise - gap) * GAPS_END).sigmoid()

    def vary_contrast(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Harden or soften the edges of the ink: drawn lines end sharply, scanned ones fade."""
        exponent = (uniform(-1, 1, (len(pictures), 1, 1, 1), generator) * self.settings.gamma).exp()
        return pictures.clamp(1e-6, 1).pow(exponent)


def hollowed(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """``pictures``, float [N, 1, S, S], as outlines of their strokes, thickened by up to 1.5 pixels on each side."""
    amount = uniform(0, 1.5, (len(pictures), 1, 1, 1), generator)
    outer = pictures + amount.clamp(max=1) * (dilate_by_square(pictures) - pictures)
    outer = outer + (amount - 1).clamp(min=0) * (dilate_by_cross(outer) - outer)
    inner = -dilate_by_square(-outer)
    return outer - inner * uniform(0.7, 1, (len(pictures), 1, 1, 1), generator)


def dilate_by_cross(pictures: Tensor) -> Tensor:
    """The maximum of each pixel and its four neighbours, for ``pictures``, float [N, 1, S, S]."""
    return torch.maximum(greatest_of_three(pictures, 2), greatest_of_three(pictures, 3))


def dilate_by_square(pictures: Tensor) -> Tensor:
    """The maximum of each pixel and its eight neighbours, for ``pictures``, float [N, 1, S, S]."""
    return greatest_of_three(greatest_of_three(pictures, 2), 3)


def greatest_of_three(pictures: Tensor, axis: int) -> Tensor:
    """The maximum of each pixel and its two neighbours along ``axis``: on CPUs several times as fast as max-pooling."""
    steps = pictures.shape[axis] - 1
    pairs = torch.maximum(pictures.narrow(axis, 0, steps), pictures.narrow(axis, 1, steps))
    first, last = pairs.narrow(axis, 0, 1), pairs.narrow(axis, -1, 1)
    return torch.maximum(torch.cat([first, pairs], axis), torch.cat([pairs, last], axis))


def gaussian_blur_matrix(sigma: float, side: int) -> Tensor:
    """A matrix, float [side, side], that blurs a column of pixels by a Gaussian of ``sigma`` pixels."""
    distance = torch.arange(side).view(-1, 1) - torch.arange(side)
    weights = torch.exp(-(distance**2) / (2 * sigma**2))
    return weights / (sigma * math.sqrt(2 * math.pi))
