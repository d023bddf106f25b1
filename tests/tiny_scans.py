"""scikit-learn's digits: written by 13 people on forms, scanned, shrunk to 8 x 8 pixels, and here enlarged again.

python tests/tiny_scans.py DIR     # writes DIR/<digit>/<number>.png, for python -m train.evaluate --images

Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
https://doi.org/10.24432/C50P49, its test part of 1,797 digits.
"""

import sys

import numpy as np
from handwriting import folder_to_fill
from PIL import Image, ImageOps

INK = 16  # a pixel that is all ink
TIMES = 20  # the factor of enlargement
MARGIN = 60  # pixels around the enlarged digit

try:
    from sklearn.datasets import load_digits
except ImportError:
    sys.exit("The digits come with scikit-learn, which is not installed here; run: pip install scikit-learn")


def enlarged(digit: np.ndarray) -> Image.Image:
    """``digit``, float [8, 8] from 0 to 16, enlarged with bicubic interpolation, in black on white."""
    small = Image.fromarray(np.rint(digit * (255 / INK)).astype(np.uint8))
    large = small.resize((small.width * TIMES, small.height * TIMES), Image.Resampling.BICUBIC)
    return ImageOps.invert(ImageOps.expand(large, MARGIN))


if __name__ == "__main__":
    folder = folder_to_fill("digits that were scanned and shrunk, as <digit>/<number>.png")
    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = folder / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        enlarged(image).save(path)
