"""Any picture of a digit -> the ink on it -> 28 x 28 the way MNIST was made.

How MNIST was made is told in Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten
digits", http://yann.lecun.com/exdb/mnist/: the black and white digits of NIST were fitted into a box of
20 x 20 pixels, keeping their aspect ratio, which the antialiasing made grey; then each was moved in a
field of 28 x 28 until its centre of mass stood at the centre. All 60,000 training digits agree: the longer
side of the ink is 20 pixels, and its centre of mass lies within half a pixel of (14, 14), since the move
was by whole pixels. `normalize` does the same, so that MNIST's own pictures come back as they went in.

What comes before that is ours: pictures arrive with paper of any colour, ink darker or lighter than it,
transparency, shadows, noise, and a camera that was held upside down.
"""

import warnings
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from net.components import label_components

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
MAX_PIXELS = 50_000_000  # what the largest common phone cameras take
SIDE = 28  # pixels, of the network's field
BOX = 20  # pixels, of the box within it that MNIST's digits fill
CENTRE = 14  # the pixel that MNIST's centres of mass were moved to
WORKING_SIDE = 400  # pixels; more tells nothing about a digit that ends up 20 pixels high
PAPER_SAMPLES = 64  # along the shorter side, to fit the paper's colour to
PAPER_FITS = 3
LEAST_CONTRAST = 25  # of 255; paper's own grain and JPEG's ripples stay under it
FULL_INK = 0.9  # the fraction of the ink's pixels that are no darker than what counts as full strength
SURE_INK = 0.4  # of full strength; fainter is the soft edge of a stroke, or noise
FAINT_INK = 0.1  # of full strength
PAPER_NOISE = 0.99  # the fraction of the paper's own pixels that are not to count as ink
CELLS = 100  # along the longer side, to tell parts of the ink apart; narrower gaps part nothing
LEAST_PART = 0.03  # of the largest part's area; the hat of a 5 has a tenth
LEAST_PART_AT_RIM = 0.5  # likewise, for a part that touches the rim

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


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

    ``data`` holds a whole PNG, JPEG, GIF, BMP or WebP file. Raises UnreadableImageError,
    TooManyPixelsError (before anything is decoded) or BlankImageError.
    """
    return normalize(find_ink(decode(data, max_pixels)))


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The first frame of a picture file, upright, in mode RGB, transparency laid on contrasting paper.

    A JPEG far larger than needed is decoded at a half, a quarter or an eighth of its size.
    Raises UnreadableImageError or TooManyPixelsError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is refused or mended below
            image = Image.open(BytesIO(data), formats=FORMATS)
            if image.width * image.height > max_pixels:
                raise TooManyPixelsError(
                    f"The picture has {image.width} × {image.height} pixels, more than the "
                    f"{max_pixels / 1e6:g} million that are read here; send a smaller one."
                )
            # Twice the working size leaves enough to crop a digit out that fills half of the picture.
            image.draft("RGB", (2 * WORKING_SIDE, 2 * WORKING_SIDE))
            image.load()
            return flatten(upright(image))
    except InkError:
        raise
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError("The picture has too many pixels; send a smaller one.") from error
    except Exception as error:  # decoders raise whatever hostile bytes lead them to
        raise UnreadableImageError(
            "The picture could not be read; send a whole PNG, JPEG, GIF, BMP or WebP file."
        ) from error


def upright(image: Image.Image) -> Image.Image:
    """Turn the picture as its EXIF orientation says; as it stands where that tag is missing or damaged."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a damaged tag is no reason to refuse the picture
        return image


def flatten(image: Image.Image) -> Image.Image:
    """Mode RGB, eight bits a channel; what is transparent becomes white under dark ink, black under light."""
    if image.mode.startswith("I"):  # 16 bits a pixel: convert() would clip to 255 what should be scaled
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    grey, alpha = (np.asarray(channel, np.float32) for channel in (image.convert("L"), image.getchannel("A")))
    ink_is_dark = (grey * alpha).sum() <= 127.5 * alpha.sum()
    paper = Image.new("RGBA", image.size, "white" if ink_is_dark else "black")
    return Image.alpha_composite(paper, image).convert("RGB")


def find_ink(image: Image.Image) -> Floats:
    """How much ink lies on each pixel, float [H, W] from 0 to 1, cropped to the digit.

    ``image`` is in mode RGB. Ink is what differs from the paper, darker or lighter or of another colour.
    Raises BlankImageError.
    """
    scale = max(1, max(image.size) // WORKING_SIDE)
    ink = ink_strength(difference_from_paper(image.reduce(scale) if scale > 1 else image))
    top, bottom, left, right = extent(ink)
    if scale > 1 and max(bottom - top, right - left) < WORKING_SIDE // 2:
        # A small digit on a large picture: look again, closer, with some paper around it.
        margin = max(bottom - top, right - left) // 4 + 1
        closer = image.crop(
            (
                max(0, left - margin) * scale,
                max(0, top - margin) * scale,
                min(image.width, (right + margin) * scale),
                min(image.height, (bottom + margin) * scale),
            )
        )
        return find_ink(closer)
    return ink[top:bottom, left:right]


def ink_strength(difference: Bytes) -> Floats:
    """How much ink of the digit lies on each pixel, float [H, W] from 0 to 1, given its ``difference`` from the paper.

    ``difference`` is uint8 [H, W]. Ink is at its full strength where a stroke is darkest, and begins where
    it exceeds what the paper shows by itself, away from all ink. Raises BlankImageError.
    """
    full = full_strength(np.bincount(difference.ravel(), minlength=256))
    cell = -(-max(difference.shape) // CELLS)
    parts = label_components(strongest_of_cells(difference, cell) > SURE_INK * full)
    paper = difference[~pixels_near(parts > 0, cell, difference.shape)]
    begins = quantile(np.bincount(paper, minlength=256), PAPER_NOISE) if len(paper) else 0
    strengths = (np.arange(256, dtype=np.float32) - begins) / max(1, full - begins)
    digit = pixels_near(parts_of_digit(parts)[parts], cell, difference.shape)
    return np.where(digit, strengths.clip(0, 1)[difference], np.float32(0))


def strongest_of_cells(difference: Bytes, cell: int) -> Bytes:
    """The maximum of each square of ``cell`` by ``cell`` pixels; those at the right and bottom may be smaller."""
    padded = np.pad(difference, ((0, -difference.shape[0] % cell), (0, -difference.shape[1] % cell)))
    of_rows = np.maximum.reduce([padded[offset::cell] for offset in range(cell)])
    return np.maximum.reduce([of_rows[:, offset::cell] for offset in range(cell)])


def parts_of_digit(parts: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of the numbered ``parts``, int32 [rows, columns], belong to the digit: bool [count + 1].

    A part does if its area is large next to the largest one's; what touches the picture's rim must be larger,
    for there stand shadows, edges of the paper and parts of neighbouring words. Part 0 is the paper.
    """
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    least = np.full(len(areas), LEAST_PART)
    least[np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])] = LEAST_PART_AT_RIM
    return (areas >= areas.max() * least) & (areas > 0)


def pixels_near(cells: NDArray[np.bool_], cell: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels, bool ``shape``, in or beside ``cells``, bool [rows, columns]: a stroke's faint edge lies there."""
    reach = 3 if cell > 1 else 5
    near = Image.fromarray(cells).convert("L").filter(ImageFilter.MaxFilter(reach))
    pixels = near.resize((near.width * cell, near.height * cell), Image.Resampling.NEAREST)
    return np.asarray(pixels, bool)[: shape[0], : shape[1]]


def difference_from_paper(image: Image.Image) -> Bytes:
    """The largest difference of any channel from the paper's colour: uint8 [H, W], for a picture in mode RGB."""
    channels = [np.asarray(channel, np.float32) for channel in image.split()]
    paper = paper_colour(channels)
    difference = np.abs(channels[0] - paper[0])
    for channel, colour in zip(channels[1:], paper[1:], strict=True):
        np.maximum(difference, np.abs(channel - colour), out=difference)
    return np.rint(difference).clip(0, 255).astype(np.uint8)


def paper_colour(channels: list[Floats]) -> list[Floats]:
    """For each of ``channels``, float [H, W] from 0 to 255, the paper's value: float [], or [H, W] where it varies.

    The first guess is the median of the picture's rim, since people do not write on the very edge. Where
    most of the picture differs from it, as photographs do, since light falls off across a page, a quadratic
    surface is fitted by least squares to the pixels that lie close to the last guess.
    """
    height, width = channels[0].shape
    step = max(1, min(height, width) // PAPER_SAMPLES)
    samples = np.stack([channel[::step, ::step].ravel() for channel in channels], axis=1)
    paper = np.array([np.median(rim(channel)) for channel in channels], np.float32)
    distance = np.abs(samples - paper).max(axis=1)
    if np.median(distance) < 1:
        return list(paper)
    x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    terms = [np.ones_like(x + y), x + 0 * y, y + 0 * x, x * x + 0 * y, x * y, y * y + 0 * x]
    sampled = np.stack([term[::step, ::step].ravel() for term in terms], axis=1)
    for _ in range(PAPER_FITS):
        is_paper = distance <= 2 * np.median(distance)
        surface = np.linalg.lstsq(sampled[is_paper], samples[is_paper])[0]
        distance = np.abs(samples - sampled @ surface).max(axis=1)
    return [sum(weight * term for weight, term in zip(weights, terms, strict=True)) for weights in surface.T]


def rim(channel: Floats) -> Floats:
    """The pixels, float [N], along the four edges of one channel, float [H, W]."""
    depth = max(1, min(channel.shape) // 50)
    edges = [channel[:depth], channel[-depth:], channel[:, :depth], channel[:, -depth:]]
    return np.concatenate([edge.ravel() for edge in edges])


def full_strength(counts: NDArray[np.int64]) -> int:
    """The difference from the paper of ink that covers it, given how many pixels differ by 0 to 255.

    Raises BlankImageError.
    """
    first_of_ink = otsu_threshold(counts)
    full = first_of_ink + quantile(counts[first_of_ink:], FULL_INK)
    if full < LEAST_CONTRAST:
        raise BlankImageError("The picture has no ink on it; draw or write one digit.")
    return full


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


def extent(ink: Floats) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the ``ink``, float [H, W] from 0 to 1, the ends exclusive.

    The faint halo that scaling and compression leave around a stroke is not part of it, except on a digit
    as small as MNIST's own, where a faint pixel is a twentieth of the whole.
    """
    for faintest in (0, FAINT_INK):
        rows, columns = (np.flatnonzero((ink > faintest).any(axis=axis)) for axis in (1, 0))
        box = (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
        if max(box[1] - box[0], box[3] - box[2]) <= BOX:
            break
    return box


def normalize(ink: Floats) -> Bytes:
    """Fit ``ink``, float [H, W] from 0 to 1 and cropped, into MNIST's field: uint8 [28, 28]."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    fitted = Image.fromarray(ink).resize(size, Image.Resampling.BOX)
    digit = np.asarray(fitted).clip(0, 1)
    digit = digit / digit.max()
    return np.rint(place_by_centre_of_mass(digit) * 255).astype(np.uint8)


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
