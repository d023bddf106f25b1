"""The paper of a photograph that is evenly lit, and on which nothing but a digit lies: a smooth surface."""

import numpy as np
from PIL import Image

from net.arrays import BoolArray, Float32Array, UInt8Array
from net.boxes import bounds, rim
from net.levels import LEAST_CONTRAST, otsu_threshold

SURFACE_SIDE = 80  # pixels, along the longer side; so smooth a surface needs no more
PLANE, QUADRATIC = 3, 6  # terms of a surface
ROUNDS = (PLANE, PLANE, *[QUADRATIC] * 6)  # of fitting, at most: a bowl at first could fit an 8 in the middle
LEAST_PARTED = 0.9  # of the variance is that between ink and paper
NEAR_SURFACE = 0.15  # of the ink's difference from it are nine tenths of the paper's pixels, at most
FRAME = 8  # of the picture's side is this many times a frame's
COVERS_LINE = 0.9  # of a line is dark within a frame
MOST_OF_RIM = 0.35  # of the picture is ink where a digit was cut out closely
MOST_CORNERS = 1  # of the picture are ink then; the table's edge has two
WIDEST_SQUARE = 0.27  # of the ink's longer side is the widest square in it; a page that lies on a table has wider ones

Frame = tuple[tuple[int, int], tuple[int, int]]  # how many rows above and below, and columns left and right
NO_FRAME = ((0, 0), (0, 0))


def evenly_lit_paper(image: Image.Image) -> UInt8Array | None:
    """The paper of a photograph in mode RGB, uint8 [H, W, 3], where it is a quadratic surface, in a dark frame or none.

    Strokes may be of any width then. None where not all of the paper is near to such a surface, and all else far from
    it, or where that may be a shadow, a table or a page.
    """
    small = np.asarray(image.reduce(-(-max(image.size) // SURFACE_SIDE)), np.float32)
    for frame in dict.fromkeys((frame_around(small.mean(axis=2)), NO_FRAME)):
        (above, below), (left, right) = frame
        surface = paper_surface(small[above : len(small) - below, left : small.shape[1] - right])
        if surface is not None:
            under_frame = Image.fromarray(np.pad(surface, (*frame, (0, 0)), mode="edge"))
            return np.asarray(under_frame.resize(image.size, Image.Resampling.BILINEAR))
    return None


def paper_surface(pixels: Float32Array) -> UInt8Array | None:
    """What ``pixels``, float [H, W, 3] from 0 to 255, would be without ink, uint8; None as `evenly_lit_paper`."""
    terms = surface_terms(*pixels.shape[:2])
    is_paper, residuals = told_from_surface(pixels.mean(axis=2), terms)
    if not parts_cleanly(residuals, is_paper) or not may_be_strokes(~is_paper):
        return None
    surface = terms @ least_squares(terms[is_paper.ravel()], pixels[is_paper])
    return np.rint(surface.clip(0, 255)).astype(np.uint8).reshape(pixels.shape)


def frame_around(grey: Float32Array) -> Frame:
    """The dark frame around ``grey``, float [H, W], if there is one on all four sides."""
    is_dark = grey < otsu_threshold(np.bincount(np.rint(grey).astype(int).ravel(), minlength=256))
    above, below = dark_lines(is_dark), dark_lines(is_dark[::-1])
    left, right = dark_lines(is_dark.T), dark_lines(is_dark.T[::-1])
    return ((above, below), (left, right)) if above and below and left and right else NO_FRAME


def dark_lines(is_dark: BoolArray) -> int:
    """How many of the first rows of ``is_dark``, bool [H, W], a frame takes, with the one on which it ends; or 0."""
    outermost = is_dark[: max(1, len(is_dark) // FRAME)].mean(axis=1) > COVERS_LINE
    first_within = int(outermost.argmin())  # 0 too where there is none: what is so wide is no frame
    return first_within + 1 if first_within else 0


def told_from_surface(grey: Float32Array, terms: Float32Array) -> tuple[BoolArray, Float32Array]:
    """Which of ``grey``, float [H, W], are paper, and the residuals of its surface: both [H, W].

    The surface, of ``terms`` [H * W, `QUADRATIC`], is fitted to what is paper, and Otsu's threshold on the residuals
    tells anew what is: that which most of the rim belongs to. So on, until it stays the same, for `ROUNDS` at most.
    """
    is_paper = np.ones(grey.shape, bool)
    for count in ROUNDS:
        chosen = is_paper.ravel()
        surface = terms[:, :count] @ least_squares(terms[chosen, :count], grey.ravel()[chosen])
        residuals = grey - surface.reshape(grey.shape)
        levels = np.rint((residuals - residuals.min()) * (255 / max(1, np.ptp(residuals)))).astype(int)
        is_lighter = levels >= otsu_threshold(np.bincount(levels.ravel(), minlength=256))
        was_paper, is_paper = is_paper, is_lighter == (rim(is_lighter).mean() > 0.5)
        if is_paper.all() or (count == QUADRATIC and (is_paper == was_paper).all()):
            break
    return is_paper, residuals


def surface_terms(height: int, width: int) -> Float32Array:
    """1, y, x, xy, y squared and x squared at each pixel, float [height * width, 6], of which `PLANE` make a plane."""
    y, x = (line.ravel() for line in np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"))
    return np.stack([np.ones_like(y), y, x, x * y, y * y, x * x], axis=1).astype(np.float32)


def least_squares(terms: Float32Array, values: Float32Array) -> Float32Array:
    """What makes of ``terms``, [N, terms], what is nearest to ``values``, [N] or [N, channels]: normal equations."""
    return np.linalg.lstsq(terms.T @ terms, terms.T @ values, rcond=None)[0]


def parts_cleanly(residuals: Float32Array, paper: BoolArray) -> bool:
    """Whether ``residuals`` of a surface, float [H, W], are near 0 on the ``paper``, bool [H, W], alone."""
    if paper.all():
        return False
    of_paper, of_ink = residuals[paper], residuals[~paper]
    contrast = abs(of_ink.mean() - of_paper.mean())
    parted = paper.mean() * (1 - paper.mean()) * contrast**2
    is_near = np.quantile(np.abs(of_paper), 0.9) <= NEAR_SURFACE * abs(np.median(of_ink))
    return bool(contrast >= LEAST_CONTRAST and parted >= LEAST_PARTED * residuals.var() and is_near)


def may_be_strokes(ink: BoolArray) -> bool:
    """Whether ``ink``, bool [H, W], is nowhere so wide as a page or a shadow, nor at the rim as a table is."""
    if rim(ink).mean() > MOST_OF_RIM or np.count_nonzero(ink[[0, 0, -1, -1], [0, -1, 0, -1]]) > MOST_CORNERS:
        return False
    return widest_square(ink) <= WIDEST_SQUARE * bounds(ink).longer_side


def widest_square(mask: BoolArray) -> int:
    """The side, in pixels, of the largest square that is set in ``mask``, bool [H, W]."""
    side = 0
    while mask.any():
        mask = mask[1:, 1:] & mask[:-1, 1:] & mask[1:, :-1] & mask[:-1, :-1]
        side += 1
    return side
