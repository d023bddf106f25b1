"""Pictures as data URLs (RFC 2397), in which browsers send them and pages show them."""

import base64
import re
from io import BytesIO

from PIL import Image

from net.arrays import UInt8Array

# Written for Python and for the JSON Schema of the contract alike; capitals are read as well.
START = "^data:image/[A-Za-z0-9_.+-]+(;[A-Za-z0-9_.+-]+=[A-Za-z0-9_.+-]+)*;base64,"
MOST_START = 500  # characters that are looked at for it


class DataUrlError(Exception):
    """What does not begin as a data URL of a picture in base64 does."""


def decode(url: str) -> bytes:
    """The bytes of the picture in ``url``, none where nothing follows its start; white space in them is left out.

    Raises DataUrlError, and ValueError where what follows is not base64.
    """
    start = re.match(START, url[:MOST_START], re.IGNORECASE)
    if not start:
        raise DataUrlError
    return base64.b64decode("".join(url[start.end() :].split()), validate=True)


def encode(picture: UInt8Array) -> str:
    """A grey-scale ``picture``, uint8 [H, W], as a PNG in a data URL."""
    png = BytesIO()
    Image.fromarray(picture).save(png, "PNG")
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
