"""Picture files of any format become the same pixels, or are refused with a message."""

import io
import struct
import zlib

import numpy as np
import pytest
from conftest import a_four, as_mnist, distance, encode, png
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from net.decoding import decode
from net.errors import BlankImageError, TooManyPixelsError, UnreadableImageError


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK", "YCbCr"])
def test_every_mode_gives_the_same_digit(mode: str, four: np.ndarray):
    image = a_four().convert("RGB")
    if mode == "P":
        image = image.quantize(16)
    elif mode == "I;16":
        image = image.convert("L").point(lambda tone: tone * 257, "I").convert(mode)
    else:
        image = image.convert(mode)
    data = encode(image, "JPEG" if mode in ("CMYK", "YCbCr") else "PNG")
    assert Image.open(io.BytesIO(data)).mode in (mode, "RGB")
    assert distance(four, as_mnist(data)) < 0.1


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_every_format_gives_the_same_digit(image_format: str, four: np.ndarray):
    assert distance(four, as_mnist(encode(a_four().convert("RGB"), image_format))) < 0.1


@pytest.mark.parametrize("colour", ["black", "white", "#e0e040", "#1a2f8c"])
def test_transparent_paper_is_paper(colour: str, four: np.ndarray):
    assert distance(four, as_mnist(png(a_four(ink=colour, paper="#0000")))) < 0.1


@pytest.mark.parametrize("transparent", [(0, 0, 0), (255, 255, 255)])
def test_transparency_can_be_a_colour_of_the_palette(transparent: tuple[int, int, int], four: np.ndarray):
    mask = np.asarray(a_four().convert("L")) < 128
    image = Image.fromarray(mask.astype(np.uint8)).convert("P")
    image.putpalette([*transparent, 20, 20, 20])
    assert distance(four, as_mnist(encode(image, "PNG", transparency=0))) < 0.15


@pytest.mark.parametrize(("tag", "turned"), [(3, 180), (6, 90), (8, 270)])
def test_the_orientation_tag_is_honoured(tag: int, turned: int, four: np.ndarray):
    exif = Image.Exif()
    exif[0x0112] = tag
    sideways = a_four().convert("RGB").rotate(turned)
    assert distance(four, as_mnist(encode(sideways, "JPEG", exif=exif, quality=95))) < 0.1
    assert distance(four, as_mnist(encode(sideways, "JPEG", quality=95))) > 0.4


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "I;16"])
def test_the_orientation_tag_of_a_picture_far_larger_than_needed_is_honoured(mode: str, four: np.ndarray):
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = a_four().convert("L").resize((3300, 3300)).rotate(90)
    if mode == "I;16":
        sideways = sideways.point(lambda tone: tone * 257, "I")
    assert distance(four, as_mnist(encode(sideways.convert(mode), "PNG", exif=exif))) < 0.15


def test_a_damaged_orientation_tag_is_ignored(four: np.ndarray):
    data = encode(a_four().convert("RGB"), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", quality=95)
    assert distance(four, as_mnist(data)) < 0.1


@pytest.mark.parametrize("radius", [60, 100, 140])
def test_transparent_corners_of_a_card_are_paper(radius: int, four: np.ndarray):
    card = a_four().convert("RGBA")
    round_mask = Image.new("L", card.size)
    ImageDraw.Draw(round_mask).rounded_rectangle((0, 0, card.width - 1, card.height - 1), radius, fill=255)
    for one in (card, ImageOps.invert(card.convert("RGB"))):
        one.putalpha(round_mask)
        assert distance(four, as_mnist(png(one))) < 0.1


@pytest.mark.parametrize("colour", ["gold", "#40c0ff"])
def test_the_outline_of_a_sticker_is_paper(colour: str, four: np.ndarray):
    ink = ImageOps.invert(a_four().convert("L"))
    sticker = Image.new("RGBA", ink.size, "white")
    sticker.paste(colour, mask=ink)
    sticker.putalpha(ink.filter(ImageFilter.MaxFilter(15)))
    assert distance(four, as_mnist(png(sticker))) < 0.1


@pytest.mark.parametrize("appended", [4_000_000, 8_000_000])
def test_a_film_appended_to_a_photograph_is_no_part_of_it(appended: int, four: np.ndarray):
    photograph = encode(a_four().convert("RGB"), "JPEG", progressive=True, quality=95)
    film = np.random.default_rng(1).bytes(appended)
    assert distance(four, as_mnist(photograph + film)) < 0.1


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_a_picture_far_larger_than_needed_is_made_smaller_whatever_its_mode(mode: str):
    page = Image.new(mode, (3300, 3300))
    assert decode(png(page)).size == (1650, 1650)


def test_values_that_fill_a_part_of_16_bits_only_are_scaled(four: np.ndarray):
    twelve_bits = a_four().convert("L").point(lambda tone: tone * 16, "I").convert("I;16")
    assert distance(four, as_mnist(png(twelve_bits))) < 0.1


def test_the_noise_of_a_dark_picture_of_16_bits_is_no_ink():
    noise = np.random.default_rng(1).integers(0, 4, (200, 200)).astype(np.uint16)
    with pytest.raises(BlankImageError):
        as_mnist(png(Image.fromarray(noise)))


def test_a_large_transparent_picture_is_read(four: np.ndarray):
    large = a_four(paper="#0000").resize((6000, 6000))
    assert distance(four, as_mnist(png(large))) < 0.15


def test_a_large_picture_of_16_bits_is_read_as_a_small_one_is(four: np.ndarray):
    large = a_four().convert("L").resize((6000, 6000)).point(lambda tone: tone * 257, "I").convert("I;16")
    assert distance(four, as_mnist(png(large))) < 0.15


@pytest.mark.parametrize(("length", "bits"), [(3000, 8), (3000, 16), (65_535, 16)])
def test_a_strip_of_one_pixel_is_read_without_harm(length: int, bits: int):
    strip = np.full((1, length), 2**bits - 1, np.uint8 if bits == 8 else np.uint16)
    strip[0, length // 3 : length // 2] = 0
    assert as_mnist(png(Image.fromarray(strip))).max() == 255


@pytest.mark.parametrize("cut", [0, 1, 10, 60, 400])
def test_a_file_that_is_cut_off_or_no_picture_is_unreadable(cut: int):
    for data in (png(a_four())[:cut], encode(a_four().convert("RGB"), "JPEG")[:cut], b"%PDF-1.7 " * cut):
        with pytest.raises(UnreadableImageError):
            as_mnist(data)


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def png_with(*chunks: bytes) -> bytes:
    """A PNG of a 4 with ``chunks`` after its header."""
    file = png(a_four())
    return file[:33] + b"".join(chunks) + file[33:]


MIB = 1024 * 1024
PROFILE = chunk(b"iCCP", b"scanner\0\0" + zlib.compress(bytes(2 * MIB), 9))
TEXT = chunk(b"zTXt", b"drawing\0\0" + zlib.compress(bytes(2 * MIB), 9))
JPEG = encode(a_four().convert("RGB"), "JPEG")
GIF = encode(a_four().quantize(16), "GIF")
AFTER_PALETTE = 13 + 3 * 2 ** (GIF[10] % 8 + 1)
PIECES = {
    "fill bytes": lambda: JPEG[:2] + b"\xff" * (16 * MIB) + b"\0" + JPEG[2:],
    "fill bytes before a segment": lambda: JPEG[:2] + b"\xff" * (16 * MIB) + JPEG[2:],
    "escaped fill bytes": lambda: JPEG[:2] + b"\xff\0" * (8 * MIB) + JPEG[2:],
    "restarts": lambda: JPEG[:2] + b"\xff\xd0" * (8 * MIB) + JPEG[2:],
    "short runs": lambda: JPEG[:2] + (b"\xff" * 63 + b"\0") * (MIB // 4) + JPEG[2:],
    "nothing that is a segment": lambda: JPEG[:2] + b"\0" * (16 * MIB) + JPEG[2:],
    "nothing that is a segment, after an end": lambda: (
        JPEG[:2] + b"\xff\xd9" + (b"\xff\xd8\xff\xff" + bytes(65_000)) * 250 + JPEG[2:]
    ),
    "nothing at all": lambda: JPEG[:2] + bytes(16 * MIB),
    "segments": lambda: JPEG[:2] + b"\xff\xe0\0\2" * (4 * MIB) + JPEG[2:],
    "chunks": lambda: png_with(chunk(b"teXt", b"") * MIB),
    "compressed profiles": lambda: png_with(PROFILE * 1000),
    "compressed texts, cut off": lambda: png_with(chunk(b"zTXt", TEXT[8:-8]) * 1000),
    "blocks": lambda: GIF[:AFTER_PALETTE] + b"!\xfe" + b"\1a" * (4 * MIB) + b"\0" + GIF[AFTER_PALETTE:],
    "blocks behind a palette of commas": lambda: (
        GIF[:13] + b"," * (AFTER_PALETTE - 13) + b"!\xfe" + b"\1a" * (4 * MIB) + b"\0" + GIF[AFTER_PALETTE:]
    ),
    "nothing that is a block": lambda: GIF[:AFTER_PALETTE] + b"\0" * (16 * MIB) + GIF[AFTER_PALETTE:],
}


@pytest.mark.parametrize("progressive", [False, True])
def test_of_large_files_that_must_be_held_whole_one_is_decoded_at_a_time(
    monkeypatch: pytest.MonkeyPatch, progressive: bool
):
    class Counted:
        entered = 0

        def __enter__(self) -> None:
            self.entered += 1

        def __exit__(self, *_) -> None:
            pass

    counted = Counted()
    monkeypatch.setattr("net.decoding.one_large_at_a_time", counted)
    photograph = Image.new("RGB", (3000, 3000), "white")
    photograph.paste("black", (1000, 1000, 1200, 2000))
    decode(encode(photograph, "JPEG", progressive=progressive))
    assert counted.entered == progressive


@pytest.mark.parametrize("what", PIECES)
def test_a_file_in_so_many_pieces_that_it_would_take_minutes_is_refused(what: str):
    with pytest.raises(UnreadableImageError, match="pieces"):
        as_mnist(PIECES[what]())


def test_a_file_in_as_many_pieces_as_programs_write_is_read(four: np.ndarray):
    pixels = np.asarray(a_four().convert("L"))
    content = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels), 0)
    header = chunk(b"IHDR", bytes([*pixels.shape[1].to_bytes(4), *pixels.shape[0].to_bytes(4), 8, 0, 0, 0, 0]))
    in_short_chunks = b"".join(chunk(b"IDAT", content[at : at + 64]) for at in range(0, len(content), 64))
    for data in (
        b"\x89PNG\r\n\x1a\n" + header + in_short_chunks + chunk(b"IEND", b""),
        png_with(PROFILE, TEXT * 10),
        JPEG[:2] + b"\xff" * 1000 + JPEG[2:],
        JPEG[:-2] + b"\xff" * 100_000 + JPEG[-2:],
        JPEG + b"\xff" * MIB,
        GIF[:AFTER_PALETTE] + b"!\xfe" + b"\1a" * 200 + b"\0" + GIF[AFTER_PALETTE:],
    ):
        assert distance(four, as_mnist(data)) < 0.1


def test_formats_that_were_not_promised_are_refused():
    with pytest.raises(UnreadableImageError):
        as_mnist(encode(a_four().convert("RGB"), "TIFF"))


def test_a_line_of_millions_of_pixels_is_refused():
    for size in ((1, 40_000_000), (40_000_000, 1)):
        with pytest.raises(TooManyPixelsError, match="side"):
            as_mnist(png(Image.new("P", size)))


def run_length_bmp(side: int) -> bytes:
    """A run-length encoded BMP, ``side`` pixels square, with a black pixel in each row."""
    rows = b"\1\1\0\0" * side + b"\0\1"
    begins = 54 + 256 * 4
    palette = b"\xff\xff\xff\0" + b"\0\0\0\0" * 255
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(rows), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", begins + len(rows), 0, 0, begins) + info + palette + rows


def test_a_large_bmp_in_run_length_encoding_is_refused():
    assert as_mnist(run_length_bmp(300)).max() == 255
    with pytest.raises(TooManyPixelsError, match="BMP"):
        as_mnist(run_length_bmp(7000))


def test_whoever_runs_it_may_allow_larger_pictures_than_pillow_would():
    cut_off = png(Image.new("1", (20_000, 10_000)))[:100]
    with pytest.raises(UnreadableImageError):
        decode(cut_off, max_pixels=300_000_000)
    with pytest.raises(TooManyPixelsError, match="199 million"):
        decode(cut_off, max_pixels=199_000_000)


def test_too_many_pixels_are_refused_before_they_are_decoded():
    with pytest.raises(TooManyPixelsError, match="pixels"):
        as_mnist(png(Image.new("1", (10_000, 5_001))))
