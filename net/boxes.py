"""Boxes on a picture, in pixels or in cells."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from net.arrays import BoolArray, Pixels


class Box(NamedTuple):
    """Rows and columns of a picture, the ends exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    @property
    def longer_side(self) -> int:
        """The larger of height and width."""
        return max(self.size)

    @property
    def slices(self) -> tuple[slice, slice]:
        """The slices that cut it out of an array [H, W]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def enlarged(self, times: int) -> "Box":
        """The same box on a picture ``times`` as wide and high."""
        return Box(*(end * times for end in self))

    def shrunk(self, times: int) -> "Box":
        """The same box, rounded outwards to whole pixels, on a picture ``times`` smaller along each side."""
        return Box(self.top // times, -(-self.bottom // times), self.left // times, -(-self.right // times))

    def moved(self, down: int, across: int) -> "Box":
        """The same box, moved ``down`` and ``across`` by so many pixels."""
        return Box(self.top + down, self.bottom + down, self.left + across, self.right + across)

    def grown(self, by: int, image: Image.Image) -> "Box":
        """The box with so many pixels more on each side, clipped to ``image``."""
        top, left = max(0, self.top - by), max(0, self.left - by)
        return Box(top, min(image.height, self.bottom + by), left, min(image.width, self.right + by))


def bounds(mask: BoolArray) -> Box:
    """The bounding box of ``mask``, bool [H, W], in which at least one pixel is set."""
    rows = mask.any(axis=1).nonzero()[0]
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = mask[top:bottom].any(axis=0).nonzero()[0]
    return Box(top, bottom, int(columns[0]), int(columns[-1]) + 1)


def part_of(image: Image.Image, box: Box) -> Image.Image:
    """The part of ``image`` in ``box``, which may extend beyond its right and bottom edges."""
    corners = (box.left, box.top, min(box.right, image.width), min(box.bottom, image.height))
    return image if corners == (0, 0, *image.size) else image.crop(corners)


def rim(pixels: Pixels) -> Pixels:
    """The pixels, [N] or [N, channels], along the four edges of a picture, [H, W] or [H, W, channels]."""
    depth = max(1, min(pixels.shape[:2]) // 50)
    edges = [pixels[:depth], pixels[-depth:], pixels[:, :depth], pixels[:, -depth:]]
    return np.concatenate([edge.reshape(-1, *pixels.shape[2:]) for edge in edges])


def edges(cells: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """The outermost lines of ``cells``, [H, W]: top and bottom, [W], left and right, [H]."""
    return cells[0], cells[-1], cells[:, 0], cells[:, -1]
