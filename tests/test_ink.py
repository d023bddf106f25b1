"""Any picture becomes what MNIST would have made of it."""

import io

import handwriting
import numpy as np
import pytest
from conftest import as_mnist, encode, png
from PIL import Image, ImageChops, ImageDraw, ImageOps

from net.errors import BlankImageError, TooManyPixelsError, UnreadableImageError
from net.fitting import without_hairlines
from train import mnist

INK_BLUE, CREAM = "#1a2f8c", "#f6efd9"


def a_four(**how) -> Image.Image:
    return handwriting.render(handwriting.by_hand(4, seed=3), **how)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """How much of the ink of one 28 x 28 picture lies elsewhere in the other, best moved by at most a pixel.

    MNIST's digits were moved by whole pixels, so half a pixel's difference may become a whole one.
    """
    one, other = one.astype(float), other.astype(float)
    moved = [np.roll(other, (down, right), axis=(0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return round(min(np.abs(one - each).sum() for each in moved) / one.sum(), 4)


@pytest.fixture(scope="module")
def four() -> np.ndarray:
    return as_mnist(png(a_four()))


def test_a_digit_fills_a_box_of_20_with_its_centre_of_mass_in_the_middle():
    for digit in range(10):
        seen = as_mnist(png(handwriting.render(handwriting.by_hand(digit, seed=1))))
        assert (seen.shape, seen.dtype, seen.max()) == ((28, 28), np.uint8, 255)
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
        mass = seen.astype(float)
        centre = [(mass.sum(axis=1 - axis) * np.arange(28)).sum() / mass.sum() for axis in (0, 1)]
        assert centre == pytest.approx([14, 14], abs=0.5)


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


@pytest.mark.parametrize(
    ("colour", "paper"),
    [
        ("white", "black"),
        (INK_BLUE, CREAM),
        (CREAM, INK_BLUE),
        ("#c02020", "#101010"),
        ("#909090", "white"),
        ("red", "lime"),
    ],
)
def test_ink_may_be_darker_or_lighter_than_the_paper_and_of_any_colour(colour: str, paper: str, four: np.ndarray):
    assert distance(four, as_mnist(png(a_four(ink=colour, paper=paper)))) < 0.05


@pytest.mark.parametrize("colour", ["black", "white", "#e0e040", INK_BLUE])
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


def test_a_damaged_orientation_tag_is_ignored(four: np.ndarray):
    data = encode(a_four().convert("RGB"), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", quality=95)
    assert distance(four, as_mnist(data)) < 0.1


@pytest.mark.parametrize(("size", "nearly"), [(28, 0.5), (56, 0.2), (112, 0.1), (560, 0.1), (1500, 0.1), (4000, 0.1)])
def test_size_makes_no_difference(size: int, nearly: float, four: np.ndarray):
    assert distance(four, as_mnist(png(a_four(size=280).resize((size, size), Image.Resampling.LANCZOS)))) < nearly


def test_place_makes_no_difference(four: np.ndarray):
    small = a_four(size=140).convert("L")
    for place in ((0, 0), (5, 300), (300, 60), (359, 359)):
        page = Image.new("L", (500, 500), 255)
        page.paste(small, place)
        assert distance(four, as_mnist(png(page))) < 0.15


def test_a_small_digit_on_a_large_photograph_is_looked_at_closely(four: np.ndarray):
    page = Image.new("RGB", (4000, 3000), CREAM)
    page.paste(a_four(size=280, ink=INK_BLUE, paper=CREAM).convert("RGB"), (2900, 400))
    assert distance(four, as_mnist(encode(page, "JPEG", quality=90))) < 0.2


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("size", [200, 203, 250])  # even and odd, as is the width of what is taken for a stroke
def test_the_edge_of_a_sharp_shadow_is_no_ink_whichever_side_it_falls_from(size: int, turns: int):
    lit = np.asarray(a_four(size=size, paper=CREAM).convert("RGB"))
    shaded = np.rot90(lit, turns).copy()
    shaded[:, size // 2 :] = shaded[:, size // 2 :] * 0.6
    seen = as_mnist(png(Image.fromarray(np.ascontiguousarray(np.rot90(shaded, -turns)))))
    assert distance(as_mnist(png(Image.fromarray(lit))), seen) < 0.05


def test_uneven_light_specks_and_a_line_at_the_rim_are_not_ink(four: np.ndarray):
    paper = handwriting.lit_paper(400, seed=4)
    for place in ((30, 40), (360, 350), (200, 385)):
        paper.paste((60, 50, 40), (*place, place[0] + 4, place[1] + 4))
    paper.paste((90, 60, 60), (0, 0, 3, 400))
    assert distance(four, as_mnist(png(a_four(size=400, ink=INK_BLUE, paper=paper)))) < 0.15


@pytest.mark.parametrize("pen", [0.03, 0.08, 0.12, 0.15])
@pytest.mark.parametrize(("colour", "paper"), [("black", "white"), ("white", "black")])
def test_a_picture_may_be_cropped_to_the_ink(pen: float, colour: str, paper: str):
    for digit in range(10):
        whole = handwriting.render(handwriting.by_hand(digit, seed=4), pen=pen, ink=colour, paper=paper).convert("L")
        box = ImageChops.difference(whole, Image.new("L", whole.size, paper)).getbbox()
        assert distance(as_mnist(png(whole)), as_mnist(png(whole.crop(box)))) < 0.15


@pytest.mark.parametrize(("size", "width"), [(280, 1), (280, 3), (280, 20), (100, 3), (100, 8)])
def test_a_frame_around_the_picture_is_not_ink(size: int, width: int):
    for digit in range(10):
        plain = handwriting.render(handwriting.by_hand(digit, seed=3), size=size).convert("L")
        framed = ImageOps.expand(plain.crop((width, width, size - width, size - width)), width, 0)
        assert distance(as_mnist(png(plain)), as_mnist(png(framed))) < 0.15


@pytest.mark.parametrize("radius", [60, 100, 140])
def test_transparent_corners_of_a_card_are_paper(radius: int, four: np.ndarray):
    card = a_four().convert("RGBA")
    round_mask = Image.new("L", card.size)
    ImageDraw.Draw(round_mask).rounded_rectangle((0, 0, card.width - 1, card.height - 1), radius, fill=255)
    for one in (card, ImageOps.invert(card.convert("RGB"))):
        one.putalpha(round_mask)
        assert distance(four, as_mnist(png(one))) < 0.1


@pytest.mark.parametrize("appended", [4_000_000, 8_000_000])
def test_a_film_appended_to_a_photograph_is_no_part_of_it(appended: int, four: np.ndarray):
    photograph = encode(a_four().convert("RGB"), "JPEG", progressive=True, quality=95)
    film = np.random.default_rng(1).bytes(appended)
    assert distance(four, as_mnist(photograph + film)) < 0.1


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


def test_mnist_was_made_as_the_module_says(mnist_root):
    images = mnist.load(mnist_root, train=True).images.numpy().astype(np.float64)
    longer_sides = np.zeros(len(images), int)
    for axis in (1, 2):
        has_ink = images.any(axis=axis)
        longer_sides = np.maximum(longer_sides, 28 - has_ink.argmax(1) - has_ink[:, ::-1].argmax(1))
        mass = images.sum(axis=axis)
        centres = (mass * np.arange(28)).sum(1) / mass.sum(1)
        assert (np.abs(centres - 14) > 0.5).sum() <= 1
    assert longer_sides.max() == 20
    assert (longer_sides < 20).sum() == 13


def test_no_digit_of_mnist_is_a_hairline(mnist_root):
    for image in mnist.load(mnist_root, train=True).images[::20].numpy():
        cropped = Image.fromarray(image).crop(Image.fromarray(image).getbbox())
        digit = np.asarray(cropped, np.float32) / 255
        assert without_hairlines(digit) is digit


def test_mnist_digits_cropped_to_their_ink_come_back(mnist_root):
    digits = mnist.load_test_digits(mnist_root).images[:300].numpy()
    cropped = [(image, Image.fromarray(image).crop(Image.fromarray(image).getbbox())) for image in digits]
    far = sum(distance(image, as_mnist(png(crop))) > 0.2 for image, crop in cropped)
    assert far <= 0.07 * len(cropped), "a bar cropped to itself has no paper left to tell it by"


@pytest.mark.parametrize("pen", [0.002, 0.004, 0.01, 0.02])
def test_a_hairline_comes_as_a_pen_does_that_is_a_pixel_wide_in_the_box(pen: float):
    for digit in range(10):
        strokes = handwriting.by_hand(digit, seed=3)
        a_pixel_wide = handwriting.render(strokes, size=1000, pen=0.75 / 20)
        hairline = handwriting.render(strokes, size=1000, pen=pen)
        assert distance(as_mnist(png(a_pixel_wide)), as_mnist(png(hairline))) < 0.2


def test_a_digit_in_a_printed_box_comes_without_the_box(four: np.ndarray):
    page = ImageOps.expand(a_four().convert("RGB"), 60, "white")
    ImageDraw.Draw(page).rectangle((50, 50, page.width - 50, page.height - 50), outline="black", width=3)
    assert distance(four, as_mnist(png(page))) < 0.1


@pytest.mark.parametrize("ground", ["#1e1e1e", "#282c44", "#963030", "#808080", "#e0e0e0"])
@pytest.mark.parametrize("is_inverted", [False, True])
def test_the_pad_in_a_picture_of_a_screen_comes_without_the_screen(ground: str, is_inverted: bool, four: np.ndarray):
    pad = a_four().convert("RGB")
    screen = Image.new("RGB", (3 * pad.width, 2 * pad.height), ground)
    screen.paste(ImageOps.invert(pad) if is_inverted else pad, (150, 90))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((149, 89, 150 + pad.width, 90 + pad.height), outline="#777777")
    draw.text((150, 20), "Draw a digit", fill="#777777", font_size=30)
    for left in (150, 300):
        draw.rounded_rectangle((left, 110 + pad.height, left + 110, 150 + pad.height), 8, fill="#3060d0")
    assert distance(four, as_mnist(png(screen))) < 0.1


@pytest.mark.parametrize("ground", ["#3c3732", "#963030", "black"])
@pytest.mark.parametrize("part", [0.55, 0.65, 0.8])
def test_the_page_is_paper_though_the_other_half_of_the_picture_is_a_table(ground: str, part: float, four: np.ndarray):
    page = a_four().convert("RGB")
    table = Image.new("RGB", (round(page.width / part), page.height), ground)
    table.paste(page, (0, 0))
    assert distance(four, as_mnist(png(table))) < 0.1


def test_every_part_of_a_digit_stays():
    body, hat = handwriting.by_hand(5, seed=2)
    lifted = [[(x, y - 0.05) for x, y in hat]]
    whole = as_mnist(png(handwriting.render([body, *lifted], pen=0.03)))
    assert whole[4:7].max() > 128, "the hat of a 5 that lies apart is still there"


@pytest.mark.parametrize("paper", ["white", "black", "#0000", CREAM, "grain"])
def test_a_picture_without_ink_is_blank(paper: str):
    blank = handwriting.lit_paper(200) if paper == "grain" else Image.new("RGBA", (200, 200), paper)
    with pytest.raises(BlankImageError):
        as_mnist(png(blank))


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (28, 28)])
def test_all_ink_is_as_blank_as_none(size: tuple[int, int]):
    with pytest.raises(BlankImageError):
        as_mnist(png(Image.new("L", size, 0)))


@pytest.mark.parametrize(("length", "bits"), [(3000, 8), (3000, 16), (26_000_000, 16)])
def test_a_strip_of_one_pixel_is_read_without_harm(length: int, bits: int):
    strip = np.full((1, length), 2**bits - 1, np.uint8 if bits == 8 else np.uint16)
    strip[0, length // 3 : length // 2] = 0
    assert as_mnist(png(Image.fromarray(strip))).max() == 255


@pytest.mark.parametrize("cut", [0, 1, 10, 60, 400])
def test_a_file_that_is_cut_off_or_no_picture_is_unreadable(cut: int):
    for data in (png(a_four())[:cut], encode(a_four().convert("RGB"), "JPEG")[:cut], b"%PDF-1.7 " * cut):
        with pytest.raises(UnreadableImageError):
            as_mnist(data)


def test_formats_that_were_not_promised_are_refused():
    with pytest.raises(UnreadableImageError):
        as_mnist(encode(a_four().convert("RGB"), "TIFF"))


def test_too_many_pixels_are_refused_before_they_are_decoded():
    with pytest.raises(TooManyPixelsError, match="pixels"):
        as_mnist(png(Image.new("1", (10_000, 5_001))))


def test_what_was_normalized_once_comes_back_as_it_is(four: np.ndarray):
    assert distance(four, as_mnist(png(Image.fromarray(four)))) < 0.01


@pytest.mark.parametrize(
    ("scale", "nearly"), [(1, 0.01), (2, 0.03), (5, 0.04), (10, 0.04), (1.5, 0.12), (2.5, 0.12), (3.7, 0.12)]
)
def test_mnist_digits_come_back_as_they_went_in_wherever_and_however_large_they_are_pasted(
    scale: float, nearly: float, mnist_root
):
    images = mnist.load_test_digits(mnist_root).images[:300].numpy()
    side = round(28 * scale)
    rng = np.random.default_rng(5)
    distances = []
    for image in images:
        page = Image.new("L", (side * 2, side * 2))
        enlarged = Image.fromarray(image).resize((side, side), Image.Resampling.BOX)
        page.paste(enlarged, tuple(rng.integers(0, side, 2).tolist()))
        distances.append(distance(image, as_mnist(png(page))))
    assert np.median(distances) < nearly
    assert np.quantile(distances, 0.95) < nearly + 0.2
