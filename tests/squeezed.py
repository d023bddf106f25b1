"""The digits of `tests/pen_digits.json`, made far narrower or flatter than people write them.

python tests/squeezed.py DIR          # writes DIR/<digit>/<kind>-<number>.png, for python -m train.evaluate --images

1s are left out, as they are narrow already.
"""

import random

from handwriting import folder_to_fill, squeezed
from pen_digits import digits, drawing

# Width and height.
PROPORTIONS = {"narrow": (0.3, 1), "very-narrow": (0.25, 1), "flat": (1, 0.45), "very-flat": (1, 0.35)}

if __name__ == "__main__":
    folder = folder_to_fill("1,000 digits by 30 people but for the 1s, four times, as <digit>/<kind>-<number>.png")
    for number, (label, strokes) in enumerate(digits()):
        for kind, (width, height) in PROPORTIONS.items():
            if label == 1:
                continue
            path = folder / str(label) / f"{kind}-{number:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            drawing(squeezed(strokes, width, height), random.Random(number)).save(path)
