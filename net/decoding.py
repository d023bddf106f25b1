"""A picture file -> its first frame, upright, as plain RGB: ink on paper.

Whatever bytes a stranger sends, decoding them takes bounded time and memory.
"""

import math
import threading
import warnings
from contextlib import nullcontext, suppress
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin

from net.arrays import BoolArray, UInt8Array
from net.containers import refuse_slow_encoding, refuse_unusual_pieces
from net.errors import NoDigitError, TooManyPixelsError, UnreadableImageError
from net.levels import LEAST_CONTRAST, LEAST_INK, grey_of
from net.morphology import eroded

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
MAX_PIXELS = 50_000_000  # what the largest common phone cameras take
LONGEST_SIDE = 65_535  # pixels, the limit of JPEG; each row takes memory, however short
WORKING_SIDE = 400  # pixels, up to twice as many; more tells nothing about a digit that ends up 20 pixels high
MOST_AT_A_TIME = 8_000_000  # pixels; larger pictures, which take up to a gigabyte, are decoded one at a time
MOST_KEPT = 6_000_000  # pixels from which a picture is made smaller; less than four times as many may be left
ENOUGH_TO_SAMPLE = 1_000_000  # pixels, to tell what a picture's transparent parts should become
OPAQUE = 127  # of 255: up to this alpha, a pixel can be seen through
OPAQUE_PAGE = 0.5  # of a picture is opaque where it may be a page; strokes alone cover less
WITHIN = 5  # pixels, the opaque square around whatever lies within the outline of a sticker, and not on it
EVEN_OUTLINE = 0.8  # of that outline, at least, is of one colour
LEAST_INSIDE = 0.2  # of all that is opaque, at least, is of another

# Pillow warns of what `decode` refuses or mends. Not set within it, as a filter holds for all threads at once.
warnings.filterwarnings("ignore", module="PIL")
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit; `decode` has one that users may set
# Bytes of a colour profile or a text, inflated; in Pillow 1 MiB, less than a scanner's profile may have.
PngImagePlugin.MAX_TEXT_CHUNK = 4 * 2**20

one_large_at_a_time = threading.Lock()


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The first frame of a picture file, upright, in mode RGB, transparency laid on contrasting paper.

    A JPEG far larger than needed is decoded at a half, a quarter or an eighth of its size.
    Raises UnreadableImageError or TooManyPixelsError.
    """
    try:
        refuse_unusual_pieces(data)
        image = Image.open(BytesIO(data), formats=FORMATS)
        if image.width * image.height > max_pixels:
            raise TooManyPixelsError(
                f"The picture has {image.width} × {image.height} pixels, more than the "
                f"limit of {max_pixels / 1e6:g} million; send a smaller one."
            )
        if max(image.size) > LONGEST_SIDE:
            raise TooManyPixelsError(
                f"The picture has {image.width} × {image.height} pixels, but no side may be "
                f"longer than {LONGEST_SIDE:,}; send a smaller one."
            )
        refuse_slow_encoding(image)
        given_size = image.size
        # Twice the working size leaves enough to crop a digit out that fills half of the picture.
        image.draft("RGB", (2 * WORKING_SIDE, 2 * WORKING_SIDE))
        # A progressive file is held at its full size before any of it is decoded.
        held = given_size if image.info.get("progressive") else image.size
        is_large = math.prod(held) > MOST_AT_A_TIME
        with one_large_at_a_time if is_large else nullcontext():
            image.load()
            return flatten(upright(shrink(image)))
    except NoDigitError:
        raise
    except Exception as error:  # decoders raise whatever hostile bytes lead them to
        raise UnreadableImageError(
            "The picture could not be read; send a whole PNG, JPEG, GIF, BMP or WebP file."
        ) from error


def shrink(image: Image.Image) -> Image.Image:
    """``image``, smaller if it has far more pixels than are looked at, so that later steps take less memory."""
    width, height = image.size
    factor = max(min(width, height) // (4 * WORKING_SIDE), math.isqrt(width * height // MOST_KEPT))
    if factor < 2:
        return image
    if image.mode in ("1", "P", "PA"):  # whose values are no shades
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
    """The means of squares of ``side`` by ``side`` of ``values``, uint16 [H, W], without a copy in a larger type.

    What is left over at the right and at the bottom is dropped.
    """
    height, width = (length // side for length in values.shape)
    whole = values[: height * side, : width * side]
    sums = np.zeros((height, width), np.uint32)
    for row in range(side):
        for column in range(side):
            sums += whole[row::side, column::side]
    return (sums // side**2).astype(np.uint16)


def upright(image: Image.Image) -> Image.Image:
    """Turn the picture as its EXIF orientation says; leave it as it is if that tag is missing or damaged."""
    with suppress(Exception):  # a damaged tag is no reason to refuse the picture
        ImageOps.exif_transpose(image, in_place=True)
    return image


def flatten(image: Image.Image) -> Image.Image:
    """``image`` in mode RGB, eight bits a channel, with the colour of `paper_under` where it is transparent."""
    if image.mode.startswith("I"):  # 16 bits a pixel: convert() would clip to 255 what should be scaled
        values = np.asarray(image).astype(np.float32)  # may fill only 12 of the 16 bits; fewer than 8 are noise
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
    """The colour of paper to lay ``image`` on, in mode RGBA and partly transparent: white for dark ink, else black.

    But if the opaque part may be a page with ink on it, such as a card with round corners, and not a mere stroke, it is
    the page's colour; and if it is a digit with an outline around it, as stickers have, it is the outline's.
    """
    every = 1 + math.isqrt(image.width * image.height // ENOUGH_TO_SAMPLE)
    sample = image.resize([-(-side // every) for side in image.size], Image.Resampling.NEAREST)
    grey, alpha = (np.asarray(channel, np.float32) for channel in (sample.convert("L"), sample.getchannel("A")))
    opaque = alpha > OPAQUE
    colours = np.asarray(sample)[..., :3]
    if opaque.mean() > OPAQUE_PAGE:
        colour = np.median(colours[opaque], axis=0)
        if (abs(grey[opaque] - grey_of(colour)) > LEAST_CONTRAST).mean() > LEAST_INK:
            return tuple(colour.astype(int).tolist())
    colour = outline_colour(colours, opaque)
    if colour is not None:
        return tuple(colour.astype(int).tolist())
    ink_is_dark = (grey * alpha).sum() <= 127.5 * alpha.sum()
    return (255,) * 3 if ink_is_dark else (0,) * 3


def outline_colour(colours: UInt8Array, opaque: BoolArray) -> NDArray[np.float64] | None:
    """The colour, float [3], of the outline around what is ``opaque``, bool [H, W]; None if it has no outline.

    ``colours`` are uint8 [H, W, 3]. An outline is of one colour, and much of what it surrounds is of another.
    """
    outline = opaque & ~eroded(np.pad(opaque, WITHIN), WITHIN)[WITHIN:-WITHIN, WITHIN:-WITHIN]
    if not outline.any():
        return None
    colour = np.median(colours[outline], axis=0)
    is_other = np.abs(colours - colour).max(axis=2) > 2 * LEAST_CONTRAST
    is_outlined = is_other[outline].mean() < 1 - EVEN_OUTLINE and is_other[opaque].mean() > LEAST_INSIDE
    return colour if is_outlined else None
