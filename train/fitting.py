"""What net/fitting.py does to one picture, as tensor code for a batch: fit ink into MNIST's box and field."""

import torch
import torch.nn.functional as F
from torch import Tensor

from net.fitting import BOX, CENTRE, SIDE

MIDDLE = CENTRE + 0.5  # pixels from the field's left and top edges to the middle of the pixel `CENTRE`
VISIBLE = 0.25  # ink above which a row or a column belongs to the digit's extent


def extent(pictures: Tensor) -> Tensor:
    """The longer side, float [N] in pixels, of the ink on ``pictures``, float [N, 1, S, S]."""
    return torch.maximum(*(span((pictures[:, 0].amax(dim=axis) > VISIBLE).float()) for axis in (1, 2)))


def span(has_ink: Tensor) -> Tensor:
    """The distance, float [N], from the first 1 to the last in ``has_ink``, float [N, S], both included."""
    return (has_ink.shape[1] - has_ink.argmax(dim=1) - has_ink.flip(1).argmax(dim=1)).float()


def centre_of_mass(pictures: Tensor) -> Tensor:
    """The centres of mass, float [N, 2] as (x, y) in pixels from the left and the top, of ``pictures`` [N, 1, S, S]."""
    ink = pictures[:, 0]
    middles = torch.arange(ink.shape[1], device=ink.device) + 0.5
    mass = ink.sum((1, 2)).clamp(min=1e-6)
    return torch.stack([(ink.sum(axis) * middles).sum(1) / mass for axis in (1, 2)], dim=1)


def offsets_from_centre(device: torch.device) -> Tensor:
    """Each pixel's offset from the field's place for the centre of mass, float [28, 28, 2] as (x, y)."""
    line = torch.arange(SIDE, device=device) + 0.5 - MIDDLE
    return torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)


def sample(pictures: Tensor, positions: Tensor) -> Tensor:
    """Sample ``pictures``, float [N, 1, S, S], at ``positions``, float [N, 28, 28, 2] in pixels.

    Float [N, 1, 28, 28].
    """
    grid = positions * (2 / pictures.shape[-1]) - 1  # grid_sample counts from -1 to 1, from border to border
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def fit_into_field(pictures: Tensor) -> Tensor:
    """Scale the ink until its longer side is 20 pixels and centre it by mass: float [N, 1, 28, 28] in and out."""
    scale = (extent(pictures) / BOX).view(-1, 1, 1, 1)
    return sample(pictures, centre_of_mass(pictures).view(-1, 1, 1, 2) + offsets_from_centre(pictures.device) * scale)
