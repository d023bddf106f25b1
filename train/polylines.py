"""Strokes drawn in tensor code: a batch at a time, on the device that trains."""

import torch
from torch import Tensor

CHUNK = 512  # pictures drawn at once, to bound memory


def draw_polylines(points: Tensor, pen_down: Tensor, width: Tensor, side: int) -> Tensor:
    """Antialiased polylines, float [N, side, side] from 0 to 1 for ink.

    Each of ``points``, float [N, P, 2] as (x, y) in pixels from the middle of the first pixel, is joined to the one
    before it where ``pen_down``, bool [N, P], is set, by a line ``width``, float [N], pixels wide.
    """
    line = torch.arange(side, device=points.device, dtype=points.dtype)
    nearest = torch.full((len(points), side, side), torch.inf, device=points.device)
    for corner in range(1, points.shape[1]):
        distance = distance_from_line(points[:, corner - 1], points[:, corner], line)
        nearest = torch.where(pen_down[:, corner].view(-1, 1, 1), torch.minimum(nearest, distance), nearest)
    return (width.view(-1, 1, 1) / 2 + 0.5 - nearest).clamp(0, 1)


def distance_from_line(start: Tensor, end: Tensor, line: Tensor) -> Tensor:
    """Each pixel's distance, float [N, S, S], from the line segment between ``start`` and ``end``, [N, 2].

    ``line``, float [S], holds the coordinates of the pixels along one side.
    """
    start_x, start_y = start.T.reshape(2, -1, 1, 1)
    along_x, along_y = (end - start).T.reshape(2, -1, 1, 1)
    x, y = line.view(1, 1, -1) - start_x, line.view(1, -1, 1) - start_y
    length_squared = (along_x**2 + along_y**2).clamp(min=1e-6)
    position = ((x * along_x + y * along_y) / length_squared).clamp(0, 1)
    return torch.hypot(x - position * along_x, y - position * along_y)
