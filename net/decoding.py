"""A picture file -> its first frame, upright, as plain RGB: ink on paper.

Whatever bytes a stranger sends, decoding them takes bounded time and memory.
"""

import math
import re
import warnings
from contextlib import suppress
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from net.errors import NoDigitError, TooManyPixelsError, UnreadableImageError
from net.paper import LEAST_CONTRAST, LEAST_INK, grey_of

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
MAX_PIXELS = 50_000_000  # what the largest common phone cameras take
MOST_SCANS = 50  # of a JPEG, each of which goes over all of its pixels; progressive ones have about ten
MOST_SEGMENTS = 4000  # of a JPEG; 16 MiB of metadata in segments as long as they may be are 256
JPEG = b"\xff\xd8"  # how one begins
SEGMENT = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])")  # how its segments begin: by nothing that a scan holds
SCAN, END_OF_PICTURE = b"\xda", b"\xd9"
WORKING_SIDE = 400  # pixels; more tells nothing about a digit that ends up 20 pixels high
MOST_KEPT = 6_000_000  # pixels, of what is looked at in one piece
ENOUGH_TO_SAMPLE = 1_000_000  # pixels, to tell what a picture's transparent parts should become
OPAQUE = 127  # of 255; less can be seen through
OPAQUE_PAGE = 0.5  # of a picture is opaque where it may be a page; strokes alone cover less

# Pillow warns of what `decode` refuses or mends; not within it, since a filter is set for all threads at once.
warnings.filterwarnings("ignore", module="PIL")


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
    except NoDigitError:
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
