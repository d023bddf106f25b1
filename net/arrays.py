"""The kinds of arrays that pictures are in."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]
Float32Array = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
Pixels = TypeVar("Pixels", UInt8Array, Float32Array, BoolArray)
