"""The ink on a picture, whatever its paper.

Pictures come with paper of any colour and ink darker or lighter than it, with shadows, noise, and much that is no
digit. So the result is several looks at the ink, and the network tells which of them is right.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from net.arrays import Float32Array
from net.boxes import Box, bounds, part_of
from net.cleaning import cleaned, without_box, without_thin_lines, without_what_crosses
from net.decoding import WORKING_SIDE
from net.errors import BlankImageError
from net.fitting import BOX, FAINT_INK
from net.ink_in_box import InkInBox, ink_in_box
from net.lines import LEAST_WIDTH, lines_touching
from net.paper import Difference, difference_from_paper
from net.parts import SURE_INK

WIDEST_FOLD = 0.25  # of the picture's width, or height
SAMPLES = 40  # along the shorter side of the ink, to tell whether it is dark or light

# What may have been done to a picture.
INVERTED = "inverted"  # its ink is lighter than its paper
SHADOW_REMOVED = "shadow_removed"  # it is a photograph, whose light and shadow were evened out
PARTS_LEFT_OUT = "parts_left_out"  # lines, specks and whatever else is no part of the digit


@dataclass(frozen=True)
class InkLook:
    """Ink that may be the digit, cropped to it, and what had to be done to find it."""

    strength: Float32Array  # [H, W] from 0, paper, to 1
    preparation: frozenset[str]  # of `INVERTED`, `SHADOW_REMOVED`, `PARTS_LEFT_OUT`
    scale: int  # pixels of the picture, along a side, in one pixel of ``strength``
    is_last_resort: bool = False  # whether it counts only where nothing else is read with certainty
    may_be_fold: bool = False  # whether it is a line from one side of the picture to the other


@dataclass(frozen=True)
class View:
    """A part of a picture, made smaller."""

    image: Image.Image  # mode RGB
    top: int  # pixels of the picture above it
    left: int  # likewise, to the left of it
    scale: int  # likewise, along a side, in one pixel of the view

    def on_picture(self, box: Box) -> Box:
        """Where ``box``, in pixels of the view, lies on the picture."""
        return box.enlarged(self.scale).moved(self.top, self.left)


def find_ink(image: Image.Image) -> list[InkLook]:
    """The looks at what may be the digit on ``image``, in mode RGB and of any size; there is at least one.

    Ink is what differs from the paper, darker or lighter or of another colour. The first look has all of it that may be
    the digit's, the next ones less and less, but for lines that go across the picture: the first lacks them, and the
    second may have them. Then come looks at what is written on a part that seems to be a page, not ink; and then the
    last resorts. What is small on the picture is looked at closely. Raises BlankImageError.
    """
    return looks_within(image, whole_of(image))


def whole_of(image: Image.Image) -> Box:
    """The box that is all of ``image``."""
    return Box(0, image.height, 0, image.width)


def looks_within(image: Image.Image, box: Box) -> list[InkLook]:
    """The looks at the ink in ``box`` of ``image``, which is in mode RGB; see `find_ink`.

    What surrounds the box helps to tell the paper: in a box that fits closely around a digit, a bold stroke is as wide
    as a shadow. Raises BlankImageError.
    """
    view, difference, is_shaded = view_of(image, box)
    found = ink_in_box(difference)
    across = goes_across(found, difference.pixels.shape[1])
    # What goes across the picture is rather a ruled line, and the first look lacks it; a shorter line may be the
    # digit's own, such as a 2's base, and only a later look lacks it.
    lineless = without_lines_touching(found, across=across)
    first = lineless if lineless and across else found
    ink_box = extent(first.strength)
    digit = ink_box.moved(first.top, first.left)
    closer = closer_box(image, view, digit)
    if closer:
        return looks_within(image, closer)
    of_found = preparation_of(view, found, first, is_shaded=is_shaded)
    of_others = of_found | {PARTS_LEFT_OUT}
    of_first = of_found if first is found else of_others
    may_be_fold = is_line_across(view.on_picture(digit), image)
    looks = [InkLook(first.strength[ink_box.slices], of_first, view.scale, may_be_fold=may_be_fold)]
    # A digit that was cut out closely goes from rim to rim as lines across a picture do.
    if first is not found and found.strength.shape == difference.pixels.shape:
        looks.append(InkLook(cropped(found.strength), of_found, view.scale))
    others = what_else(lineless or found)
    if lineless and not across:
        others = (cropped(lineless.strength), *others)
    looks += [InkLook(strength, of_others, view.scale) for strength in others]
    if first.page:
        of_page = looks_at_page(image, view.on_picture(first.page))
        looks += [replace(look, preparation=look.preparation | {PARTS_LEFT_OUT}) for look in of_page]
    last_resorts = (*uncrossed_in(found), *seen_of(found.last_resorts))
    looks += [InkLook(strength, of_others, view.scale, is_last_resort=True) for strength in last_resorts]
    of_closer = closer_looks(image, view, found)
    looks += [replace(look, preparation=look.preparation | {PARTS_LEFT_OUT}, is_last_resort=True) for look in of_closer]
    return looks


def preparation_of(view: View, found: InkInBox, first: InkInBox, *, is_shaded: bool) -> frozenset[str]:
    """What was done to see what was ``found`` on ``view``; ``first``, which it is or has less of, tells its colour."""
    done = {
        INVERTED: is_lighter(view.image, first.strength, first.top, first.left),
        SHADOW_REMOVED: is_shaded,
        PARTS_LEFT_OUT: not found.is_whole,
    }
    return frozenset(name for name, was_done in done.items() if was_done)


def is_line_across(digit: Box, image: Image.Image) -> bool:
    """Whether ``digit`` goes from one side of ``image`` to the other, and is narrow: as a fold or an edge of paper is.

    A 1 that was cut out closely is not narrow next to its picture.
    """
    height, width = digit.size
    goes_down = digit.top <= 0 and digit.bottom >= image.height and width < WIDEST_FOLD * image.width
    goes_over = digit.left <= 0 and digit.right >= image.width and height < WIDEST_FOLD * image.height
    return goes_down or goes_over


def goes_across(found: InkInBox, width: int) -> bool:
    """Whether ink ``found`` on a picture of that ``width``, in pixels, goes from side to side, as ruled lines do."""
    if found.strength.shape[1] < width:
        return False
    return all((found.strength[:, side] > SURE_INK).any() for side in (0, -1))


def view_of(image: Image.Image, box: Box) -> tuple[View, Difference, bool]:
    """The view of ``box`` on ``image``, its difference from the paper, and whether it is a photograph.

    The paper is estimated from the surroundings of the box as well.
    """
    surroundings = surroundings_of(box, image)
    scale = working_scale(surroundings)
    surrounded = part_of(image, surroundings)
    surrounded = surrounded.reduce(scale) if scale > 1 else surrounded
    difference, is_shaded = difference_from_paper(surrounded)
    inner = box.moved(-surroundings.top, -surroundings.left).shrunk(scale)
    on_picture = inner.enlarged(scale).moved(surroundings.top, surroundings.left)
    view = View(part_of(surrounded, inner), on_picture.top, on_picture.left, scale)
    if surroundings != box:
        difference = Difference(part_of(difference.image, inner))
    return view, difference, is_shaded


def closer_box(image: Image.Image, view: View, digit: Box) -> Box | None:
    """The box on ``image`` that shows ``digit``, small on ``view``, at a finer scale; None if there is no such."""
    if digit.longer_side >= WORKING_SIDE // 2:
        return None
    some_paper = (digit.longer_side // 4 + 1) * view.scale
    closer = view.on_picture(digit).grown(some_paper, image)
    return closer if working_scale(surroundings_of(closer, image)) < view.scale else None


def what_else(found: InkInBox) -> tuple[Float32Array, ...]:
    """What may be the digit other than all that was ``found``, cropped: with less and less of the ink."""
    fewer = [without_thin_lines(found.difference, found.width_of_lines)] if found.width_of_lines else []
    fewer += [without_box(found.difference, left_out) for left_out in (found.page, found.pen) if left_out]
    if not found.pen:  # a pen is stronger than the digit beside it, and would be all that is left
        fewer += cleaned(found.difference, found.cells)
    return seen_of([*found.alone, *itertools.chain.from_iterable(map(strengths_in, fewer))])


def uncrossed_in(found: InkInBox) -> tuple[Float32Array, ...]:
    """What may be the digit, cropped, if the part of the ``found`` ink that crosses the picture is not the digit's."""
    strongest = without_what_crosses(found.difference, found.cells)
    return seen_of(strengths_in(strongest)) if strongest else ()


def without_lines_touching(found: InkInBox, *, across: bool) -> InkInBox | None:
    """What is ``found`` once lines that the digit may stand on are removed; None without any, or if nothing is left.

    They are as long as what was found is wide; see `net.lines.lines_touching` for those that go ``across`` the picture.
    """
    height, width = found.strength.shape
    sure = found.strength > SURE_INK
    if width < LEAST_WIDTH * height or not sure.any():
        return None
    box = bounds(sure)
    lines = lines_touching(sure[box.slices], across=across)
    if lines is None:
        return None
    pixels = found.difference.pixels.copy()
    pixels[box.moved(found.top, found.left).slices][lines] = 0
    try:
        return ink_in_box(Difference(Image.fromarray(pixels)))
    except BlankImageError:
        return None


def surroundings_of(box: Box, image: Image.Image) -> Box:
    """``box`` and half of its longer side more on each side, as far as ``image`` reaches."""
    return box.grown(box.longer_side // 2, image)


def working_scale(box: Box) -> int:
    """How many pixels of a picture, along a side, become one when ``box`` is looked at."""
    return max(1, box.longer_side // WORKING_SIDE)


def strengths_in(difference: Difference) -> list[Float32Array]:
    """What is taken for the digit's in ``difference``, and what stands alone, as in `InkInBox`; empty if blank."""
    try:
        found = ink_in_box(difference)
    except BlankImageError:
        return []
    return [found.strength, *found.alone]


def closer_looks(image: Image.Image, view: View, found: InkInBox) -> list[InkLook]:
    """The looks at what stands alone in what was ``found`` on ``view``, at a finer scale if it is small on ``image``.

    A dashed frame around it, for example, may only be told from it there.
    """
    boxes = [extent(alone).moved(found.top, found.left) for alone in found.alone if alone.max() > FAINT_INK]
    closer = [closer_box(image, view, box) for box in boxes]
    return [look for box in closer if box for look in looks_unless_blank(image, box)]


def looks_unless_blank(image: Image.Image, box: Box) -> list[InkLook]:
    """The looks at the ink in ``box`` of ``image``, in mode RGB; none if it is blank."""
    try:
        return looks_within(image, box)
    except BlankImageError:
        return []


def looks_at_page(image: Image.Image, page: Box) -> list[InkLook]:
    """The looks at the ink on the part ``page`` of ``image``, in mode RGB; none if it is blank: it was ink itself."""
    part = part_of(image, page)
    return looks_unless_blank(part, whole_of(part))


def seen_of(strengths: Iterable[Float32Array]) -> tuple[Float32Array, ...]:
    """Those of ``strengths``, float [H, W] from 0 to 1 each, that show ink, cropped to it."""
    return tuple(cropped(strength) for strength in strengths if strength.max() > FAINT_INK)


def cropped(strength: Float32Array) -> Float32Array:
    """``strength``, float [H, W] from 0 to 1, less the paper around it."""
    return strength[extent(strength).slices]


def is_lighter(image: Image.Image, ink: Float32Array, top: int, left: int) -> bool:
    """Whether ``ink``, float [H, W] from 0 to 1, at ``top``, ``left`` on ``image``, is lighter than its paper."""
    grey = np.asarray(image.crop((left, top, left + ink.shape[1], top + ink.shape[0])).convert("L"))
    every = max(1, min(ink.shape) // SAMPLES)
    grey, ink = grey[::every, ::every], ink[::every, ::every]
    of_ink, of_paper = grey[ink > SURE_INK], grey[ink == 0]
    return bool(of_ink.size and of_paper.size and of_ink.mean() > of_paper.mean())


def extent(ink: Float32Array) -> Box:
    """The box around the ``ink``, float [H, W] from 0 to 1.

    The faint halo that scaling and compression leave around a stroke is not part of it, except on a digit
    as small as MNIST's own, where a faint pixel is a twentieth of the whole.
    """
    darker = bounds(ink > FAINT_INK)
    if darker.longer_side > BOX:
        return darker
    whole = bounds(ink > 0)
    return whole if whole.longer_side <= BOX else darker
