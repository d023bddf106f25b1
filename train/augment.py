"""MNIST made more various, a batch at a time, in tensor code on the device that trains.

Everything that moves ink (rotation, scale, shear, shift and the elastic field) adds up to one sampling
grid, so that each picture is interpolated once.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from train.habits import DrawHabits
from train.recipe import Augmentation

SIDE = 28  # pixels


class Augment:
    """Draws a new variation of each picture at each call."""

    def __init__(self, settings: Augmentation, device: torch.device) -> None:
        self.settings = settings
        self.device = device
        self.draw_habits = DrawHabits(settings.habits, SIDE, device)
        self.blur = gaussian_blur_matrix(settings.elastic_sigma).to(device)
        # Pixel centres in grid_sample's coordinates, -1 to 1 from border to border.
        centres = (torch.arange(SIDE, device=device) + 0.5) * 2 / SIDE - 1
        self.centres = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), dim=-1)

    def __call__(self, pictures: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Vary ``pictures``, float [N, 1, 28, 28] from 0 (paper) to 1 (ink), which show the digits ``labels``.

        The same shape and range out.
        """
        pictures = self.draw_habits(pictures, labels, generator)
        grid = self.affine_grid(len(pictures), generator) + self.elastic_field(len(pictures), generator)
        pictures = F.grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        pictures = self.vary_stroke_width(pictures, generator)
        return self.vary_contrast(pictures, generator)

    def affine_grid(self, count: int, generator: torch.Generator) -> Tensor:
        """Sampling positions, float [N, 28, 28, 2], of a random rotation, scale, shear and shift.

        People tilt, stretch and slant what they write, and the centre of mass is not the centre of a 6.
        """
        settings = self.settings
        angle = self.uniform((count,), generator) * math.radians(settings.rotation)
        shear = self.uniform((count,), generator) * settings.shear
        scale = 1 + self.uniform((count, 2), generator) * settings.scale
        shift = self.uniform((count, 1, 1, 2), generator) * settings.shift * 2 / SIDE
        cos, sin = angle.cos(), angle.sin()
        rotate = torch.stack([cos, -sin, sin, cos], dim=-1).view(count, 2, 2)
        slant = torch.eye(2, device=self.device).repeat(count, 1, 1)
        slant[:, 0, 1] = shear
        matrix = rotate @ slant @ torch.diag_embed(1 / scale)
        return torch.einsum("nij,yxj->nyxi", matrix, self.centres) + shift

    def elastic_field(self, count: int, generator: torch.Generator) -> Tensor:
        """Random smooth displacements, float [N, 28, 28, 2]: no hand moves twice along the same path.

        Source: P. Simard, D. Steinkraus and J. Platt, "Best practices for convolutional neural networks
        applied to visual document analysis", ICDAR 2003: uniform noise blurred by a Gaussian of
        ``elastic_sigma`` pixels and scaled by up to ``elastic_alpha``.
        """
        noise = self.uniform((count, 2, SIDE, SIDE), generator)
        strength = torch.rand((count, 1, 1, 1), generator=generator, device=self.device)
        field = self.blur @ noise @ self.blur.T * strength * self.settings.elastic_alpha
        return field.permute(0, 2, 3, 1) * 2 / SIDE

    def vary_stroke_width(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Thicken or thin the strokes: pens differ far more than the pencils that MNIST was written with.

        A blend towards the greatest or the least of each pixel's neighbourhood (grey-scale dilation and
        erosion), for the thickest pens towards the greatest of a wider one.
        """
        amount = self.uniform((len(pictures), 1, 1, 1), generator)
        thicken = amount.clamp(min=0) * self.settings.thicken
        thin = (-amount).clamp(min=0) * self.settings.thin
        thicker = F.max_pool2d(pictures, 3, stride=1, padding=1)
        thickest = F.max_pool2d(thicker, 3, stride=1, padding=1)
        thinner = -F.max_pool2d(-pictures, 3, stride=1, padding=1)
        return (
            pictures
            + thicken.clamp(max=1) * (thicker - pictures)
            + (thicken - 1).clamp(min=0) * (thickest - thicker)
            + thin * (thinner - pictures)
        )

    def vary_contrast(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Harden or soften the edges of the ink: drawn lines end sharply, scanned ones fade."""
        exponent = (self.uniform((len(pictures), 1, 1, 1), generator) * self.settings.gamma).exp()
        return pictures.clamp(1e-6, 1).pow(exponent)

    def uniform(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Random numbers from -1 to 1."""
        return torch.rand(shape, generator=generator, device=self.device) * 2 - 1


def gaussian_blur_matrix(sigma: float) -> Tensor:
    """A matrix, float [28, 28], that blurs a column of pixels by a Gaussian of ``sigma`` pixels."""
    distance = torch.arange(SIDE).view(-1, 1) - torch.arange(SIDE)
    weights = torch.exp(-(distance**2) / (2 * sigma**2))
    return weights / (sigma * math.sqrt(2 * math.pi))
