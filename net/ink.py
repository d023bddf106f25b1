"""The ink on a picture, whatever its paper.

Pictures come with paper of any colour and ink darker or lighter than it, with shadows, noise, and much that is no
digit. So what is found is a few looks at it, of which the network tells the right one.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from net.arrays import Bytes, Flags, Floats
from net.boxes import Box, bounds, enlarged, longer_side, moved, part_of, shrunk, widened
from net.components import runs_of
from net.decoding import WORKING_SIDE
from net.errors import BlankImageError
from net.fitting import BOX, FAINT_INK
from net.frames import inside_frame
from net.lines import LEAST_WIDTH, lines_touching
from net.morphology import medians, opened
from net.paper import LEAST_CONTRAST, Difference, difference_from_paper, otsu_threshold, quantile
from net.parts import SURE_INK, Parts, largest_part, page_within, parts_of_ink, standing_alone

FULL_INK = 0.9  # the fraction of the ink's pixels that are no darker than what counts as full strength
PAPER_NOISE = 0.99  # the fraction of the paper's own pixels that are not to count as ink
CELLS = 100  # along the longer side, to tell parts of the ink apart; narrower gaps part nothing
LEAST_LINE_ENDS = 5  # of lines that are printed across a picture
SAMPLES = 40  # along the shorter side of the ink, to tell whether it is dark or light
MOST_STRONG = 0.5  # of a picture lies near the strongest ink; else that is paper as well
STRONGER = 4  # times, at most, the stronger part of the ink is taken for all of it
FAINTER = 0.25  # times the strongest ink's area is covered by what is fainter, at least, where that is something else
SOFTEST = 3  # cells beside the strongest ink's own in which its edge may still fade: more is another ink
SPECKLED = 0.15  # of a picture shows ink where specks lie all over it
MOST_LEFT = 0.5  # of that, at most, is no speck
GRAINY = 0.9  # of a picture shows ink where that is the paper's grain
GRAIN = 2.0  # pixels, of a Gaussian that takes it away and leaves a pencil's strokes

# What may have been done to a picture.
INVERTED = "inverted"  # its ink is lighter than its paper
SHADOW_REMOVED = "shadow_removed"  # it is a photograph, and its paper was told from the light that falls on it
PARTS_LEFT_OUT = "parts_left_out"  # lines, specks and what else is no part of the digit


@dataclass(frozen=True)
class Ink:
    """The ink of a digit, cropped to it, and what had to be done to find it."""

    strength: Floats  # [H, W] from 0, paper, to 1
    preparation: frozenset[str] = frozenset()  # of `INVERTED`, `SHADOW_REMOVED`, `PARTS_LEFT_OUT`
    scale: int = 1  # pixels of the picture, along a side, in one of ``strength``
    alone: tuple[Floats, ...] = ()  # the same without lines, frames and what is far or fainter, where there is such
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
    view, difference, is_shaded = view_of(image, box)
    found = ink_in_box(difference)
    across = found.strength.shape[1] == difference.pixels.shape[1]
    lineless = without_lines_touching(difference, found, across=across)
    first = lineless[1] if lineless and across else found
    digit = moved(extent(first.strength), first.above, first.before)
    closer = closer_box(image, view, digit)
    if closer:
        return ink_within(image, closer)
    done = {
        INVERTED: is_lighter(view.image, first.strength, first.above, first.before),
        SHADOW_REMOVED: is_shaded,
        PARTS_LEFT_OUT: not first.is_whole or first is not found,
    }
    return Ink(
        cropped(first.strength),
        frozenset(name for name, was_done in done.items() if was_done),
        view.scale,
        other_looks(difference, found, lineless, across=across),
        ink_on_page(image, view.on_picture(first.page)) if first.page else None,
    )


@dataclass(frozen=True)
class View:
    """A part of a picture, made smaller."""

    image: Image.Image  # mode RGB
    above: int  # pixels of the picture over it
    before: int  # likewise, to the left of it
    scale: int  # likewise, along a side, in one of its own

    def on_picture(self, box: Box) -> Box:
        """Where ``box``, in pixels of the view, lies on the picture."""
        return moved(enlarged(box, self.scale), self.above, self.before)


def view_of(image: Image.Image, box: Box) -> tuple[View, Difference, bool]:
    """``box`` of ``image`` as it is looked at, its difference from the paper, and whether that is a photograph's.

    The paper is told from all that surrounds the box.
    """
    surroundings = surroundings_of(box, image)
    scale = working_scale(surroundings)
    surrounded = part_of(image, surroundings)
    surrounded = surrounded.reduce(scale) if scale > 1 else surrounded
    difference, is_shaded = difference_from_paper(surrounded)
    inner = shrunk(moved(box, -surroundings[0], -surroundings[2]), scale)
    above, _, before, _ = moved(enlarged(inner, scale), surroundings[0], surroundings[2])
    view = View(part_of(surrounded, inner), above, before, scale)
    if surroundings != box:
        difference = Difference(part_of(difference.image, inner))
    return view, difference, is_shaded


def closer_box(image: Image.Image, view: View, digit: Box) -> Box | None:
    """Where on ``image`` a ``digit`` of ``view`` that is small on it can be seen better; None where it is large."""
    if longer_side(digit) >= WORKING_SIDE // 2:
        return None
    some_paper = (longer_side(digit) // 4 + 1) * view.scale
    closer = widened(view.on_picture(digit), some_paper, image)
    return closer if working_scale(surroundings_of(closer, image)) < view.scale else None


def what_else(difference: Difference, found: "InkInBox") -> tuple[Floats, ...]:
    """What else than all that was ``found`` may be the digit, cropped to it: with less and less of the ink."""
    fewer = [without_thin_lines(difference, found.width_of_lines)] if found.width_of_lines else []
    fewer += [without_box(difference, left_out) for left_out in (found.page, found.pen) if left_out]
    if not found.pen:  # which is stronger than the digit beside it
        fewer += cleaned(difference, found.cells)
    strengths = [*found.alone, *itertools.chain.from_iterable(map(strengths_in, fewer))]
    return tuple(cropped(strength) for strength in strengths if strength.max() > FAINT_INK)


def other_looks(
    difference: Difference, found: "InkInBox", lineless: tuple[Difference, "InkInBox"] | None, *, across: bool
) -> tuple[Floats, ...]:
    """What else may be the digit than the first look, cropped to it.

    The first is what was ``found``; or, where there are lines and they go ``across``, what was found ``lineless``.
    """
    if lineless is None:
        return what_else(difference, found)
    if not across:
        return all_in(*lineless)
    # A digit that was cut out closely goes from rim to rim as such lines do, and its base is none.
    with_lines = [cropped(found.strength)] if found.strength.shape == difference.pixels.shape else []
    return *with_lines, *what_else(*lineless)


def all_in(difference: Difference, found: "InkInBox") -> tuple[Floats, ...]:
    """What was ``found``, cropped to it, and `what_else` that may be."""
    return cropped(found.strength), *what_else(difference, found)


def without_lines_touching(
    difference: Difference, found: "InkInBox", *, across: bool
) -> tuple[Difference, "InkInBox"] | None:
    """``difference`` without the lines that the digit in what was ``found`` may stand on, and what is found there then.

    None where there are none. They are as long as what was found is wide; see `net.lines.lines_touching` for those that
    go ``across`` the picture.
    """
    height, width = found.strength.shape
    sure = found.strength > SURE_INK
    if width < LEAST_WIDTH * height or not sure.any():
        return None
    top, bottom, left, right = bounds(sure)
    lines = lines_touching(sure[top:bottom, left:right], across=across)
    if lines is None:
        return None
    pixels = difference.pixels.copy()
    pixels[found.above + top : found.above + bottom, found.before + left : found.before + right][lines] = 0
    lineless = Difference(Image.fromarray(pixels))
    try:
        return lineless, ink_in_box(lineless)
    except BlankImageError:
        return None


def surroundings_of(box: Box, image: Image.Image) -> Box:
    """Up to four times as much of ``image`` as ``box`` holds, which is in the middle of it."""
    return widened(box, longer_side(box) // 2, image)


def working_scale(box: Box) -> int:
    """How many pixels of a picture, along a side, are to become one where ``box`` is what is looked at."""
    return max(1, longer_side(box) // WORKING_SIDE)


def strengths_in(difference: Difference) -> list[Floats]:
    """What is taken for the digit's in ``difference``, and what stands alone there, as `InkInBox` has them; or none."""
    try:
        found = ink_in_box(difference)
    except BlankImageError:
        return []
    return [found.strength, *found.alone]


def without_box(difference: Difference, box: Box) -> Difference:
    """``difference``, less what is in ``box`` and up to a cell around it."""
    cell = cell_side(difference.pixels)
    top, bottom, left, right = box
    image = difference.image.copy()
    image.paste(0, (left - cell, top - cell, right + cell, bottom + cell))
    return Difference(image)


def cleaned(difference: Difference, cells: Bytes) -> list[Difference]:
    """``difference`` without what is fainter than the digit, without specks, or without grain: where it shows such.

    ``cells``, uint8 [rows, columns], are the strongest of its pixels.

    Not on a picture so small that a cell is one pixel: its strokes may be as thin as specks, and are hardly wider than
    their faint edges.
    """
    cell = cell_side(difference.pixels)
    if cell == 1:
        return []
    ways = (without_fainter, without_specks, without_grain)
    return [left for way in ways if (left := way(difference, cells, cell))]


def without_fainter(difference: Difference, cells: Bytes, cell: int) -> Difference | None:
    """``difference`` near its strongest ink alone, less as much as stains, stripes of shadow or grain differ by.

    None where that is all of the ink. ``cells``, uint8 [rows, columns], are the strongest of its pixels.
    """
    levels = strongest_ink(difference.counts, cells, cell)
    if levels is None:
        return None
    begins, strongest = levels
    strong = cells >= strongest
    near = cells_near(strong, cell)
    with_edges = near
    for _ in range(SOFTEST):
        with_edges = cells_near(with_edges, cell)
    fainter = (cells >= begins) & ~with_edges
    if np.count_nonzero(fainter) <= FAINTER * np.count_nonzero(strong):
        return None
    level = quantile(np.where(np.arange(256) < begins, 0, difference.counts)[:strongest], 0.5)
    image = difference.image.point([max(0, each - level) * 255 // (255 - level) for each in range(256)])
    return Difference(Image.fromarray(np.asarray(image) * in_pixels(near, cell, difference.pixels.shape)))


def strongest_ink(counts: NDArray[np.int64], cells: Bytes, cell: int) -> tuple[int, int] | None:
    """The levels at which the strongest ink begins, and what it was parted from; None where ink is all over ``cells``.

    Otsu's threshold parts the stronger from the fainter, and these again, until the stronger leaves most of the
    picture bare.
    """
    begins = LEAST_CONTRAST
    for _ in range(STRONGER):
        stronger = otsu_threshold(np.where(np.arange(256) < begins, 0, counts))
        if cells_near(cells >= stronger, cell).mean() < MOST_STRONG:
            return begins, stronger
        begins = stronger
    return None


def without_specks(difference: Difference, cells: Bytes, cell: int) -> Difference | None:
    """``difference`` as the medians of 3 x 3 pixels have it, where they are rid of specks all over it; or None.

    ``cells``, uint8 [rows, columns], are the strongest of its pixels.
    """
    speckled = (cells >= difference.first_of_ink).mean()
    if speckled < SPECKLED:
        return None
    pixels = medians(difference.pixels)
    left = (strongest_of_cells(pixels, cell) >= difference.first_of_ink).mean()
    return Difference(Image.fromarray(pixels)) if left < MOST_LEFT * speckled else None


def without_grain(difference: Difference, cells: Bytes, cell: int) -> Difference | None:
    """The strongest of ``difference`` once it is blurred, where grain covers all of it, as cardboard's does; or None.

    ``cells``, uint8 [rows, columns], are the strongest of its pixels.
    """
    if (cells >= difference.first_of_ink).mean() < GRAINY:
        return None
    blurred = Difference(difference.image.filter(ImageFilter.GaussianBlur(GRAIN)))
    return without_fainter(blurred, strongest_of_cells(blurred.pixels, cell), cell)


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
    return Difference(Image.fromarray(opened(difference.pixels, width)))


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
    alone: tuple[Floats, ...]  # of what stands alone or in a frame, if that is something else
    above: int  # rows of paper over the box
    before: int  # columns of paper to the left of it
    is_whole: bool  # whether all that ink is taken for the digit's
    width_of_lines: int  # pixels, of the lines that run across the picture; 0 if there are none
    cells: Bytes  # [rows, columns], the greatest difference from the paper in each cell of the picture
    # In pixels of the whole picture.
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
    cells = strongest_of_cells(pixels, cell)
    parts = parts_of_ink(cells / full)
    # Away from all ink the answer is known: the rest of the work is for the box around it alone.
    box = InkBox(pixels, parts, cell)
    noise = noise_of_paper(difference.counts - np.bincount(box.pixels[box.near_ink], minlength=256))
    near_digit = box.near(parts.of_digit)
    largest = largest_part(parts.numbers)
    reaches_across = parts.reach_across or parts.sure > SURE_INK
    return InkInBox(
        strength=box.strength_at(near_digit, noise, full),
        alone=alone_in(box, near_digit, noise, full),
        above=box.above,
        before=box.before,
        is_whole=bool(parts.of_digit[1:].all()) and parts.sure == SURE_INK,
        width_of_lines=width_of_lines(pixels, SURE_INK * full) if reaches_across else 0,
        cells=cells,
        page=page_in(pixels, SURE_INK * full, cell) if largest.may_hold_page else None,
        pen=enlarged(largest.box, cell) if largest.may_be_pen else None,
    )


def alone_in(box: "InkBox", near_digit: Flags, noise: int, full: int) -> tuple[Floats, ...]:
    """What a frame surrounds in ``box``, or else what stands alone there, if that is not the digit as it was taken."""
    parts = box.parts
    if framed := inside_frame((box.pixels > parts.sure * full) & near_digit):
        return tuple(box.strength_at(places, noise, full) for places in framed)
    stands_alone = standing_alone(parts.numbers)
    if stands_alone is None or (stands_alone == parts.of_digit).all():
        return ()
    near_alone = box.near(stands_alone)
    counts = np.bincount(box.pixels[near_alone], minlength=256)
    try:
        full_alone = full_strength(counts, otsu_threshold(counts))
    except BlankImageError:  # it may be faint next to what else there is
        return ()
    return (box.strength_at(near_alone, noise, full_alone),)


class InkBox:
    """The box around all ink of a picture, and a cell of paper around it."""

    def __init__(self, pixels: Bytes, parts: Parts, cell: int) -> None:
        """``pixels``, uint8 [H, W], are how far the whole picture is from its paper; its ``parts`` are in cells."""
        near_ink = cells_near(parts.numbers > 0, cell)
        self.parts = parts
        self.cell = cell
        self.bounds = bounds(near_ink)
        top, bottom, left, right = self.bounds
        self.above, self.before = top * cell, left * cell  # rows and columns of the picture before it
        self.pixels = pixels[top * cell : bottom * cell, left * cell : right * cell]
        self.near_ink = self.in_pixels(near_ink)

    def near(self, chosen: Flags) -> Flags:
        """The pixels, bool [H, W], on and beside the parts that are ``chosen``, bool [count + 1]."""
        if chosen[1:].all():
            return self.near_ink
        return self.in_pixels(cells_near(chosen[self.parts.numbers], self.cell))

    def in_pixels(self, cells: Flags) -> Flags:
        """The pixels, bool [H, W], of the picture's ``cells``, bool [rows, columns]."""
        top, bottom, left, right = self.bounds
        return in_pixels(cells[top:bottom, left:right], self.cell, self.pixels.shape)

    def strength_at(self, places: Flags, noise: int, full: int) -> Floats:
        """`strength_at` those ``places``; what is surely ink must not vanish among the noisiest paper."""
        return strength_at(places, self.pixels, min(noise, self.parts.sure * full / 2), full)


def noise_of_paper(counts: NDArray[np.int64]) -> int:
    """How far paper is from itself, given how many of its own pixels differ by 0 to 255."""
    return quantile(counts, PAPER_NOISE) if counts.any() else 0


def page_in(pixels: Bytes, sure: float, cell: int) -> Box | None:
    """Where a page, and not ink, is why ``pixels``, uint8 [H, W], exceed ``sure``; told by the cells, or None."""
    page = page_within(255 - strongest_of_cells(255 - pixels, cell) > sure)
    return page and enlarged(page, cell)


def strength_at(places: Flags, pixels: Bytes, begins: float, full: int) -> Floats:
    """How much ink ``pixels``, uint8 [H, W], show at ``places``, bool [H, W]: float [H, W] from 0 to 1.

    It begins at one difference from the paper, and is at its full strength at another.
    """
    strengths = ((np.arange(256) - begins) / max(1, full - begins)).clip(0, 1).astype(np.float32)
    return strengths.take(pixels) * places


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


def extent(ink: Floats) -> Box:
    """Top, bottom, left and right of the ``ink``, float [H, W] from 0 to 1, the ends exclusive.

    The faint halo that scaling and compression leave around a stroke is not part of it, except on a digit
    as small as MNIST's own, where a faint pixel is a twentieth of the whole.
    """
    top, bottom, left, right = bounds(ink > 0)
    return (top, bottom, left, right) if max(bottom - top, right - left) <= BOX else bounds(ink > FAINT_INK)
