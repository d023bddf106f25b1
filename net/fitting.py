"""The ink of a digit -> 28 x 28 the way MNIST was made.

How MNIST was made is told in Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten
digits", http://yann.lecun.com/exdb/mnist/: the black and white digits of NIST were fitted into a box of
20 x 20 pixels, keeping their aspect ratio, which the antialiasing made grey; then each was moved in a
field of 28 x 28 until its centre of mass stood at the centre. The 60,000 training digits agree: the longer
side of the ink is 20 pixels in all but 13, and its centre of mass lies within half a pixel of (14, 14),
since the move was by whole pixels. `normalize` does the same, so that MNIST's own pictures come back as they went in,
but for a shade or two where the darkest of their pixels was no black.
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
NARROW, AS_WIDE = 0.45, 0.6  # of its height is a narrow digit wide, at most, and once it is widened
FLAT, AS_HIGH = 0.7, 0.9  # of its width is a flat digit high, at most, and once it is heightened
BARE = 1.6  # times its stroke is a mere line wide, at most


def normalize(ink: Float32Array) -> UInt8Array:
    """Fit ``ink``, float [H, W] from 0 to 1 and cropped, into MNIST's field: uint8 [28, 28]."""
    ink = without_hairlines(ink)
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return placed(Image.fromarray(ink).resize(size, softening(ink)))


def placed(digit: Image.Image) -> UInt8Array:
    """``digit``, in mode F and at most 20 x 20, at its full strength in MNIST's field: uint8 [28, 28]."""
    strength = np.asarray(digit).clip(0, 1)
    return np.rint(place_by_centre_of_mass(strength / strength.max()) * 255).astype(np.uint8)


def widened(pixels: UInt8Array) -> UInt8Array | None:
    """What is narrow on ``pixels``, uint8 [28, 28], as wide as most digits are; None if it is wide enough, or a line.

    Of MNIST's 60,000 training digits 55% of the 1s are no wider than 0.45 of their height, but of the 0s and the 2s one
    in two thousand: a 2 that is so narrow seems to be a 1 with a flag and a foot.
    """
    ink = cut_out(pixels)
    height, width = ink.shape
    if width > NARROW * height or width < BARE * stroke_width(ink):
        return None
    return scaled(ink, height, round(AS_WIDE * height))


def heightened(pixels: UInt8Array) -> UInt8Array | None:
    """What is flat on ``pixels``, uint8 [28, 28], as high as most digits are; None if it is high enough or a line."""
    ink = cut_out(pixels)
    height, width = ink.shape
    if height > FLAT * width or height < BARE * stroke_width(ink):
        return None
    return scaled(ink, round(AS_HIGH * width), width)


def cut_out(pixels: UInt8Array) -> Float32Array:
    """The ink on ``pixels``, uint8 [28, 28]: float [H, W] from 0 to 1, cropped."""
    return pixels[bounds(pixels > 0).slices] / np.float32(255)


def scaled(ink: Float32Array, height: int, width: int) -> UInt8Array:
    """``ink``, float [H, W] from 0 to 1 and cropped, so high and wide, in MNIST's field: uint8 [28, 28]."""
    return placed(Image.fromarray(ink).resize((width, height), Image.Resampling.BICUBIC))


def softening(ink: Float32Array) -> Image.Resampling:
    """How ``ink``, float [H, W] from 0 to 1 and cropped, is to be scaled for its edges to be no sharper than MNIST's.

    Those were scanned, and are 0.84 pixels wide (median). Where the ink's own are sharp, the mean over each pixel
    makes them about 0.8 wide and a triangle about 1.0, which is read better.
    """
    sharpest = SHARPEST_EDGE * max(ink.shape) / BOX
    return Image.Resampling.BILINEAR if edge_width(ink) < sharpest else Image.Resampling.BOX


def without_hairlines(ink: Float32Array) -> Float32Array:
    """``ink``, float [H, W] from 0 to 1 and cropped, its strokes no thinner than MNIST's thinnest.

    A pencil leaves lines that fade and break where they are scaled down to so few pixels.
    """
    thinnest = THINNEST_STROKE * max(ink.shape) / BOX
    lacking = round(thinnest - stroke_width(ink))
    if lacking < 1:
        return ink
    thickened = dilated(np.pad(ink, lacking), lacking + 1)
    return thickened[bounds(thickened > 0).slices]


def stroke_width(ink: Float32Array) -> float:
    """How wide the strokes of ``ink``, float [H, W] from 0 to 1 and cropped, are on average, in pixels.

    That is their area over half of their outline.
    """
    return 2 * np.count_nonzero(ink > SURE_INK) / outline(ink)


def edge_width(ink: Float32Array) -> float:
    """How wide the edges of the strokes of ``ink``, float [H, W] from 0 to 1 and cropped, are on average, in pixels."""
    return (np.count_nonzero(ink > FAINT_INK) - np.count_nonzero(ink > DARK_INK)) / outline(ink)


def outline(ink: Float32Array) -> float:
    """How long the outline of the strokes of ``ink``, float [H, W] from 0 to 1 and cropped, is, in pixels.

    That is as the edges between pixels that cross it tell: by A. L. Cauchy's formula, pi / 4 of their number where
    strokes run in all directions.
    """
    height, width = ink.shape
    covered = np.zeros((height + 2, width + 2), bool)
    covered[1:-1, 1:-1] = ink > SURE_INK
    crossings = np.count_nonzero(covered[1:] != covered[:-1]) + np.count_nonzero(covered[:, 1:] != covered[:, :-1])
    return math.pi / 4 * max(1, crossings)


def place_by_centre_of_mass(digit: Float32Array) -> Float32Array:
    """``digit``, float [H, W], at most 20 x 20, in a field, float [28, 28], where MNIST had placed it."""
    field = np.zeros((SIDE, SIDE), np.float32)
    starts = []
    for axis, length in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        centre_of_mass = (mass * np.arange(length)).sum() / mass.sum()
        starts.append(min(max(0, round(CENTRE - centre_of_mass)), SIDE - length))
    top, left = starts
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return field
