"""Boxes on a picture, in pixels or in cells."""

import numpy as np
from PIL import Image

from net.arrays import BoolArray, Pixels

Box = tuple[int, int, int, int]  # top, bottom, left and right, the ends exclusive


def bounds(mask: BoolArray) -> Box:
    """Top, bottom, left and right of what is set in ``mask``, bool [H, W], the ends exclusive."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def enlarged(box: Box, times: int) -> Box:
    """``box`` on a picture that is so many ``times`` as wide and high."""
    top, bottom, left, right = box
    return top * times, bottom * times, left * times, right * times


def shrunk(box: Box, times: int) -> Box:
    """``box`` on a picture that is so many ``times`` less wide and high."""
    top, bottom, left, right = box
    return top // times, -(-bottom // times), left // times, -(-right // times)


def moved(box: Box, down: int, across: int) -> Box:
    """``box``, so many pixels farther ``down`` and ``across``."""
    top, bottom, left, right = box
    return top + down, bottom + down, left + across, right + across


def grown(box: Box, by: int, image: Image.Image) -> Box:
    """``box`` with so many pixels more on each side, as far as ``image`` has them."""
    top, bottom, left, right = box
    return max(0, top - by), min(image.height, bottom + by), max(0, left - by), min(image.width, right + by)


def longer_side(box: Box) -> int:
    """Pixels of the longer side of ``box``."""
    top, bottom, left, right = box
    return max(bottom - top, right - left)


def part_of(image: Image.Image, box: Box) -> Image.Image:
    """What ``image`` shows in ``box``, which may reach farther."""
    top, bottom, left, right = box
    corners = (left, top, min(right, image.width), min(bottom, image.height))
    return image if corners == (0, 0, *image.size) else image.crop(corners)


def rim(pixels: Pixels) -> Pixels:
    """The pixels, [N] or [N, channels], along the four edges of a picture, [H, W] or [H, W, channels]."""
    depth = max(1, min(pixels.shape[:2]) // 50)
    edges = [pixels[:depth], pixels[-depth:], pixels[:, :depth], pixels[:, -depth:]]
    return np.concatenate([edge.reshape(-1, *pixels.shape[2:]) for edge in edges])
