"""How far each pixel of a picture is from its paper, whatever its colour and the light that falls on it.

A drawing's paper has one colour. A photograph's does not: light falls off across it, and shadows may lie on it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from net.arrays import BoolArray, Pixels, UInt8Array
from net.boxes import bounds, edges, rim
from net.components import label_components
from net.even_light import evenly_lit_paper
from net.levels import LEAST_CONTRAST, LEAST_INK, full_from, grey_of, otsu_threshold, quantile
from net.morphology import closed, dilated, eroded, medians, opened
from net.parts import REACHES_ACROSS

SMALLEST_PHOTOGRAPH = 30  # pixels, of the shorter side; on fewer, no shadow can be told from a stroke
WIDEST_STROKE = 0.16  # of the shorter side of a photograph, or half of the longer; what is wider and dark is a shadow
SHADOW = 0.9  # of the ink's difference from the paper, at most, is a shadow's
DARKEST_PAPER = 0.25  # of the brightest; what is darker counts as this, lest grain on a dark table seem to be ink
# The share of a picture that a stroke covers, at least, by how far it stands out from the paper, at least; connected
# grain covers less.
LEAST_STROKES = {LEAST_CONTRAST: 0.0015, 2 * LEAST_CONTRAST: 0.00015}
EVEN_PAPER = 0.5  # of the paper's pixels, at least, are of one colour on a drawing
CORNER = 10  # times a corner's side is the side of the paper's box
FILLS_BOX = 0.75  # of the box around it is filled by the paper
FRAMES = 0.45  # likewise, where its corners show that it is a page; a box that was drawn around a digit fills less
FILLS_CORNERS = 0.6  # of that box's corners, likewise; two of them are no more than a side
MOST_OF_GLARE = 0.2  # of the picture's rim is glare
SOFT = 5  # pixels, within which glare does not change by as much as ink does
GAMMA = 2.2  # the exponent that turns a picture's numbers into light
# For two reaches, as fractions of the widest stroke: how many times the dark tail's third moment the light one's is, at
# least, where ink is light. A torn edge, or a table beside a note, has such a tail for one reach alone.
LIGHT_TAILS = ((0.5, 1.2), (1.0, 2.5))


@dataclass(frozen=True)
class Difference:
    """How far each pixel of a picture is from its paper, from 0 to 255."""

    image: Image.Image  # mode L

    @cached_property
    def pixels(self) -> UInt8Array:
        """The differences, uint8 [H, W]."""
        return np.asarray(self.image)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many pixels differ by each of 0 to 255, int [256]."""
        return np.array(self.image.histogram())

    @cached_property
    def first_of_ink(self) -> int:
        """The least difference that counts as ink."""
        # Where there is little ink, Otsu's threshold would only split the paper's grain.
        threshold = otsu_threshold(self.counts)
        is_grain = full_from(self.counts, threshold) < LEAST_CONTRAST
        return LEAST_CONTRAST if is_grain and self.holds_stroke() else threshold

    def holds_stroke(self) -> bool:
        """Whether a connected part stands out from the paper that is larger than any of the paper's grain."""
        for least, share in LEAST_STROKES.items():
            parts = label_components(self.pixels >= least)
            if np.bincount(parts[parts > 0], minlength=1).max() > share * parts.size:
                return True
        return False


def difference_from_paper(image: Image.Image) -> tuple[Difference, bool]:
    """How far each pixel of a picture in mode RGB is from its paper, and whether it is a photograph.

    A photograph's paper is not of one colour, as light falls off across it; there the difference is the mean over all
    channels, and on a drawing that of the channel that differs most.
    """
    pixels = np.asarray(image)
    colour = np.median(rim(pixels), axis=0)
    difference = difference_from_colour(image, colour)
    other = difference.pixels >= difference.first_of_ink
    if is_rather_paper(other):
        colour = np.median(pixels[other], axis=0)
        difference = difference_from_colour(image, colour)
    # Glare and shadows may leave most of the paper even, so they are looked for on their own.
    is_even = quantile(difference.counts[: difference.first_of_ink], EVEN_PAPER) <= 1
    if min(image.size) < SMALLEST_PHOTOGRAPH:
        return difference, False
    has_glare = holds_glare(image, colour)
    if is_even and not has_glare and not holds_shadow(image, colour, difference):
        return difference, False
    return difference_from_lit_paper(image, has_glare=has_glare), True


def holds_glare(image: Image.Image, colour: NDArray[np.float64]) -> bool:
    """Whether a light is mirrored in the paper of ``image``, in mode RGB; elsewhere that has the given ``colour``.

    Glare is a single patch, wider than any stroke, where the paper, ink on it or not, is lighter; it fades away; and
    there is ink darker than the paper. But a page on something has sharp edges, the light beyond a shadow reaches the
    rim, and that between leaves comes in several patches.
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
    """Whether some of what seems to be ink, by its ``difference`` from the paper's ``colour``, is a shadow.

    A shadow lies at the picture's rim, is wider than any stroke, and fainter than the ink elsewhere. Or what is so wide
    is lighter than the paper, and the ink is darker: then most of the paper lies in the shadow. ``image`` is in mode
    RGB.
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


def wider_than_strokes(mask: BoolArray) -> BoolArray:
    """``mask``, bool [H, W], where it is wider than any stroke; beyond the picture nothing counts as set."""
    width = widest_stroke(mask)
    return opened(np.pad(mask, width), width)[width:-width, width:-width]


def widest_stroke(pixels: Pixels) -> int:
    """The greatest width, in pixels, of a stroke on a photograph, ``pixels`` [H, W, ...].

    On one that was cropped to a 1, that may be half of its width.
    """
    shorter, longer = sorted(pixels.shape[:2])
    return max(3, round(max(shorter, longer / 2) * WIDEST_STROKE))


def reaches_rim(mask: BoolArray) -> bool:
    """Whether anything is set on the outermost pixels of ``mask``, bool [H, W]."""
    return any(edge.any() for edge in edges(mask))


def is_rather_paper(other: BoolArray) -> bool:
    """Whether ``other``, bool [H, W], which differs from the picture's rim, is the paper, and the rim is not.

    People do not write on the very edge, so the rim is paper. But a picture may have a frame, and it may be
    cropped so closely that the rim is ink. Then what differs from it reaches across the picture and fills
    the box around it, or most of that box's corners, as no digit does.
    """
    if not other.any():
        return False
    box = other[bounds(other).slices]
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


def difference_from_lit_paper(image: Image.Image, *, has_glare: bool) -> Difference:
    """How far the ink darkens the paper under it, for a photograph in mode RGB.

    Ink takes the same fraction of the light wherever it lies. But glare, which paper and ink mirror alike, adds the
    same light to both, so that only their difference stays as it was. That holds for light, not for a picture's
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


def shaded_paper(pixels: UInt8Array) -> UInt8Array:
    """The paper, with the shadows on it, of a photograph, ``pixels``: uint8 [H, W, 3] both.

    It is what remains when everything narrower than `WIDEST_STROKE` is filled with what surrounds it (grey-scale
    closing): light may fall off across it, and shadows have edges as sharp as they like.
    """
    without_grain = medians(pixels)
    width = widest_stroke(pixels)
    if is_light_on_dark(without_grain):
        return opened(without_grain, width)
    return closed(without_grain, width)


def is_light_on_dark(pixels: UInt8Array) -> bool:
    """Whether what is written on ``pixels``, uint8 [H, W, 3], is lighter than what surrounds it.

    Thin strokes differ more from the mean around them than their surroundings, so that their side has the longer tail;
    a shadow's edge has both alike. Stripes of light, and a light page on dark cloth, have such a tail too, but not so
    much the longer.
    """
    grey = Image.fromarray(pixels).convert("L")
    widest = min(grey.size) * WIDEST_STROKE
    return all(has_light_tail(grey, max(1, round(reach * widest)), times) for reach, times in LIGHT_TAILS)


def has_light_tail(grey: Image.Image, reach: int, times: float) -> bool:
    """Whether what is lighter on ``grey`` than the mean within ``reach`` pixels is so by far more than what is darker.

    By their third moments: that of the lighter is more than so many ``times`` that of the darker.
    """
    deviation = np.asarray(grey, np.float32) - np.asarray(grey.filter(ImageFilter.BoxBlur(reach)), np.float32)
    within_frame = deviation[reach:-reach, reach:-reach]
    of_light, of_dark = ((side.clip(min=0) ** 3).sum() for side in (within_frame, -within_frame))
    return bool(of_light > times * of_dark)
