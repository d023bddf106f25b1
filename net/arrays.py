"""The kinds of arrays that pictures are in."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Pixels = TypeVar("Pixels", Bytes, Floats, Flags)
