"""Digits on paper as in careless photographs: with shadows, lines, coloured ink, blur, noise, tilt, and in any size.

Also with other things in the picture: the table, a form, printed words, other digits, the pen.

python tests/hard_pictures.py DIR        # writes DIR/<digit>/<hardship>-<number>.jpg, for train.evaluate --images
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from handwriting import Stroke, by_hand, folder_to_fill, trace
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Page = NDArray[np.float32]  # [H, W, 3], 0 to 255
GRAIN = 2  # of 255, the standard deviation of the noise that every camera has
BLUE, RED, PENCIL, BLACK = (34, 54, 140), (178, 34, 42), (104, 104, 110), (28, 28, 32)


@dataclass
class Shot:
    """The settings of one photograph. Lengths are fractions of its shorter side."""

    rng: random.Random
    width: int = 640
    height: int = 480
    ink: tuple[int, int, int] = BLACK
    paper: tuple[int, int, int] = (232, 230, 224)
    pen: float = 0.035
    digit_height: float = 0.6
    tilt: float = 0.0  # degrees
    wander: float = 0.5  # how far from the middle of the page the digit may be, as a fraction of the free space
    quality: int = 85
    before_ink: list[Callable[[Page], Page]] = field(default_factory=list)  # changes to the empty paper
    after_ink: list[Callable[[Page], Page]] = field(default_factory=list)  # effects of light and lens


def shadow(shot: Shot) -> None:
    """The shadow of a hand or a phone falls across the page."""
    angle, depth = shot.rng.uniform(0, 2 * math.pi), shot.rng.uniform(0.5, 0.75)
    soft = shot.rng.uniform(0.01, 0.1)
    at = shot.rng.uniform(-0.3, 0.3)

    def fall(page: Page) -> Page:
        x, y = coordinates(page)
        beyond = (np.tanh((x * math.cos(angle) + y * math.sin(angle) - at) / (soft / 2)) + 1) / 2
        return page * (1 - (1 - depth) * beyond)[..., None]

    shot.after_ink.append(fall)


def yellow_light(shot: Shot) -> None:
    """A yellowish lamp at one side."""
    angle, depth = shot.rng.uniform(0, 2 * math.pi), shot.rng.uniform(0.2, 0.5)

    def shine(page: Page) -> Page:
        x, y = coordinates(page)
        away = (x * math.cos(angle) + y * math.sin(angle) + 0.7) / 1.4
        return page * (1 - depth * away)[..., None] * np.array([1, 0.93, 0.68], np.float32)

    shot.after_ink.append(shine)


def ruled_paper(shot: Shot) -> None:
    """A page of a ruled exercise book."""
    shot.before_ink.append(lambda page: with_lines(page, shot, upright=False))


def squared_paper(shot: Shot) -> None:
    """A page of an exercise book with squares."""
    shot.before_ink.append(lambda page: with_lines(with_lines(page, shot, upright=False), shot, upright=True))


def with_lines(page: Page, shot: Shot, *, upright: bool, colour: tuple[int, int, int] = (165, 185, 215)) -> Page:
    """``page`` with lines, by default fainter than the ink."""
    short = min(page.shape[:2])
    gap = max(8, int(short * shot.rng.uniform(0.09, 0.2)))
    thick = max(1, round(short * 0.004))
    first = shot.rng.randrange(gap)
    page = page.copy()
    lines = page.transpose(1, 0, 2) if upright else page
    for start in range(first, lines.shape[0], gap):
        lines[start : start + thick] = colour
    return page


def coloured_ink(shot: Shot) -> None:
    """A blue or a red ballpoint."""
    shot.ink = shot.rng.choice((BLUE, RED))
    shot.pen = shot.rng.uniform(0.02, 0.04)


def pencil(shot: Shot) -> None:
    """A pencil, thin and grey."""
    shot.ink = PENCIL
    shot.pen = shot.rng.uniform(0.015, 0.03)


def black_border(shot: Shot) -> None:
    """The lid of the scanner, or the table around the sheet."""

    def frame(page: Page) -> Page:
        page = page.copy()
        edge = max(2, int(min(page.shape[:2]) * shot.rng.uniform(0.01, 0.06)))
        dark = shot.rng.uniform(5, 40)
        page[:edge], page[-edge:], page[:, :edge], page[:, -edge:] = dark, dark, dark, dark
        return page

    shot.digit_height = 0.5
    shot.after_ink.append(frame)


def coarse_jpeg(shot: Shot) -> None:
    """Strongly compressed, as by a messenger."""
    shot.quality = 30


def blurred(shot: Shot) -> None:
    """Out of focus."""
    radius = min(shot.width, shot.height) * shot.rng.uniform(0.005, 0.012)

    def blur(page: Page) -> Page:
        picture = Image.fromarray(page.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
        return np.asarray(picture, np.float32)

    shot.after_ink.append(blur)


def noisy(shot: Shot) -> None:
    """Noisy, as in the dark."""
    sigma = shot.rng.uniform(8, 20)
    grain = np.random.default_rng(shot.rng.randrange(2**32))
    shot.after_ink.append(lambda page: page + grain.normal(0, sigma, page.shape).astype(np.float32))


def tilted(shot: Shot) -> None:
    """Tilted, as the page was not straight."""
    shot.tilt = shot.rng.uniform(8, 20) * shot.rng.choice((-1, 1))


def tiny(shot: Shot) -> None:
    """A thumbnail."""
    shot.width = shot.height = 50
    shot.pen, shot.digit_height = 0.06, 0.75


def huge(shot: Shot) -> None:
    """Twelve million pixels."""
    shot.width, shot.height = 4000, 3000
    shot.digit_height = shot.rng.uniform(0.2, 0.6)
    shot.pen = shot.digit_height * 0.06


def marker(shot: Shot) -> None:
    """A bold marker, and a digit that is small on the page, under a lamp at one side."""
    shot.width, shot.height = 1600, 1200
    shot.digit_height = shot.rng.uniform(0.25, 0.4)
    shot.pen = shot.digit_height * shot.rng.uniform(0.12, 0.2)
    yellow_light(shot)


def cut_out(shot: Shot) -> None:
    """Written with a bold marker, and the photograph is cropped closely to the digit."""
    shot.pen = shot.digit_height * shot.rng.uniform(0.1, 0.17)
    margin = shot.rng.uniform(0.01, 0.2)

    def cut(page: Page) -> Page:
        contrast = np.abs(np.subtract(shot.ink, shot.paper)).max()
        rows, columns = np.nonzero(np.abs(page - np.float32(shot.paper)).max(axis=2) > contrast / 2)
        around = round(margin * np.ptp(rows))
        return page[
            max(0, rows.min() - around) : rows.max() + around + 1,
            max(0, columns.min() - around) : columns.max() + around + 1,
        ]

    shot.after_ink.append(cut)
    yellow_light(shot)


def on_a_table(shot: Shot) -> None:
    """A slip of paper lies on the table, and the table is in the picture."""
    slip_on(shot, wood)


def sticky_note(shot: Shot) -> None:
    """A coloured note on dark cloth, whose folds darken it as much as ink would."""
    shot.paper = shot.rng.choice(((250, 235, 110), (255, 170, 190), (170, 230, 160)))
    slip_on(shot, dark_cloth)


def slip_on(shot: Shot, ground: Callable[[Page, Shot], Page]) -> None:
    """The page is a small sheet on the background ``ground``."""
    middle_of_the_page(shot)
    turn = math.radians(shot.rng.uniform(-12, 12))
    half_width, half_height = shot.rng.uniform(0.24, 0.4), shot.rng.uniform(0.3, 0.42)

    def lie(page: Page) -> Page:
        x, y = coordinates(page)
        x = x * page.shape[1] / page.shape[0]
        along, down = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
        beyond = np.maximum(abs(along) - half_width * page.shape[1] / page.shape[0], abs(down) - half_height)
        return with_ground(page, beyond, ground(page, shot))

    shot.after_ink.append(lie)


def edge_of_the_table(shot: Shot) -> None:
    """The sheet ends within the picture, at one side."""
    middle_of_the_page(shot)
    angle, far = shot.rng.uniform(0, 2 * math.pi), shot.rng.uniform(0.36, 0.44)

    def end(page: Page) -> Page:
        x, y = coordinates(page)
        return with_ground(page, x * math.cos(angle) + y * math.sin(angle) - far, wood(page, shot))

    shot.after_ink.append(end)


def with_ground(page: Page, beyond: Page, ground: Page) -> Page:
    """The ``page`` where ``beyond``, [H, W], is negative; elsewhere ``ground``, with the sheet's shadow at the edge."""
    in_shadow = 1 - 0.35 * np.exp(-np.maximum(beyond, 0) / 0.02)[..., None]
    return np.where(beyond[..., None] < 0, page, ground * in_shadow).astype(np.float32)


def wood(page: Page, shot: Shot) -> Page:
    """A wooden table under ``page``: float [H, 1, 3]."""
    grain = np.random.default_rng(shot.rng.randrange(2**32)).normal(0, 9, (page.shape[0], 1, 1))
    return np.array(shot.rng.choice(((120, 82, 52), (70, 60, 55), (170, 130, 90), (40, 40, 44)))) + grain


def dark_cloth(page: Page, shot: Shot) -> Page:
    """Black cloth with folds under ``page``: float [H, W, 1]."""
    folds = np.random.default_rng(shot.rng.randrange(2**32)).normal(30, 7, (9, 12)).astype(np.float32)
    height, width = page.shape[:2]
    return np.asarray(Image.fromarray(folds).resize((width, height), Image.Resampling.BICUBIC))[..., None]


def middle_of_the_page(shot: Shot) -> None:
    """The digit is small and central, to leave space for other things."""
    shot.digit_height, shot.wander = shot.rng.uniform(0.3, 0.45), 0.05
    shot.pen = shot.digit_height * shot.rng.uniform(0.05, 0.09)


def printed_words(shot: Shot) -> None:
    """Lines of print above and below the digit."""
    middle_of_the_page(shot)

    def print_words(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        letter = height // 40
        for line in [*range(letter, height // 6, 2 * letter), *range(height - height // 6, height, 2 * letter)]:
            for column in range(letter, width - letter, letter):
                if shot.rng.random() < 0.8:
                    ends = [(column + shot.rng.uniform(0, 0.7) * letter, line + side * letter) for side in (0, 1)]
                    draw.line(ends, (50, 50, 50), max(1, letter // 4))

    shot.before_ink.append(lambda page: with_drawing(page, print_words))


def other_digits(shot: Shot) -> None:
    """Smaller digits are written at the edges of the page."""
    middle_of_the_page(shot)

    def write_them(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        size = 0.4 * shot.digit_height * height
        for column, row in ((0.07, 0.2), (0.93, 0.35), (0.92, 0.8)):
            strokes = by_hand(shot.rng.randrange(10), shot.rng.randrange(10**6))
            mask = Image.new("1", (width, height))
            write(ImageDraw.Draw(mask), strokes, (column * width, row * height), size, shot.pen * height / 4, 0)
            draw.bitmap((0, 0), mask, shot.ink)

    shot.before_ink.append(lambda page: with_drawing(page, write_them))


def spiral_holes(shot: Shot) -> None:
    """Holes of a page torn from a spiral pad."""
    middle_of_the_page(shot)

    def punch(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        side = height // 28
        for left in range(side, width, 2 * side):
            draw.rectangle((left, side // 2, left + side, 3 * side // 2), (50, 45, 45))

    shot.before_ink.append(lambda page: with_drawing(page, punch))


def printed_box(shot: Shot) -> None:
    """In a printed box of a form."""
    middle_of_the_page(shot)
    colour = shot.rng.choice(((60, 60, 60), (200, 80, 80), (90, 120, 180)))

    def print_box(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        half = shot.digit_height * height * 0.75
        corners = (width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half)
        draw.rectangle(corners, outline=colour, width=max(2, height // 200))

    shot.before_ink.append(lambda page: with_drawing(page, print_box))


def form(shot: Shot) -> None:
    """In one of a row of boxes."""
    middle_of_the_page(shot)

    def print_boxes(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        half, thick = shot.digit_height * height * 0.75, max(2, height // 200)
        for side in (-1, 1):
            draw.line((0, height / 2 + side * half, width, height / 2 + side * half), (60, 60, 60), thick)
            column = width / 2 + side * half
            draw.line((column, height / 2 - half, column, height / 2 + half), (60, 60, 60), thick)

    shot.before_ink.append(lambda page: with_drawing(page, print_boxes))


def underlined(shot: Shot) -> None:
    """Underlined with the same pen."""
    middle_of_the_page(shot)

    def underline(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        reach, row = shot.digit_height * height / 2, height * (0.5 + 0.7 * shot.digit_height)
        ends = [(width / 2 + side * reach, row + shot.rng.uniform(-0.02, 0.02) * height) for side in (-1, 1)]
        draw.line(ends, shot.ink, round(shot.pen * height))

    shot.before_ink.append(lambda page: with_drawing(page, underline))


def struck_by_its_underline(shot: Shot) -> None:
    """Underlined with the same pen, so close that the line touches the digit."""
    middle_of_the_page(shot)
    low, reach, lean = (shot.rng.uniform(*ends) for ends in ((0.44, 0.5), (0.5, 0.7), (-0.04, 0.04)))

    def underline(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        row, half = height * (0.5 + low * shot.digit_height), reach * shot.digit_height * height
        ends = [(width / 2 + side * half, row + side * lean * half) for side in (-1, 1)]
        draw.line(ends, shot.ink, round(shot.pen * height))

    shot.after_ink.append(lambda page: with_drawing(page, underline))


def on_a_line(shot: Shot) -> None:
    """Written on the dark line of a form, which it touches or crosses."""
    middle_of_the_page(shot)
    low, fall = shot.rng.uniform(0.4, 0.5), shot.rng.uniform(-0.03, 0.03)
    tone = shot.rng.uniform(20, 70)

    def rule(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        row = height * (0.5 + low * shot.digit_height)
        draw.line((0, row - fall * height, width, row + fall * height), (round(tone),) * 3, max(2, height // 120))

    shot.before_ink.append(lambda page: with_drawing(page, rule))


def circled(shot: Shot) -> None:
    """Circled, like the number of an exercise."""
    middle_of_the_page(shot)

    def circle(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        radius = shot.digit_height * height * shot.rng.uniform(0.85, 1)
        corners = (width / 2 - radius, height / 2 - radius, width / 2 + radius, height / 2 + radius)
        draw.ellipse(corners, outline=shot.ink, width=round(shot.pen * height))

    shot.before_ink.append(lambda page: with_drawing(page, circle))


def closely_circled(shot: Shot) -> None:
    """Circled so closely that the ring touches the digit in places."""
    middle_of_the_page(shot)
    wide, high = shot.rng.uniform(1, 1.2), shot.rng.uniform(1, 1.1)

    def circle(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        half = 0.55 * shot.digit_height * height
        corners = (width / 2 - wide * half, height / 2 - high * half, width / 2 + wide * half, height / 2 + high * half)
        draw.ellipse(corners, outline=shot.ink, width=round(shot.pen * height))

    shot.after_ink.append(lambda page: with_drawing(page, circle))


def filling_its_box(shot: Shot) -> None:
    """In a box of a form that is about as high as the digit."""
    middle_of_the_page(shot)
    above, below = shot.rng.uniform(0.44, 0.52), shot.rng.uniform(0.44, 0.52)
    beside = shot.rng.uniform(0.5, 0.6)

    def print_box(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        size = shot.digit_height * height
        corners = (
            width / 2 - beside * size,
            height / 2 - above * size,
            width / 2 + beside * size,
            height / 2 + below * size,
        )
        draw.rectangle(corners, outline=(60, 60, 60), width=max(2, height // 120))

    shot.before_ink.append(lambda page: with_drawing(page, print_box))


def strong_lines(shot: Shot) -> None:
    """Lines nearly as dark as the ink."""
    middle_of_the_page(shot)
    shot.before_ink.append(lambda page: with_lines(page, shot, upright=False, colour=(120, 130, 150)))


def strong_squares(shot: Shot) -> None:
    """Squares nearly as dark as the ink."""
    strong_lines(shot)
    shot.before_ink.append(lambda page: with_lines(page, shot, upright=True, colour=(120, 130, 150)))


def dark_room(shot: Shot) -> None:
    """With the lamp off, the page is as dark as ink in other pictures."""
    dimmed = shot.rng.uniform(0.13, 0.25)

    def dim(page: Page) -> Page:
        x, _ = coordinates(page)
        return page * dimmed * (0.7 - 0.6 * x)[..., None]

    shot.after_ink.append(dim)


def blinds(shot: Shot) -> None:
    """The sun shines through blinds."""
    lean, depth = shot.rng.uniform(-0.6, 0.6), shot.rng.uniform(0.5, 0.75)
    stripes, sharp = shot.rng.uniform(5, 9), shot.rng.uniform(2, 8)

    def shine(page: Page) -> Page:
        x, y = coordinates(page)
        wave = np.sin(2 * math.pi * stripes * (y * math.cos(lean) + x * math.sin(lean)))
        return page * (1 - (1 - depth) * (np.tanh(sharp * wave) + 1) / 2)[..., None]

    shot.after_ink.append(shine)


def leaves(shot: Shot) -> None:
    """In the shade of a tree."""
    shot.after_ink.append(lambda page: page * (1 - 0.4 / (1 + np.exp(-6 * clouds(page, 80, shot)))))


def glare(shot: Shot) -> None:
    """A whiteboard reflects a lamp."""
    at_x, at_y = shot.rng.uniform(-0.4, 0.4), shot.rng.uniform(-0.4, 0.4)
    radius, strength = shot.rng.uniform(0.08, 0.2), shot.rng.uniform(0.2, 0.4)
    dimmed = shot.rng.uniform(0.5, 0.8)
    shot.ink = shot.rng.choice((BLUE, RED, BLACK))

    def mirror(page: Page) -> Page:
        x, y = coordinates(page)
        lamp = strength * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * radius**2))
        light = (dimmed * page.clip(0, 255) / 255) ** 2.2 + lamp[..., None]
        return 255 * light.clip(0, 1) ** (1 / 2.2)

    shot.after_ink.append(mirror)


def specks(shot: Shot) -> None:
    """A bad copy: 1% of the pixels are black, and 1% are white."""
    chance = np.random.default_rng(shot.rng.randrange(2**32))

    def sprinkle(page: Page) -> Page:
        lot = chance.uniform(size=(*page.shape[:2], 1))
        return np.where(lot < 0.01, 0, np.where(lot > 0.99, 255, page)).astype(np.float32)

    shot.after_ink.append(sprinkle)


def stain(shot: Shot) -> None:
    """The paper has the ring of a coffee cup."""
    at_x, at_y = shot.rng.uniform(-0.4, 0.4), shot.rng.uniform(-0.4, 0.4)
    radius = shot.rng.uniform(0.15, 0.3)

    def drip(page: Page) -> Page:
        x, y = coordinates(page)
        away = np.hypot(x - at_x, y - at_y)
        brown = 0.35 * np.exp(-(((away - radius) / 0.012) ** 2)) + 0.06 * (away < radius)
        return page * (1 - brown[..., None] * np.array([0.5, 0.8, 1], np.float32))

    shot.before_ink.append(drip)


def moire(shot: Shot) -> None:
    """Photographed from a screen."""
    waves, lean, depth = shot.rng.uniform(60, 160), shot.rng.uniform(0, math.pi), shot.rng.uniform(0.05, 0.14)

    def beat(page: Page) -> Page:
        x, y = coordinates(page)
        bent = x * math.cos(lean) + y * math.sin(lean) + 0.05 * np.sin(6 * x + 4 * y)
        return page * (1 + depth * np.sin(waves * bent))[..., None]

    shot.after_ink.append(beat)


def cardboard(shot: Shot) -> None:
    """Written on cardboard."""
    shot.paper = (176, 138, 98)
    shot.before_ink.append(lambda page: page + 9 * clouds(page, 3, shot) + 6 * clouds(page, 12, shot))


def clouds(page: Page, size: int, shot: Shot) -> Page:
    """Noise [H, W, 1] for ``page``, interpolated between points ``size`` pixels apart, of standard deviation 1."""
    height, width = page.shape[:2]
    noise = np.random.default_rng(shot.rng.randrange(2**32)).normal(size=(height // size, width // size))
    picture = Image.fromarray(noise.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture)[..., None]


def pen_beside(shot: Shot) -> None:
    """The pen lies on the page beside the digit."""
    middle_of_the_page(shot)
    colour = shot.rng.choice(((30, 40, 90), (20, 20, 20), (230, 190, 40)))

    def put_down(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        column = shot.rng.uniform(0.82, 0.9)
        ends = ((column * width, 0.1 * height), ((column + shot.rng.uniform(-0.08, 0.08)) * width, 0.92 * height))
        draw.line(ends, colour, round(0.03 * height))

    shot.before_ink.append(lambda page: with_drawing(page, put_down))


def with_drawing(page: Page, draw_on: Callable[[ImageDraw.ImageDraw, int, int], None]) -> Page:
    """``page`` after ``draw_on``, which gets its width and height, has drawn on it."""
    picture = Image.fromarray(page.clip(0, 255).astype(np.uint8))
    draw_on(ImageDraw.Draw(picture), *picture.size)
    return np.asarray(picture, np.float32)


def named(*hardships: Callable[[Shot], None]) -> dict[str, Callable[[Shot], None]]:
    """The ``hardships`` by name."""
    return {hardship.__name__.replace("_", "-"): hardship for hardship in hardships}


SECOND = named(
    shadow, yellow_light, ruled_paper, squared_paper, coloured_ink, pencil, black_border, coarse_jpeg, blurred, noisy,
    tilted,
)  # fmt: skip
CLUTTER = named(
    on_a_table, sticky_note, edge_of_the_table, printed_words, other_digits, spiral_holes, printed_box, form,
    underlined, struck_by_its_underline, on_a_line, circled, closely_circled, filling_its_box, strong_lines,
    strong_squares, pen_beside,
)  # fmt: skip
GROUND = named(blinds, leaves, glare, specks, stain, moire, cardboard)  # these cover the whole picture
UNSEEN = 8000  # the first seed that is written: no picture from it on was looked at while the recogniser was developed
HARDSHIPS = SECOND | named(tiny, huge, marker, cut_out, dark_room) | GROUND | CLUTTER


def photograph(digit: int, hardship: str, seed: int) -> bytes:
    """A JPEG file of ``digit`` with one hardship, and for odd seeds with a second one of `SECOND`."""
    shot = Shot(random.Random(f"{digit}/{hardship}/{seed}"))
    shot.paper = tuple(int(tone * shot.rng.uniform(0.85, 1.05)) for tone in shot.paper)
    shot.digit_height = shot.rng.uniform(0.35, 0.7)
    shot.pen = shot.digit_height * shot.rng.uniform(0.05, 0.09)
    HARDSHIPS[hardship](shot)
    if seed % 2:
        second = shot.rng.choice([name for name in SECOND if name != hardship])
        SECOND[second](shot)
    return develop(shot, digit)


def develop(shot: Shot, *digits: int) -> bytes:
    """The JPEG file of ``shot`` with ``digits`` written on it, side by side and together as wide as one."""
    page = np.empty((shot.height, shot.width, 3), np.float32)
    page[:] = shot.paper
    for change in shot.before_ink:
        page = change(page)
    covered = np.asarray(written(shot, digits), np.float32)[..., None] / 255
    page = page * (1 - covered) + np.array(shot.ink, np.float32) * covered
    page += np.random.default_rng(shot.rng.randrange(2**32)).normal(0, GRAIN, page.shape).astype(np.float32)
    for change in shot.after_ink:
        page = change(page)
    file = BytesIO()
    Image.fromarray(page.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=shot.quality)
    return file.getvalue()


def written(shot: Shot, digits: Sequence[int]) -> Image.Image:
    """The mask of the ink of ``digits``: mode L, as large as the page of ``shot``."""
    short = min(shot.width, shot.height)
    fine = 2 if short < 1500 else 1
    mask = Image.new("L", (shot.width * fine, shot.height * fine))
    draw = ImageDraw.Draw(mask)
    turn = math.radians(shot.tilt)
    size = shot.digit_height * short * fine / 0.75
    room = [(side * fine - size) / 2 for side in (shot.width, shot.height)]
    centre = [side * fine / 2 + shot.rng.uniform(-shot.wander, shot.wander) * max(0, space) for side, space in
              zip((shot.width, shot.height), room, strict=True)]  # fmt: skip
    size /= len(digits)
    for place, digit in enumerate(digits):
        at = (centre[0] + size * 0.7 * (place - (len(digits) - 1) / 2), centre[1])
        write(draw, by_hand(digit, shot.rng.randrange(10**6)), at, size, shot.pen * short * fine / 2, turn)
    return mask.resize((shot.width, shot.height), Image.Resampling.BOX)


def write(
    draw: ImageDraw.ImageDraw, strokes: list[Stroke], centre: Sequence[float], size: float, radius: float, turn: float
) -> None:
    """Draw ``strokes`` of a square of side 1, ``size`` pixels large around ``centre``, rotated by ``turn`` radians."""
    for stroke in strokes:
        points = []
        for x, y in stroke:
            x, y = (x - 0.5) * size, (y - 0.5) * size
            points.append(
                (
                    centre[0] + x * math.cos(turn) - y * math.sin(turn),
                    centre[1] + x * math.sin(turn) + y * math.cos(turn),
                )
            )
        trace(draw, points, radius)


def coordinates(page: Page) -> tuple[Page, Page]:
    """x and y of each pixel, from -0.5 to 0.5: [1, W] and [H, 1]."""
    height, width = page.shape[:2]
    return (
        np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :],
        np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None],
    )


if __name__ == "__main__":
    folder = folder_to_fill("photographs that are hard to read, as <digit>/<hardship>-<number>.jpg")
    for hardship in HARDSHIPS:
        for digit in range(10):
            for seed in range(UNSEEN, UNSEEN + (4 if hardship == "huge" else 10)):
                path = folder / str(digit) / f"{hardship}-{seed}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(photograph(digit, hardship, seed))
