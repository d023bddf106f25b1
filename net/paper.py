"""How far each pixel of a picture is from its paper, whatever its colour and the light that falls on it.

A drawing's paper has one colour. A photograph's has not: light falls off across it, and shadows may lie on it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from net.arrays import Bytes, Flags, Floats, Pixels
from net.boxes import bounds
from net.components import label_components
from net.morphology import closed, dilated, eroded, medians, opened
from net.parts import REACHES_ACROSS

SMALLEST_PHOTOGRAPH = 40  # pixels, of the shorter side; of fewer no shadow can be told from a stroke
WIDEST_STROKE = 0.16  # of the shorter side of a photograph; what is wider and dark is a shadow
SHADOW = 0.9  # of the ink's difference from the paper, at most
DARKEST_PAPER = 0.25  # of the brightest; on a darker table, grain is no ink, however much of the light it takes
EVEN_PAPER = 0.5  # of the paper's pixels are of one colour where it was drawn and not photographed
CORNER = 10  # of a side is this many times a corner's
FILLS_BOX = 0.75  # of the box around it is filled by the paper
FRAMES = 0.45  # likewise, where its corners show that it is a page; a box that was drawn around a digit fills less
FILLS_CORNERS = 0.6  # of that box's corners, likewise; two of them are no more than a side
MOST_OF_GLARE = 0.2  # of the picture's rim
SOFT = 5  # pixels, within which glare does not change by as much as ink does
GAMMA = 2.2  # by which a picture's numbers grow slower than the light
LIGHT_TAIL = 3  # times the dark tail's third moment is the light one's, at least, where ink is light
LEAST_INK = 0.002  # of a picture's pixels
LEAST_CONTRAST = 25  # of 255; paper's own grain and JPEG's ripples stay under it

# Where the paper is evenly lit, and nothing but a digit lies on it.
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

Frame = tuple[tuple[int, int], tuple[int, int]]  # how many rows above and below, and columns before and behind
NO_FRAME = ((0, 0), (0, 0))


@dataclass(frozen=True)
class Difference:
    """How far each pixel of a picture is from its paper, from 0 to 255."""

    image: Image.Image  # mode L

    @cached_property
    def pixels(self) -> Bytes:
        """The differences, uint8 [H, W]."""
        return np.asarray(self.image)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many pixels differ by each of 0 to 255."""
        return np.array(self.image.histogram())

    @cached_property
    def first_of_ink(self) -> int:
        """The least difference that is rather ink than paper."""
        return otsu_threshold(self.counts)


def difference_from_paper(image: Image.Image) -> tuple[Difference, bool]:
    """The largest difference of any channel from the paper's colour, for a picture in mode RGB.

    Also whether it is a photograph: there the paper itself differs from that one colour, as light falls off across it.
    """
    pixels = np.asarray(image)
    colour = np.median(rim(pixels), axis=0)
    difference = difference_from_colour(image, colour)
    other = difference.pixels >= difference.first_of_ink
    if is_rather_paper(other):
        colour = np.median(pixels[other], axis=0)
        difference = difference_from_colour(image, colour)
    is_even = quantile(difference.counts[: difference.first_of_ink], EVEN_PAPER) <= 1
    if min(image.size) < SMALLEST_PHOTOGRAPH:
        return difference, False
    has_glare = holds_glare(image, colour)
    if is_even and not has_glare and not holds_shadow(image, colour, difference):
        return difference, False
    return difference_from_lit_paper(image, has_glare=has_glare), True


def holds_glare(image: Image.Image, colour: NDArray[np.float64]) -> bool:
    """Whether a light is mirrored in the paper, of that ``colour`` elsewhere, of ``image``, in mode RGB.

    It is the one place where the paper, ink on it or not, is lighter over more than the width of any stroke, and fades
    away. And the ink is darker: a page that lies on something has sharp edges, the light beyond a shadow reaches the
    rim, and that between leaves comes in patches.
    """
    of_paper = grey_of(colour)
    if not LEAST_CONTRAST < of_paper < 255 - LEAST_CONTRAST:
        return False
    grey = np.asarray(image.convert("L"))
    if min((grey > of_paper + LEAST_CONTRAST).mean(), (grey < of_paper - LEAST_CONTRAST).mean()) < LEAST_INK:
        return False
    without_ink = closed(grey, widest_stroke(grey))
    wide = wider_than_strokes(without_ink > of_paper + LEAST_CONTRAST)
    if label_components(wide).max() != 1 or rim(wide).mean() > MOST_OF_GLARE:
        return False
    steps = dilated(grey, SOFT) - eroded(grey, SOFT)
    ends = wide & ~eroded(wide, 3)
    return bool(np.median(steps[ends]) < LEAST_CONTRAST)


def holds_shadow(image: Image.Image, colour: NDArray[np.float64], difference: Difference) -> bool:
    """Whether what seems to be ink by its ``difference`` from the paper's ``colour`` is a shadow, at least somewhere.

    It is where it lies at the picture's rim, wider than any stroke, and fainter than the ink elsewhere. Or it is
    lighter than the paper and the ink is darker: then most of the paper lies in the shadow. ``image`` is in mode RGB.
    """
    ink = difference.pixels >= difference.first_of_ink
    if not reaches_rim(ink):
        return False
    wide = wider_than_strokes(ink)
    if not reaches_rim(wide):
        return False
    if np.median(difference.pixels[wide]) < SHADOW * difference.pixels.max():
        return True
    grey, of_paper = np.asarray(image.convert("L")), grey_of(colour)
    return bool(np.median(grey[wide]) > of_paper and (grey < of_paper - LEAST_CONTRAST).mean() > LEAST_INK)


def wider_than_strokes(mask: Flags) -> Flags:
    """What of ``mask``, bool [H, W], is wider than any stroke; nothing is set beyond the picture's rim."""
    width = widest_stroke(mask)
    return opened(np.pad(mask, width), width)[width:-width, width:-width]


def widest_stroke(pixels: Pixels) -> int:
    """How wide a stroke on a photograph, ``pixels`` [H, W, ...], may be, in pixels."""
    return max(3, round(min(pixels.shape[:2]) * WIDEST_STROKE))


def grey_of(colour: NDArray[np.float64]) -> float:
    """How light ``colour``, float [3], is, from 0 to 255."""
    return float(colour @ (0.299, 0.587, 0.114))  # as Pillow's mode L


def reaches_rim(mask: Flags) -> bool:
    """Whether anything is set on the outermost pixels of ``mask``, bool [H, W]."""
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def is_rather_paper(other: Flags) -> bool:
    """Whether ``other``, bool [H, W], which differs from the picture's rim, is the paper, and the rim is not.

    People do not write on the very edge, so the rim is paper. But a picture may have a frame, and it may be
    cropped so closely that the rim is ink. Then what differs from it reaches across the picture and fills
    the box around it, or most of that box's corners, as no digit does.
    """
    if not other.any():
        return False
    top, bottom, left, right = bounds(other)
    box = other[top:bottom, left:right]
    if min(box.shape[0] / other.shape[0], box.shape[1] / other.shape[1]) < REACHES_ACROSS:
        return False
    height, width = (-(-side // CORNER) for side in box.shape)
    corners = [
        box[rows, columns].mean()
        for rows in (slice(height), slice(-height, None))
        for columns in (slice(width), slice(-width, None))
    ]
    return bool(box.mean() > (FRAMES if sum(corners) / 4 > FILLS_CORNERS else FILLS_BOX))


def difference_from_colour(image: Image.Image, colour: NDArray[np.float64]) -> Difference:
    """The largest difference of any channel from ``colour``, float [3], for a picture in mode RGB."""
    even = Image.new("RGB", image.size, tuple(colour.astype(int).tolist()))
    red, green, blue = ImageChops.difference(image, even).split()
    return Difference(ImageChops.lighter(ImageChops.lighter(red, green), blue))


def difference_from_lit_paper(image: Image.Image, *, has_glare: bool = False) -> Difference:
    """How far the ink darkens the paper under it, for a photograph in mode RGB.

    Ink takes the same fraction of the light wherever it lies. But glare is light that paper and ink mirror alike: it
    adds the same to both, and the difference between them is left. That is so of the light itself, not of a picture's
    numbers.
    """
    pixels = np.asarray(image)
    paper = evenly_lit_paper(image)
    if paper is None:
        paper = shaded_paper(pixels)
    if paper.mean() < pixels.mean():  # the ink is lighter
        pixels, paper = 255 - pixels, 255 - paper
    light = paper.astype(np.float32)
    light = np.maximum(light, max(1, DARKEST_PAPER * light.max()))
    if has_glare:
        darkening = (light**GAMMA - pixels**GAMMA) / np.minimum(light, np.median(light)) ** GAMMA
    else:
        darkening = 1 - pixels / light
    darkening = darkening.clip(0, 1).mean(axis=2)
    return Difference(Image.fromarray(np.rint(darkening * 255).astype(np.uint8)))


def evenly_lit_paper(image: Image.Image) -> Bytes | None:
    """The paper of a photograph in mode RGB, uint8 [H, W, 3], where it is a quadratic surface, in a dark frame or none.

    Strokes may be of any width then. None where not all of the paper is near to such a surface, and all else far from
    it, or where that may be a shadow, a table or a page.
    """
    small = np.asarray(image.reduce(-(-max(image.size) // SURFACE_SIDE)), np.float32)
    for frame in dict.fromkeys((frame_around(small.mean(axis=2)), NO_FRAME)):
        (above, below), (before, behind) = frame
        surface = paper_surface(small[above : len(small) - below, before : small.shape[1] - behind])
        if surface is not None:
            under_frame = Image.fromarray(np.pad(surface, (*frame, (0, 0)), mode="edge"))
            return np.asarray(under_frame.resize(image.size, Image.Resampling.BILINEAR))
    return None


def paper_surface(pixels: Floats) -> Bytes | None:
    """What ``pixels``, float [H, W, 3] from 0 to 255, would be without ink, uint8; None as `evenly_lit_paper`."""
    terms = surface_terms(*pixels.shape[:2])
    is_paper, residuals = told_from_surface(pixels.mean(axis=2), terms)
    if not parts_cleanly(residuals, is_paper) or not may_be_strokes(~is_paper):
        return None
    surface = terms @ least_squares(terms[is_paper.ravel()], pixels[is_paper])
    return np.rint(surface.clip(0, 255)).astype(np.uint8).reshape(pixels.shape)


def frame_around(grey: Floats) -> Frame:
    """The dark frame around ``grey``, float [H, W], if there is one on all four sides."""
    is_dark = grey < otsu_threshold(np.bincount(np.rint(grey).astype(int).ravel(), minlength=256))
    above, below = dark_lines(is_dark), dark_lines(is_dark[::-1])
    before, behind = dark_lines(is_dark.T), dark_lines(is_dark.T[::-1])
    return ((above, below), (before, behind)) if above and below and before and behind else NO_FRAME


def dark_lines(is_dark: Flags) -> int:
    """How many of the first rows of ``is_dark``, bool [H, W], a frame takes, with the one on which it ends; or 0."""
    outermost = is_dark[: max(1, len(is_dark) // FRAME)].mean(axis=1) > COVERS_LINE
    first_within = int(outermost.argmin())  # 0 too where there is none: what is so wide is no frame
    return first_within + 1 if first_within else 0


def told_from_surface(grey: Floats, terms: Floats) -> tuple[Flags, Floats]:
    """Which of ``grey``, float [H, W], are paper, and the residuals of its surface: both [H, W].

    The surface, of ``terms`` [H * W, `QUADRATIC`], is fitted to what is paper, and Otsu's threshold on the residuals
    tells anew what is: that which most of the rim belongs to. So on, until it stays the same.
    """
    is_paper = np.ones(grey.shape, bool)
    for count in ROUNDS:
        chosen = is_paper.ravel()
        surface = terms[:, :count] @ least_squares(terms[chosen, :count], grey.ravel()[chosen])
        residuals = grey - surface.reshape(grey.shape)
        levels = np.rint((residuals - residuals.min()) * (255 / max(1, np.ptp(residuals)))).astype(int)
        is_lighter = levels >= otsu_threshold(np.bincount(levels.ravel(), minlength=256))
        before, is_paper = is_paper, is_lighter == (rim(is_lighter).mean() > 0.5)
        if is_paper.all() or (count == QUADRATIC and (is_paper == before).all()):
            break
    return is_paper, residuals


def surface_terms(height: int, width: int) -> Floats:
    """1, y, x, xy, y squared and x squared at each pixel, float [height * width, 6], of which `PLANE` make a plane."""
    y, x = (line.ravel() for line in np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"))
    return np.stack([np.ones_like(y), y, x, x * y, y * y, x * x], axis=1).astype(np.float32)


def least_squares(terms: Floats, values: Floats) -> Floats:
    """What makes of ``terms``, [N, terms], what is nearest to ``values``, [N] or [N, channels]: normal equations."""
    return np.linalg.lstsq(terms.T @ terms, terms.T @ values, rcond=None)[0]


def parts_cleanly(residuals: Floats, paper: Flags) -> bool:
    """Whether ``residuals`` of a surface, float [H, W], are near 0 on the ``paper``, bool [H, W], alone."""
    if paper.all():
        return False
    of_paper, of_ink = residuals[paper], residuals[~paper]
    contrast = abs(of_ink.mean() - of_paper.mean())
    parted = paper.mean() * (1 - paper.mean()) * contrast**2
    is_near = np.quantile(np.abs(of_paper), 0.9) <= NEAR_SURFACE * abs(np.median(of_ink))
    return bool(contrast >= LEAST_CONTRAST and parted >= LEAST_PARTED * residuals.var() and is_near)


def may_be_strokes(ink: Flags) -> bool:
    """Whether ``ink``, bool [H, W], is nowhere so wide as a page or a shadow, nor at the rim as a table is."""
    if rim(ink).mean() > MOST_OF_RIM or np.count_nonzero(ink[[0, 0, -1, -1], [0, -1, 0, -1]]) > MOST_CORNERS:
        return False
    top, bottom, left, right = bounds(ink)
    return widest_square(ink) <= WIDEST_SQUARE * max(bottom - top, right - left)


def widest_square(mask: Flags) -> int:
    """The side, in pixels, of the largest square that is set in ``mask``, bool [H, W]."""
    side = 0
    while mask.any():
        mask = mask[1:, 1:] & mask[:-1, 1:] & mask[1:, :-1] & mask[:-1, :-1]
        side += 1
    return side


def shaded_paper(pixels: Bytes) -> Bytes:
    """The paper of a photograph, ``pixels``, uint8 [H, W, 3] both, on which shadows may lie.

    It is what remains when everything narrower than `WIDEST_STROKE` is filled with what surrounds it (grey-scale
    closing): light may fall off across it, and shadows have edges as sharp as they like.
    """
    without_grain = medians(pixels)
    width = widest_stroke(pixels)
    if is_light_on_dark(without_grain):
        return opened(without_grain, width)
    return closed(without_grain, width)


def is_light_on_dark(pixels: Bytes) -> bool:
    """Whether what is written on ``pixels``, uint8 [H, W, 3], is lighter than what surrounds it.

    Thin strokes differ from their surroundings more than the surroundings from them, so that their side has the
    longer tail; a shadow's edge has both alike. Stripes of light and a light page on dark cloth have a tail of their
    own, which is not so much the longer.
    """
    grey = Image.fromarray(pixels).convert("L")
    reach = max(1, round(min(grey.size) * WIDEST_STROKE / 2))
    deviation = np.asarray(grey, np.float32) - np.asarray(grey.filter(ImageFilter.BoxBlur(reach)), np.float32)
    within_frame = deviation[reach:-reach, reach:-reach]
    of_light, of_dark = ((side.clip(min=0) ** 3).sum() for side in (within_frame, -within_frame))
    return bool(of_light > LIGHT_TAIL * of_dark)


def rim(pixels: Pixels) -> Pixels:
    """The pixels, [N] or [N, channels], along the four edges of a picture, [H, W] or [H, W, channels]."""
    depth = max(1, min(pixels.shape[:2]) // 50)
    edges = [pixels[:depth], pixels[-depth:], pixels[:, :depth], pixels[:, -depth:]]
    return np.concatenate([edge.reshape(-1, *pixels.shape[2:]) for edge in edges])


def quantile(counts: NDArray[np.int64], fraction: float) -> int:
    """The level below or at which ``fraction`` of what is counted lies."""
    return int(np.searchsorted(counts.cumsum(), fraction * counts.sum()))


def otsu_threshold(counts: NDArray[np.int64]) -> int:
    """The first level of the upper one of the two groups that best part what ``counts`` [256] has at each level.

    Source: N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on
    Systems, Man, and Cybernetics 9(1), 1979.
    """
    below = counts.cumsum()[:-1]
    above = counts.sum() - below
    sum_below = (counts * np.arange(256)).cumsum()
    distance = sum_below[:-1] / np.maximum(below, 1) - (sum_below[-1] - sum_below[:-1]) / np.maximum(above, 1)
    return int((below * above * distance**2).argmax()) + 1
