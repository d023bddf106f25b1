"""Refusing files made of so many pieces that decoding them takes far longer than their size suggests.

Nobody's pictures are, whatever made them; but an attacker needs only a few kilobytes to block a decoder for minutes.
"""

import re
from collections.abc import Iterator
from itertools import islice

from PIL import Image

from net.errors import TooManyPixelsError, UnreadableImageError

JPEG, PNG, GIF = b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF8"  # how they begin
MOST_SCANS = 50  # of a JPEG, each of which covers all of its pixels; progressive ones have about ten
MOST_SEGMENTS = 4000  # of a JPEG; 16 MiB of metadata in segments of the greatest length are 256
MARKER = re.compile(rb"\xff([^\x00\xff])")  # how segments begin
AFTER_SCAN = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")  # the same, but for what also occurs within a scan
SCAN, END_OF_PICTURE = b"\xda", b"\xd9"
STANDALONE = bytes([0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)])  # markers that no length follows
MOST_SKIPPED = 64 * 1024  # bytes between segments before the first scan, which Pillow goes over one by one
MOST_CHUNKS = 20_000  # of a PNG; 16 MiB in the shortest chunks that encoders write are 2,000
COMPRESSED = (b"iCCP", b"zTXt", b"iTXt")  # chunks of a PNG's metadata that may be compressed
MOST_COMPRESSED = 30  # of these; each of a few kilobytes may be megabytes once inflated, and Pillow inflates all
CHUNK_BESIDE = 12  # bytes of a chunk that are not counted in its length
GIF_HEADER, GIF_FLAGS = 13, 10  # bytes; the flags tell of a palette that follows
MOST_BLOCKS = 20_000  # of a GIF before its first frame; metadata takes some hundred, or some thousand
FRAME, EXTENSION, END_OF_FILE = b",!;"
MOST_RUN_LENGTH_PIXELS = 2_000_000  # of a BMP in run-length encoding, which Pillow decodes in Python


def refuse_unusual_pieces(data: bytes) -> None:
    """Raise UnreadableImageError if ``data``, a whole file, would take unusually long to take apart for its size."""
    is_unusual_of = {JPEG: has_unusual_segments, PNG: has_unusual_chunks, GIF: has_unusual_blocks}
    if any(data.startswith(start) and is_unusual(data) for start, is_unusual in is_unusual_of.items()):
        raise UnreadableImageError(
            "The picture's file has too many pieces; save the picture again and send the new file."
        )


def has_unusual_segments(jpeg: bytes) -> bool:
    """Whether ``jpeg``, a whole file, has more segments, scans, or bytes between segments than any camera writes.

    It is walked through as a decoder does, up to the end of the picture: cameras append films.
    """
    at, skipped = len(JPEG), 0
    for count, (marker, start, end) in enumerate(segments_of(jpeg), 1):
        skipped += start - at
        if count > MOST_SEGMENTS or skipped > MOST_SKIPPED:
            return True
        if marker == SCAN:
            return has_unusual_scans(jpeg, start)
        at = end
    return skipped + len(jpeg) - at > MOST_SKIPPED


def segments_of(jpeg: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each segment of ``jpeg`` up to its first scan, that included: its marker, start and end."""
    at = len(JPEG)
    while found := MARKER.search(jpeg, at):
        at = found.end() + (0 if found[1] in STANDALONE else int.from_bytes(jpeg[found.end() : found.end() + 2]))
        yield found[1], found.start(), at
        if found[1] == SCAN:
            return


def has_unusual_scans(jpeg: bytes, first: int) -> bool:
    """Whether ``jpeg`` has more scans or segments than any camera writes; its first scan is at the byte ``first``."""
    scans = 0
    for count, (marker, _) in enumerate(segments_from_scan(jpeg, first)):
        scans += marker == SCAN
        if marker != END_OF_PICTURE and (scans > MOST_SCANS or count >= MOST_SEGMENTS):
            return True
    return False


def segments_from_scan(jpeg: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """Each segment of ``jpeg`` from the scan at the byte ``at`` to its end: its marker, and where the marker ends."""
    while found := AFTER_SCAN.search(jpeg, at):
        yield found[1], found.end()
        if found[1] == END_OF_PICTURE:
            return
        at = found.end() + int.from_bytes(jpeg[found.end() : found.end() + 2])


def has_unusual_chunks(png: bytes) -> bool:
    """Whether ``png``, a whole file, has more chunks, or more that may be compressed, than any encoder makes."""
    names = [name for name, _, _ in islice(chunks_of(png), MOST_CHUNKS + 1)]
    return len(names) > MOST_CHUNKS or sum(name in COMPRESSED for name in names) > MOST_COMPRESSED


def chunks_of(png: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk of ``png``, up to its last: its name, start and end."""
    at = len(PNG)
    while at < len(png):
        name, end = png[at + 4 : at + 8], at + CHUNK_BESIDE + int.from_bytes(png[at : at + 4])
        yield name, at, end
        if name == b"IEND":
            return
        at = end


def has_unusual_blocks(gif: bytes) -> bool:
    """Whether ``gif``, a whole file, has more blocks before its first frame than any encoder writes."""
    if len(gif) < GIF_HEADER:
        return False
    flags = gif[GIF_FLAGS]
    at = GIF_HEADER + (3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0)
    within_extension = False
    for _ in range(MOST_BLOCKS):
        if at >= len(gif):
            return False
        if within_extension:
            within_extension = gif[at] > 0
            at += 1 + gif[at]
        elif gif[at] in (FRAME, END_OF_FILE):
            return False
        else:
            within_extension = gif[at] == EXTENSION
            at += 2 if within_extension else 1
    return True


def refuse_slow_encoding(image: Image.Image) -> None:
    """Raise TooManyPixelsError if ``image``, opened but not decoded yet, is too large for its slow encoding."""
    is_run_length = bool(image.tile) and image.tile[0][0] == "bmp_rle"
    if is_run_length and image.width * image.height > MOST_RUN_LENGTH_PIXELS:
        raise TooManyPixelsError("The BMP is compressed and too large to be read that way; save it as a PNG or a JPEG.")
