"""Pictures as data URLs (RFC 2397), in which browsers send them and pages show them."""

import base64
import re
from io import BytesIO

from PIL import Image

from net.arrays import UInt8Array

# A pattern that both Python and the contract's JSON Schema can use; it is matched regardless of case.
START = "^data:image/[A-Za-z0-9_.+-]+(;[A-Za-z0-9_.+-]+=[A-Za-z0-9_.+-]+)*;base64,"
MOST_START = 500  # characters that are searched for it


class DataUrlError(Exception):
    """The text does not begin like a data URL of a picture in base64."""


def decode(url: str) -> bytes:
    """The bytes of the picture in ``url``, none if nothing follows its start; white space in the base64 is ignored.

    Raises DataUrlError, and ValueError if what follows is not base64.
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
