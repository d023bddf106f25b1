"""Any picture of a digit -> the ink on it -> 28 x 28 the way MNIST was made.

How MNIST was made is told in Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten
digits", http://yann.lecun.com/exdb/mnist/: the black and white digits of NIST were fitted into a box of
20 x 20 pixels, keeping their aspect ratio, which the antialiasing made grey; then each was moved in a
field of 28 x 28 until its centre of mass stood at the centre. The 60,000 training digits agree: the longer
side of the ink is 20 pixels in all but 13, and its centre of mass lies within half a pixel of (14, 14),
since the move was by whole pixels. `normalize` does the same, so that MNIST's own pictures come back as they went in.

What comes before that is ours: pictures arrive with paper of any colour, ink darker or lighter than it,
transparency, shadows, noise, and a camera that was held upside down.
"""

import itertools
import math
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from net.components import bounds, runs_of
from net.paper import (
    LEAST_CONTRAST,
    LEAST_INK,
    Bytes,
    Difference,
    difference_from_paper,
    grey_of,
    otsu_threshold,
    quantile,
    widen,
)
from net.parts import (
    SURE_INK,
    Box,
    Flags,
    Floats,
    largest_part,
    page_within,
    parts_of_ink,
    standing_alone,
)

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
MAX_PIXELS = 50_000_000  # what the largest common phone cameras take
MOST_SCANS = 50  # of a JPEG, each of which goes over all of its pixels; progressive ones have about ten
SIDE = 28  # pixels, of the network's field
BOX = 20  # pixels, of the box within it that MNIST's digits fill
THINNEST_STROKE = 1.0  # pixels, in that box; none of MNIST's 60,000 training digits has strokes that are thinner
MOST_SEGMENTS = 4000  # of a JPEG; 16 MiB of metadata in segments as long as they may be are 256
JPEG = b"\xff\xd8"  # how one begins
SEGMENT = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])")  # how its segments begin: by nothing that a scan holds
SCAN, END_OF_PICTURE = b"\xda", b"\xd9"
CENTRE = 14  # the pixel that MNIST's centres of mass were moved to
WORKING_SIDE = 400  # pixels; more tells nothing about a digit that ends up 20 pixels high
MOST_KEPT = 6_000_000  # pixels, of what is looked at in one piece
ENOUGH_TO_SAMPLE = 1_000_000  # pixels, to tell what a picture's transparent parts should become
OPAQUE = 127  # of 255; less can be seen through
OPAQUE_PAGE = 0.5  # of a picture is opaque where it may be a page; strokes alone cover less
FULL_INK = 0.9  # the fraction of the ink's pixels that are no darker than what counts as full strength
FAINT_INK = 0.1  # of full strength
PAPER_NOISE = 0.99  # the fraction of the paper's own pixels that are not to count as ink
CELLS = 100  # along the longer side, to tell parts of the ink apart; narrower gaps part nothing
LEAST_LINE_ENDS = 5  # of lines that are printed across a picture
SAMPLES = 40  # along the shorter side of the ink, to tell whether it is dark or light

# What may have been done to a picture.
INVERTED = "inverted"  # its ink is lighter than its paper
SHADOW_REMOVED = "shadow_removed"  # it is a photograph, and its paper was told from the light that falls on it
PARTS_LEFT_OUT = "parts_left_out"  # lines, specks and what else is no part of the digit

# Pillow warns of what `decode` refuses or mends; not within it, since a filter is set for all threads at once.
warnings.filterwarnings("ignore", module="PIL")


@dataclass(frozen=True)
class Ink:
    """The ink of a digit, cropped to it, and what had to be done to find it."""

    strength: Floats  # [H, W] from 0, paper, to 1
    preparation: frozenset[str] = frozenset()  # of `INVERTED`, `SHADOW_REMOVED`, `PARTS_LEFT_OUT`
    scale: int = 1  # pixels of the picture, along a side, in one of ``strength``
    alone: tuple[Floats, ...] = ()  # the same without lines, frames and what is far, where there seem to be such
    on_page: "Ink | None" = None  # what is written on a part that seems to be no ink but a page

    @property
    def looks(self) -> "tuple[Ink, ...]":
        """What the digit may be: this, then what is left of it without more and more, at last what is on a page."""
        left_out = frozenset({PARTS_LEFT_OUT})
        of_page = self.on_page.looks if self.on_page else ()
        return (
            self,
            *(Ink(strength, self.preparation | left_out, self.scale) for strength in self.alone),
            *(Ink(look.strength, look.preparation | left_out, look.scale) for look in of_page),
        )


class InkError(Exception):
    """No digit could be had from the picture; the message says why and what to do, in one sentence."""


class UnreadableImageError(InkError):
    """The bytes are no picture in a format that is read here, or they are damaged."""


class TooManyPixelsError(InkError):
    """The picture has more pixels than is safe to decode."""


class BlankImageError(InkError):
    """Nothing on the picture stands out from its paper."""


def read(data: bytes, max_pixels: int = MAX_PIXELS) -> Bytes:
    """What MNIST would have made of a picture file: uint8 [28, 28], 0 for paper to 255 for ink.

    Where more than a digit seems to lie on it, what stands alone: of two looks that is nearly always the right one.
    ``data`` holds a whole PNG, JPEG, GIF, BMP or WebP file. Raises UnreadableImageError,
    TooManyPixelsError (before anything is decoded) or BlankImageError.
    """
    return normalize(find_ink(decode(data, max_pixels)).looks[-1].strength)


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The first frame of a picture file, upright, in mode RGB, transparency laid on contrasting paper.

    A JPEG far larger than needed is decoded at a half, a quarter or an eighth of its size.
    Raises UnreadableImageError or TooManyPixelsError.
    """
    try:
        if data.startswith(JPEG):
            refuse_unusual_segments(data)
        image = Image.open(BytesIO(data), formats=FORMATS)
        if image.width * image.height > max_pixels:
            raise TooManyPixelsError(
                f"The picture has {image.width} × {image.height} pixels, more than the "
                f"{max_pixels / 1e6:g} million that are read here; send a smaller one."
            )
        # Twice the working size leaves enough to crop a digit out that fills half of the picture.
        image.draft("RGB", (2 * WORKING_SIDE, 2 * WORKING_SIDE))
        image.load()
        return flatten(upright(shrink(image)))
    except InkError:
        raise
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError("The picture has too many pixels; send a smaller one.") from error
    except Exception as error:  # decoders raise whatever hostile bytes lead them to
        raise UnreadableImageError(
            "The picture could not be read; send a whole PNG, JPEG, GIF, BMP or WebP file."
        ) from error


def refuse_unusual_segments(jpeg: bytes) -> None:
    """Raise UnreadableImageError where ``jpeg``, a whole file, would take long to decode for its size.

    Its segments are gone through as a decoder does, up to the end of the picture: cameras append films.
    """
    at = len(JPEG)
    segments = scans = 0
    while (found := SEGMENT.search(jpeg, at)) and found[1] != END_OF_PICTURE:
        segments += 1
        scans += found[1] == SCAN
        if scans > MOST_SCANS or segments > MOST_SEGMENTS:
            raise UnreadableImageError("The JPEG is in more pieces than are read here; send it as a usual one.")
        at = found.end() + int.from_bytes(jpeg[found.end() : found.end() + 2])


def shrink(image: Image.Image) -> Image.Image:
    """A picture with far more pixels than are looked at, smaller; so memory does not grow with every step after."""
    width, height = image.size
    factor = max(min(width, height) // (4 * WORKING_SIDE), math.isqrt(width * height // MOST_KEPT))
    if factor < 2:
        return image
    if image.mode in ("1", "P", "PA"):  # whose numbers are no tones
        image = image.convert("RGBA" if image.has_transparency_data else "L" if image.mode == "1" else "RGB")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        smaller = image.reduce(factor)
    elif image.mode.startswith("I;16"):
        smaller = Image.fromarray(block_means(np.asarray(image), factor))
    else:
        return image
    smaller.info = image.info
    return smaller


def block_means(values: NDArray[np.uint16], side: int) -> NDArray[np.uint16]:
    """The means of the squares of ``side`` by ``side`` of ``values``, uint16 [H, W], without a larger copy of these.

    What is left over at the right and at the bottom is dropped; of what is thinner than that, squares are as thin.
    """
    down, across = (min(side, length) for length in values.shape)
    height, width = values.shape[0] // down, values.shape[1] // across
    whole = values[: height * down, : width * across]
    sums = np.zeros((height, width), np.uint32)
    for row in range(down):
        for column in range(across):
            sums += whole[row::down, column::across]
    return (sums // (down * across)).astype(np.uint16)


def upright(image: Image.Image) -> Image.Image:
    """Turn the picture as its EXIF orientation says; as it stands where that tag is missing or damaged."""
    with suppress(Exception):  # a damaged tag is no reason to refuse the picture
        ImageOps.exif_transpose(image, in_place=True)
    return image


def flatten(image: Image.Image) -> Image.Image:
    """Mode RGB, eight bits a channel; what is transparent becomes paper, as `paper_under` has it."""
    if image.mode.startswith("I"):  # 16 bits a pixel: convert() would clip to 255 what should be scaled
        values = np.asarray(image).astype(np.float32)  # which may fill 12 of the 16 bits only; fewer than 8 are noise
        image = Image.fromarray((values * (255 / max(255, values.max()))).astype(np.uint8))
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    page = Image.new("RGB", image.size, paper_under(image))
    page.paste(image, mask=image.getchannel("A"))
    return page


def paper_under(image: Image.Image) -> tuple[int, ...]:
    """The colour of paper to lay ``image`` on, in mode RGBA and transparent in parts: white for dark ink, else black.

    But what is opaque may be a page with ink on it, as a card with round corners is, and a mere stroke is not; then
    the paper is the page's.
    """
    every = 1 + math.isqrt(image.width * image.height // ENOUGH_TO_SAMPLE)
    sample = image.resize([-(-side // every) for side in image.size], Image.Resampling.NEAREST)
    grey, alpha = (np.asarray(channel, np.float32) for channel in (sample.convert("L"), sample.getchannel("A")))
    opaque = alpha > OPAQUE
    if opaque.mean() > OPAQUE_PAGE:
        colour = np.median(np.asarray(sample)[opaque][:, :3], axis=0)
        if (abs(grey[opaque] - grey_of(colour)) > LEAST_CONTRAST).mean() > LEAST_INK:
            return tuple(colour.astype(int).tolist())
    ink_is_dark = (grey * alpha).sum() <= 127.5 * alpha.sum()
    return (255,) * 3 if ink_is_dark else (0,) * 3


def find_ink(image: Image.Image) -> Ink:
    """The ink on ``image``, which is in mode RGB and of any size.

    Ink is what differs from the paper, darker or lighter or of another colour. What is small on the picture, and what
    lies on a page on it, is looked at once more by itself. Raises BlankImageError.
    """
    return ink_within(image, (0, image.height, 0, image.width))


def ink_within(image: Image.Image, box: Box) -> Ink:
    """The ink in ``box`` of ``image``, which is in mode RGB; see `find_ink`.

    What surrounds the box helps to tell the paper: in a box that fits closely around a digit, a bold stroke is as wide
    as a shadow. Raises BlankImageError.
    """
    surroundings = surroundings_of(box, image)
    scale = working_scale(surroundings)
    looked_at = part_of(image, surroundings)
    looked_at = looked_at.reduce(scale) if scale > 1 else looked_at
    difference, is_shaded = difference_from_paper(looked_at)
    if surroundings != box:
        inner = shrunk(moved(box, -surroundings[0], -surroundings[2]), scale)
        looked_at, difference = part_of(looked_at, inner), Difference(part_of(difference.image, inner))
    found = ink_in_box(difference)
    top, bottom, left, right = extent(found.strength)
    digit = moved((top, bottom, left, right), found.above, found.before)
    some_paper = (longer_side(digit) // 4 + 1) * scale
    closer = widened(moved(enlarged(digit, scale), box[0], box[2]), some_paper, image)
    if longer_side(digit) < WORKING_SIDE // 2 and working_scale(surroundings_of(closer, image)) < scale:
        return ink_within(image, closer)  # it is small on a large picture, and can be seen better
    done = {
        INVERTED: is_lighter(looked_at, found.strength, found.above, found.before),
        SHADOW_REMOVED: is_shaded,
        PARTS_LEFT_OUT: not found.is_whole,
    }
    fewer = [without_thin_lines(difference, found.width_of_lines)] if found.width_of_lines else []
    fewer += [without_box(difference, box) for box in (found.page, found.pen) if box]
    alone = [found.alone, *itertools.chain.from_iterable(map(strengths_in, fewer))]
    return Ink(
        found.strength[top:bottom, left:right],
        frozenset(name for name, was_done in done.items() if was_done),
        scale,
        tuple(cropped(strength) for strength in alone if strength is not None and strength.max() > FAINT_INK),
        ink_on_page(image, moved(enlarged(found.page, scale), box[0], box[2])) if found.page else None,
    )


def surroundings_of(box: Box, image: Image.Image) -> Box:
    """Up to four times as much of ``image`` as ``box`` holds, which is in the middle of it."""
    return widened(box, longer_side(box) // 2, image)


def working_scale(box: Box) -> int:
    """How many pixels of a picture, along a side, are to become one where ``box`` is what is looked at."""
    return max(1, longer_side(box) // WORKING_SIDE)


def strengths_in(difference: Difference) -> list[Floats | None]:
    """What is taken for the digit's in ``difference``, and what stands alone there, as `InkInBox` has them; or none."""
    try:
        found = ink_in_box(difference)
    except BlankImageError:
        return []
    return [found.strength, found.alone]


def without_box(difference: Difference, box: Box) -> Difference:
    """``difference``, less what is in ``box`` and up to a cell around it."""
    cell = cell_side(difference.pixels)
    top, bottom, left, right = box
    image = difference.image.copy()
    image.paste(0, (left - cell, top - cell, right + cell, bottom + cell))
    return Difference(image)


def ink_on_page(image: Image.Image, page: Box) -> Ink | None:
    """The ink on the part ``page`` of ``image``, which is in mode RGB; None where it was ink itself."""
    try:
        return find_ink(part_of(image, page))
    except BlankImageError:
        return None


def cropped(strength: Floats) -> Floats:
    """``strength``, float [H, W] from 0 to 1, less the paper around it."""
    top, bottom, left, right = extent(strength)
    return strength[top:bottom, left:right]


def without_thin_lines(difference: Difference, thickest: int) -> Difference:
    """``difference``, less the lines that are up to ``thickest`` pixels wide: a pen writes broader ones."""
    width = thickest + 1 + thickest % 2
    narrowed = 255 - widen(255 - difference.pixels[..., None], width)
    return Difference(Image.fromarray(widen(narrowed, width)[..., 0]))


def width_of_lines(pixels: Bytes, begins: float) -> int:
    """How wide the lines are, in pixels, that are printed across a picture; 0 if there are none.

    Of its ``pixels``, uint8 [H, W], those above ``begins`` are ink. Lines show at the rim, where nobody writes, and
    there are more ends of them than a digit has that was cut out.
    """
    rim = [edge[None] > begins for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])]
    runs = np.concatenate([ends - starts for _, starts, ends in map(runs_of, rim)])
    if runs.size < LEAST_LINE_ENDS:
        return 0
    width = int(np.median(runs))  # not the mean: along the rim some run long
    return width if width <= max(pixels.shape) / CELLS + 1 else 0


def is_lighter(image: Image.Image, ink: Floats, above: int, before: int) -> bool:
    """Whether the ``ink``, float [H, W] from 0 to 1, so far below and behind ``image``'s corner, is lighter than it."""
    grey = np.asarray(image.crop((before, above, before + ink.shape[1], above + ink.shape[0])).convert("L"))
    every = max(1, min(ink.shape) // SAMPLES)
    grey, ink = grey[::every, ::every], ink[::every, ::every]
    of_ink, of_paper = grey[ink > SURE_INK], grey[ink == 0]
    return bool(of_ink.size and of_paper.size and of_ink.mean() > of_paper.mean())


@dataclass(frozen=True)
class InkInBox:
    """The ink in the box that holds all that there is on a picture. Strengths are float [H, W] from 0 to 1."""

    strength: Floats  # of what is taken for the digit's
    alone: Floats | None  # of what stands alone, if that is something else
    above: int  # rows of paper over the box
    before: int  # columns of paper to the left of it
    is_whole: bool  # whether all that ink is taken for the digit's
    width_of_lines: int  # pixels, of the lines that run across the picture; 0 if there are none
    page: Box | None  # what seems to be no ink, but a page that lies on something
    pen: Box | None  # what may be a 1, or a pen that lies beside a fainter digit


def ink_in_box(difference: Difference) -> InkInBox:
    """How much ink lies on each pixel of a picture whose ``difference`` from the paper is given.

    Ink is at its full strength where a stroke is darkest, and begins where it exceeds what the paper shows by itself,
    away from all ink. Raises BlankImageError.
    """
    full = full_strength(difference.counts, difference.first_of_ink)
    pixels = difference.pixels
    cell = cell_side(pixels)
    parts = parts_of_ink(strongest_of_cells(pixels, cell) / full)
    width = width_of_lines(pixels, SURE_INK * full) if parts.cross or parts.sure > SURE_INK else 0
    near_ink = cells_near(parts.numbers > 0, cell)
    # Away from all ink the answer is known: the rest of the work is for the box around it alone.
    top, bottom, left, right = bounds(near_ink)
    pixels = pixels[top * cell : bottom * cell, left * cell : right * cell]

    def in_box(cells: Flags) -> Flags:
        return in_pixels(cells[top:bottom, left:right], cell, pixels.shape)

    near_ink = in_box(near_ink)
    paper = difference.counts - np.bincount(pixels[near_ink], minlength=256)
    noise = quantile(paper, PAPER_NOISE) if paper.any() else 0
    all_belongs = bool(parts.of_digit[1:].all())
    near_digit = near_ink if all_belongs else in_box(cells_near(parts.of_digit[parts.numbers], cell))
    alone = None
    stands_alone = standing_alone(parts.numbers)
    if stands_alone is not None and (stands_alone != parts.of_digit).any():
        near_alone = in_box(cells_near(stands_alone[parts.numbers], cell))
        with suppress(BlankImageError):  # it may be faint next to what else there is
            counts = np.bincount(pixels[near_alone], minlength=256)
            full_alone = full_strength(counts, otsu_threshold(counts))
            alone = strength_at(near_alone, pixels, min(noise, parts.sure * full_alone / 2), full_alone)
    largest = largest_part(parts.numbers)
    return InkInBox(
        # What is surely ink must not vanish among the noisiest paper.
        strength=strength_at(near_digit, pixels, min(noise, parts.sure * full / 2), full),
        alone=alone,
        above=top * cell,
        before=left * cell,
        is_whole=all_belongs and parts.sure == SURE_INK,
        width_of_lines=width,
        page=page_in(difference.pixels, SURE_INK * full, cell) if largest.may_hold_page else None,
        pen=enlarged(largest.box, cell) if largest.may_be_pen else None,
    )


def page_in(pixels: Bytes, sure: float, cell: int) -> Box | None:
    """Where a page, and not ink, is why ``pixels``, uint8 [H, W], exceed ``sure``; told by the cells, or None."""
    page = page_within(255 - strongest_of_cells(255 - pixels, cell) > sure)
    return page and enlarged(page, cell)


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


def widened(box: Box, by: int, image: Image.Image) -> Box:
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


def strength_at(places: Flags, pixels: Bytes, begins: float, full: int) -> Floats:
    """How much ink ``pixels``, uint8 [H, W], show at ``places``, bool [H, W]: float [H, W] from 0 to 1.

    It begins at one difference from the paper, and is at its full strength at another.
    """
    strengths = ((np.arange(256) - begins) / max(1, full - begins)).clip(0, 1).astype(np.float32)
    return np.where(places, strengths[pixels], np.float32(0))


def cell_side(pixels: Bytes) -> int:
    """How many pixels of ``pixels``, uint8 [H, W], a cell is wide and high."""
    return -(-max(pixels.shape) // CELLS)


def strongest_of_cells(difference: Bytes, cell: int) -> Bytes:
    """The maximum of each square of ``cell`` by ``cell`` pixels; those at the right and bottom may be smaller."""
    height, width = difference.shape
    padded = np.zeros((height + -height % cell, width + -width % cell), np.uint8)
    padded[:height, :width] = difference
    of_rows = np.maximum.reduce([padded[offset::cell] for offset in range(cell)])
    return np.maximum.reduce([of_rows[:, offset::cell] for offset in range(cell)])


def cells_near(cells: Flags, cell: int) -> Flags:
    """``cells``, bool [rows, columns], of ``cell`` by ``cell`` pixels, and those beside them, where a stroke ends."""
    near = cells
    for _ in range(1 if cell > 1 else 2):
        rows = near.copy()
        rows[1:] |= near[:-1]
        rows[:-1] |= near[1:]
        near = rows.copy()
        near[:, 1:] |= rows[:, :-1]
        near[:, :-1] |= rows[:, 1:]
    return near


def in_pixels(cells: Flags, cell: int, shape: tuple[int, int]) -> Flags:
    """The pixels, bool ``shape``, of ``cells``, bool [rows, columns]."""
    return cells.repeat(cell, axis=0)[: shape[0]].repeat(cell, axis=1)[:, : shape[1]]


def full_strength(counts: NDArray[np.int64], first_of_ink: int) -> int:
    """The difference from the paper of ink that covers it, given how many pixels differ by 0 to 255.

    Raises BlankImageError.
    """
    full = first_of_ink + quantile(counts[first_of_ink:], FULL_INK)
    if full < LEAST_CONTRAST:
        raise BlankImageError("The picture has no ink on it; draw or write one digit.")
    return full


def extent(ink: Floats) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the ``ink``, float [H, W] from 0 to 1, the ends exclusive.

    The faint halo that scaling and compression leave around a stroke is not part of it, except on a digit
    as small as MNIST's own, where a faint pixel is a twentieth of the whole.
    """
    top, bottom, left, right = bounds(ink > 0)
    return (top, bottom, left, right) if max(bottom - top, right - left) <= BOX else bounds(ink > FAINT_INK)


def normalize(ink: Floats) -> Bytes:
    """Fit ``ink``, float [H, W] from 0 to 1 and cropped, into MNIST's field: uint8 [28, 28]."""
    ink = without_hairlines(ink)
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    fitted = Image.fromarray(ink).resize(size, Image.Resampling.BOX)
    digit = np.asarray(fitted).clip(0, 1)
    digit = digit / digit.max()
    return np.rint(place_by_centre_of_mass(digit) * 255).astype(np.uint8)


def without_hairlines(ink: Floats) -> Floats:
    """``ink``, float [H, W] from 0 to 1 and cropped, its strokes no thinner than MNIST's thinnest.

    A pencil leaves lines that fade and break where they are scaled down to so few pixels.
    """
    thinnest = THINNEST_STROKE * max(ink.shape) / BOX
    lacking = round(thinnest - stroke_width(ink))
    if lacking < 1:
        return ink
    thickened = widen(np.pad(ink, lacking)[..., None], lacking + 1)[..., 0]
    top, bottom, left, right = bounds(thickened > 0)
    return thickened[top:bottom, left:right]


def stroke_width(ink: Floats) -> float:
    """How wide the strokes of ``ink``, float [H, W] from 0 to 1 and cropped, are on average, in pixels.

    That is their area over half of their outline, which is as long as the edges between pixels that cross it tell: by
    A. L. Cauchy's formula, pi / 4 of their number where strokes run in all directions.
    """
    height, width = ink.shape
    covered = np.zeros((height + 2, width + 2), bool)
    covered[1:-1, 1:-1] = ink > SURE_INK
    crossings = sum(np.count_nonzero(np.diff(covered, axis=axis)) for axis in (0, 1))
    return 8 / math.pi * np.count_nonzero(covered) / max(1, crossings)


def place_by_centre_of_mass(digit: Floats) -> Floats:
    """Move ``digit``, at most 20 x 20, by whole pixels in a field of 28 x 28 as MNIST did."""
    field = np.zeros((SIDE, SIDE), np.float32)
    starts = []
    for axis, length in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        centre_of_mass = (mass * np.arange(length)).sum() / mass.sum()
        starts.append(min(max(0, round(CENTRE - centre_of_mass)), SIDE - length))
    top, left = starts
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return field
