"""The pen, paper and size of a picture, to see which of them costs accuracy."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from net.decoding import decode
from net.fitting import stroke_width
from net.ink import INVERTED, SHADOW_REMOVED, find_ink

THIN, THICK = 0.08, 0.16  # of the digit's longer side; MNIST's own strokes have 0.13
SMALL, LARGE = 0.35, 0.65  # of the picture's longer side


@dataclass(frozen=True)
class Traits:
    """The traits of one picture with a digit on it."""

    pen: float  # width of its strokes, as a fraction of the digit's longer side
    size: float  # the digit's longer side, as a fraction of the picture's
    paper: str

    @property
    def names(self) -> tuple[str, str, str]:
        """The groups that it belongs to: one of pens, one of sizes, one of papers."""
        pen = "thin pen" if self.pen < THIN else "thick pen" if self.pen > THICK else "middling pen"
        size = "small digit" if self.size < SMALL else "large digit" if self.size > LARGE else "middling digit"
        return pen, size, self.paper


def traits_of(data: bytes) -> Traits:
    """The traits of the picture file ``data``. Raises net.errors.NoDigitError if it has no digit."""
    image = decode(data)
    ink = find_ink(image)[0]
    with Image.open(BytesIO(data)) as file:
        is_transparent = file.has_transparency_data and file.convert("RGBA").getchannel("A").getextrema()[0] < 255
    if SHADOW_REMOVED in ink.preparation:
        paper = "photograph"
    elif INVERTED in ink.preparation:
        paper = "light ink"
    else:
        paper = "no paper" if is_transparent else "dark ink"
    largest = max(ink.strength.shape)
    return Traits(
        pen=stroke_width(ink.strength) / largest,
        size=min(1.0, largest * ink.scale / max(image.size)),
        paper=paper,
    )
