"""Memory that a large picture took goes back to the system once it is read."""

import contextlib
import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's <malloc.h>
LARGE = 8 * 1024 * 1024  # bytes; what a drawing takes stays under it, and is kept for the next


def give_back_large_blocks() -> None:
    """Have each large block be the system's own, where the C library is glibc; elsewhere this does nothing.

    Left alone, glibc learns from the first ones freed to keep blocks of up to 32 MiB for later, for each thread anew.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(M_TRIM_THRESHOLD, 2 * LARGE)
