"""The ink of a digit -> 28 x 28 the way MNIST was made.

How MNIST was made is described in Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits",
http://yann.lecun.com/exdb/mnist/: the black and white digits of NIST were scaled into a box of 20 x 20 pixels, keeping
their aspect ratio, with antialiasing, which made them grey; then each was moved in a field of 28 x 28 until its centre
of mass was at the centre. The 60,000 training digits agree: the longer side of the ink is 20 pixels in all but 13, and
its centre of mass is within half a pixel of (14, 14) in all but 2, since the move was by whole pixels. `normalize` does
the same, so that MNIST's own pictures come back unchanged, but for a shade or two where their darkest pixel was not
black.
"""

import math

import numpy as np
from PIL import Image

from net.arrays import Float32Array, UInt8Array
from net.boxes import bounds
from net.morphology import dilated
from net.parts import SURE_INK

SIDE = 28  # pixels, of the network's field
BOX = 20  # pixels, of the box within it that MNIST's digits fill
CENTRE = 14  # the pixel that MNIST's centres of mass were moved to
FAINT_INK, DARK_INK = 0.1, 0.9  # of full strength; between them lies the edge of a stroke
SHARPEST_EDGE = 0.6  # pixels, in that box; 99 in 100 of MNIST's training digits have edges that are wider
THINNEST_STROKE = 1.0  # likewise; none of MNIST's 60,000 training digits has strokes that are thinner
NARROW, AS_WIDE = 0.45, 0.6  # of its height: the width of a narrow digit, at most, and once it is widened
FLAT, AS_HIGH = 0.7, 0.9  # of its width: the height of a flat digit, at most, and once it is heightened
BARE = 1.6  # times the width of its stroke: the width of a mere line, at most

# What may be done to a digit that is narrower, or flatter, than most.
WIDENED, HEIGHTENED = "widened", "heightened"


def normalize(ink: Float32Array) -> UInt8Array:
    """Fit ``ink``, float [H, W] from 0 to 1 and cropped, into MNIST's field: uint8 [28, 28]."""
    ink = without_hairlines(ink)
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return placed(Image.fromarray(ink).resize(size, softening(ink)))


def placed(digit: Image.Image) -> UInt8Array:
    """``digit``, in mode F and at most 20 x 20, scaled to full strength and placed in MNIST's field: uint8 [28, 28]."""
    strength = np.asarray(digit).clip(0, 1)
    return np.rint(place_by_centre_of_mass(strength / strength.max()) * 255).astype(np.uint8)


def stretched(pixels: UInt8Array) -> tuple[UInt8Array, str] | None:
    """The narrow or flat digit on ``pixels``, uint8 [28, 28], stretched to usual proportions, and how.

    None if its proportions are usual, or it is a mere line. Of MNIST's 60,000 training digits 55% of the 1s are no
    wider than 0.45 of their height, but only one in two thousand of the 0s and the 2s: so narrow a 2 looks like a 1
    with a flag and a foot.
    """
    ink = cut_out(pixels)
    height, width = ink.shape
    is_narrow, is_flat = width <= NARROW * height, height <= FLAT * width
    if not (is_narrow or is_flat) or min(height, width) < BARE * stroke_width(ink):
        return None
    if is_narrow:
        return scaled(ink, height, round(AS_WIDE * height)), WIDENED
    return scaled(ink, round(AS_HIGH * width), width), HEIGHTENED


def cut_out(pixels: UInt8Array) -> Float32Array:
    """The ink on ``pixels``, uint8 [28, 28]: float [H, W] from 0 to 1, cropped."""
    return pixels[bounds(pixels > 0).slices] / np.float32(255)


def scaled(ink: Float32Array, height: int, width: int) -> UInt8Array:
    """``ink``, float [H, W] from 0 to 1 and cropped, at that size and placed in MNIST's field: uint8 [28, 28]."""
    return placed(Image.fromarray(ink).resize((width, height), Image.Resampling.BICUBIC))


def softening(ink: Float32Array) -> Image.Resampling:
    """The resampling filter that makes edges of ``ink``, float [H, W] from 0 to 1 and cropped, no sharper than MNIST's.

    Those were scanned, and are 0.84 pixels wide (median). A box filter makes sharp edges about 0.8 wide, and a triangle
    about 1.0, which is read better.
    """
    sharpest = SHARPEST_EDGE * max(ink.shape) / BOX
    return Image.Resampling.BILINEAR if edge_width(ink) < sharpest else Image.Resampling.BOX


def without_hairlines(ink: Float32Array) -> Float32Array:
    """``ink``, float [H, W] from 0 to 1 and cropped, with strokes no thinner than MNIST's thinnest.

    A pencil's thin lines would fade and break when they are scaled down to so few pixels.
    """
    thinnest = THINNEST_STROKE * max(ink.shape) / BOX
    lacking = round(thinnest - stroke_width(ink))
    if lacking < 1:
        return ink
    thickened = dilated(np.pad(ink, lacking), lacking + 1)
    return thickened[bounds(thickened > 0).slices]


def stroke_width(ink: Float32Array) -> float:
    """The mean width, in pixels, of the strokes of ``ink``, float [H, W] from 0 to 1 and cropped.

    That is their area over half of their outline.
    """
    return 2 * np.count_nonzero(ink > SURE_INK) / outline(ink)


def edge_width(ink: Float32Array) -> float:
    """The mean width, in pixels, of the edges of the strokes of ``ink``, float [H, W] from 0 to 1 and cropped."""
    return (np.count_nonzero(ink > FAINT_INK) - np.count_nonzero(ink > DARK_INK)) / outline(ink)


def outline(ink: Float32Array) -> float:
    """The length, in pixels, of the outline of the strokes of ``ink``, float [H, W] from 0 to 1 and cropped.

    It is estimated from the pairs of neighbouring pixels that it separates: by A. L. Cauchy's formula, pi / 4 of their
    number where strokes run in all directions.
    """
    height, width = ink.shape
    covered = np.zeros((height + 2, width + 2), bool)
    covered[1:-1, 1:-1] = ink > SURE_INK
    crossings = np.count_nonzero(covered[1:] != covered[:-1]) + np.count_nonzero(covered[:, 1:] != covered[:, :-1])
    return math.pi / 4 * max(1, crossings)


def place_by_centre_of_mass(digit: Float32Array) -> Float32Array:
    """``digit``, float [H, W], at most 20 x 20, placed in a field, float [28, 28], where MNIST would have it."""
    field = np.zeros((SIDE, SIDE), np.float32)
    starts = []
    for axis, length in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        centre_of_mass = (mass * np.arange(length)).sum() / mass.sum()
        starts.append(min(max(0, round(CENTRE - centre_of_mass)), SIDE - length))
    top, left = starts
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return field
