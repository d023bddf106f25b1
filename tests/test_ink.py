"""In any picture the ink is found, and nothing else."""

import handwriting
import numpy as np
import pytest
from conftest import a_four, as_mnist, distance, encode, png
from PIL import Image, ImageChops, ImageDraw, ImageOps

from net.errors import BlankImageError
from train import mnist

INK_BLUE, CREAM = "#1a2f8c", "#f6efd9"


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
@pytest.mark.parametrize("size", [200, 203, 206])  # even and odd, and the widest stroke, in pixels, even and odd too
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
    assert whole[4:7].max() > 128, "the detached hat of the 5 must stay"


@pytest.mark.parametrize("paper", ["white", "black", "#0000", CREAM, "grain"])
def test_a_picture_without_ink_is_blank(paper: str):
    blank = handwriting.lit_paper(200) if paper == "grain" else Image.new("RGBA", (200, 200), paper)
    with pytest.raises(BlankImageError):
        as_mnist(png(blank))


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (28, 28)])
def test_all_ink_is_as_blank_as_none(size: tuple[int, int]):
    with pytest.raises(BlankImageError):
        as_mnist(png(Image.new("L", size, 0)))


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
