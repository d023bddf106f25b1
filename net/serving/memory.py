"""Returns the memory of a large picture to the system once it is read."""

import contextlib
import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's <malloc.h>
LARGE = 8 * 1024 * 1024  # bytes; a drawing takes less, which is kept for the next one


def give_back_large_blocks() -> None:
    """Have glibc map large blocks one by one, so that freeing returns them; no effect with another C library.

    By default, glibc learns from the first ones freed to keep blocks of up to 32 MiB for later, for each thread anew.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(M_TRIM_THRESHOLD, 2 * LARGE)
