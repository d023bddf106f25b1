"""The paper of an evenly lit photograph with nothing on it but a digit: a smooth surface."""

import numpy as np
from PIL import Image

from net.arrays import BoolArray, Float32Array, UInt8Array
from net.boxes import bounds, rim
from net.levels import LEAST_CONTRAST, otsu_threshold

SURFACE_SIDE = 80  # pixels, along the longer side; so smooth a surface needs no more
PLANE, QUADRATIC = 3, 6  # terms of a surface
ROUNDS = (PLANE, PLANE, *[QUADRATIC] * 6)  # of fitting, at most; planes first, as a bowl could fit an 8 in the middle
LEAST_PARTED = 0.9  # of the residuals' variance is between ink and paper
NEAR_SURFACE = 0.15  # of the ink's distance from the surface: nine tenths of the paper's pixels are no farther from it
FRAME = 8  # times a frame's width, at least, is the picture's side
COVERS_LINE = 0.9  # of each line of a frame is dark
MOST_OF_RIM = 0.35  # of the picture is ink where a digit was cropped closely
MOST_CORNERS = 1  # of the picture is ink then; a table's edge has two
WIDEST_SQUARE = 0.27  # of the ink's longer side is the widest square in it; a page on a table has wider ones

Frame = tuple[tuple[int, int], tuple[int, int]]  # how many rows above and below, and columns left and right
NO_FRAME = ((0, 0), (0, 0))


def evenly_lit_paper(image: Image.Image) -> UInt8Array | None:
    """The paper of a photograph in mode RGB, uint8 [H, W, 3], if it is a quadratic surface, in a dark frame or none.

    Strokes may then be of any width. None unless all of the paper is near such a surface and all else far from it, or
    if what is far may be a shadow, a table or a page.
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
    """``pixels``, float [H, W, 3] from 0 to 255, as they would be without ink, uint8; None as in `evenly_lit_paper`."""
    terms = surface_terms(*pixels.shape[:2])
    is_paper, residuals = told_from_surface(pixels.mean(axis=2), terms)
    if not parts_cleanly(residuals, is_paper) or not may_be_strokes(~is_paper):
        return None
    surface = terms @ least_squares(terms[is_paper.ravel()], pixels[is_paper])
    return np.rint(surface.clip(0, 255)).astype(np.uint8).reshape(pixels.shape)


def frame_around(grey: Float32Array) -> Frame:
    """The dark frame around ``grey``, float [H, W], if there is one on all four sides; else `NO_FRAME`."""
    is_dark = grey < otsu_threshold(np.bincount(np.rint(grey).astype(int).ravel(), minlength=256))
    above, below = dark_lines(is_dark), dark_lines(is_dark[::-1])
    left, right = dark_lines(is_dark.T), dark_lines(is_dark.T[::-1])
    return ((above, below), (left, right)) if above and below and left and right else NO_FRAME


def dark_lines(is_dark: BoolArray) -> int:
    """How many of the first rows of ``is_dark``, bool [H, W], are a frame's, the one where it ends included; else 0."""
    outermost = is_dark[: max(1, len(is_dark) // FRAME)].mean(axis=1) > COVERS_LINE
    first_within = int(outermost.argmin())  # also 0 if all are dark: what is so wide is no frame
    return first_within + 1 if first_within else 0


def told_from_surface(grey: Float32Array, terms: Float32Array) -> tuple[BoolArray, Float32Array]:
    """Which of ``grey``, float [H, W], are paper, and the residuals from its surface: both [H, W].

    The surface, of ``terms``, [H * W, `QUADRATIC`], is fitted to the paper, and Otsu's threshold on the residuals tells
    anew what is paper: the side that most of the rim is on. This repeats until it stays the same, for `ROUNDS` at most.
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
    """1, y, x, xy, y squared and x squared at each pixel, float [height * width, 6]; the first `PLANE` make a plane."""
    y, x = (line.ravel() for line in np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"))
    return np.stack([np.ones_like(y), y, x, x * y, y * y, x * x], axis=1).astype(np.float32)


def least_squares(terms: Float32Array, values: Float32Array) -> Float32Array:
    """The coefficients that fit ``terms``, [N, terms], to ``values``, [N] or [N, channels]; by normal equations."""
    return np.linalg.lstsq(terms.T @ terms, terms.T @ values, rcond=None)[0]


def parts_cleanly(residuals: Float32Array, paper: BoolArray) -> bool:
    """Whether ``residuals`` of a surface, float [H, W], are near 0 on the ``paper``, bool [H, W], and only there."""
    if paper.all():
        return False
    of_paper, of_ink = residuals[paper], residuals[~paper]
    contrast = abs(of_ink.mean() - of_paper.mean())
    parted = paper.mean() * (1 - paper.mean()) * contrast**2
    is_near = np.quantile(np.abs(of_paper), 0.9) <= NEAR_SURFACE * abs(np.median(of_ink))
    return bool(contrast >= LEAST_CONTRAST and parted >= LEAST_PARTED * residuals.var() and is_near)


def may_be_strokes(ink: BoolArray) -> bool:
    """Whether ``ink``, bool [H, W], is nowhere as wide as a page or a shadow, nor at the rim as a table is."""
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
