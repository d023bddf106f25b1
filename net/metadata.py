"""Picture files without the metadata that tells where, when and by whom they were made."""

import zlib
from io import BytesIO

from PIL import ExifTags, Image

from net.containers import END_OF_PICTURE, JPEG, PNG, SCAN, chunks_of, segments_from_scan, segments_of

EXIF = b"Exif\x00\x00"  # how it begins in a JPEG
APPLICATION_SEGMENTS = bytes([*range(0xE0, 0xF0), 0xFE])  # what programs add to a JPEG, and comments
# Those without which colours would change, and how they begin: others of these numbers hold anything, such as a
# thumbnail of what was cropped away.
KEPT_SEGMENTS = {b"\xe0": b"JFIF\0", b"\xe2": b"ICC_PROFILE\0", b"\xee": b"Adobe"}
# Of a PNG and a WebP: pixels, frames, and what their colours mean. Any other may name its author.
KEPT_PNG_CHUNKS = b"IHDR PLTE tRNS cHRM gAMA iCCP sBIT sRGB cICP acTL fcTL IDAT fdAT IEND".split()
KEPT_WEBP_CHUNKS = (b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L")
SEGMENT_HEADER = 4  # bytes of a JPEG's segment before its content
RIFF_HEADER, RIFF_CHUNK = 12, 8  # bytes before the first chunk of a WebP, and bytes of a chunk before its content
HOLDS_EXIF, HOLDS_XMP = 0x08, 0x04  # in the first byte of the chunk that tells what a WebP holds


def without_metadata(data: bytes) -> bytes:
    """The JPEG, PNG or WebP file ``data``, which can be decoded, without its metadata except its orientation.

    Its compressed pixels stay as they are. Other files are returned unchanged.
    """
    if data.startswith(JPEG):
        return jpeg_without(data, upright_by(data))
    if data.startswith(PNG):
        return png_without(data, upright_by(data))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return webp_without(data, upright_by(data))
    return data


def upright_by(data: bytes) -> bytes:
    """EXIF that holds only the orientation of the picture file ``data``; empty if it is upright or damaged."""
    if data.startswith(PNG):  # without its pixels, which Pillow would decode to see whether EXIF follows them
        data = PNG + b"".join(data[start:end] for name, start, end in chunks_of(data) if name != b"IDAT")
    try:
        orientation = Image.Image.getexif(Image.open(BytesIO(data))).get(ExifTags.Base.Orientation, 1)
    except Exception:  # the picture was read as it stands all the same
        return b""
    if orientation not in range(2, 9):
        return b""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif.tobytes()


def jpeg_without(jpeg: bytes, exif: bytes) -> bytes:
    """``jpeg`` with ``exif`` in place of its metadata and comments, and without what follows its end, as a film may."""
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif
    kept = [JPEG, segment if exif else b""]
    for marker, start, end in segments_of(jpeg):
        if marker == SCAN:
            ends = (at for marker, at in segments_from_scan(jpeg, start) if marker == END_OF_PICTURE)
            return b"".join([*kept, jpeg[start : next(ends, len(jpeg))]])
        begins = KEPT_SEGMENTS.get(marker)
        if marker not in APPLICATION_SEGMENTS or (begins and jpeg.startswith(begins, start + SEGMENT_HEADER)):
            kept.append(jpeg[start:end])
    return jpeg


def png_without(png: bytes, exif: bytes) -> bytes:
    """``png`` with ``exif`` in place of its metadata, and without what follows its end."""
    kept = [PNG]
    for name, start, end in chunks_of(png):
        if name in KEPT_PNG_CHUNKS:
            kept.append(png[start:end])
        if name == b"IHDR" and exif:
            kept.append(png_chunk(b"eXIf", exif.removeprefix(EXIF)))
    return b"".join(kept)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """A PNG chunk called ``name`` that holds ``content``."""
    return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)


def webp_without(webp: bytes, exif: bytes) -> bytes:
    """``webp`` with ``exif`` in place of its metadata, and without what follows its end."""
    end_of_file = min(len(webp), RIFF_CHUNK + int.from_bytes(webp[4:8], "little"))
    kept, at = [], RIFF_HEADER
    while at < end_of_file:
        name, length = webp[at : at + 4], int.from_bytes(webp[at + 4 : at + RIFF_CHUNK], "little")
        chunk = webp[at : at + RIFF_CHUNK + length + length % 2]
        at += len(chunk)
        if name == b"VP8X":
            flags = chunk[RIFF_CHUNK] & ~(HOLDS_EXIF | HOLDS_XMP) | (HOLDS_EXIF if exif else 0)
            chunk = chunk[:RIFF_CHUNK] + bytes([flags]) + chunk[RIFF_CHUNK + 1 :]
        if name in KEPT_WEBP_CHUNKS:
            kept.append(chunk)
    if exif:
        content = exif.removeprefix(EXIF)
        kept.append(b"EXIF" + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2))
    body = b"".join(kept)
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body
