"""Ink is fitted into 28 x 28 pixels as MNIST's digits were."""

import handwriting
import numpy as np
import pytest
from conftest import as_mnist, distance, png
from PIL import Image

from net.fitting import NARROW, edge_width, softening, without_hairlines
from train import mnist

MNISTS_EDGE = 0.84  # pixels, median width; see test_hardly_a_digit_of_mnist_is_softened


def test_a_digit_fills_a_box_of_20_with_its_centre_of_mass_in_the_middle():
    for digit in range(10):
        seen = as_mnist(png(handwriting.render(handwriting.by_hand(digit, seed=1))))
        assert (seen.shape, seen.dtype, seen.max()) == ((28, 28), np.uint8, 255)
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
        mass = seen.astype(float)
        centre = [(mass.sum(axis=1 - axis) * np.arange(28)).sum() / mass.sum() for axis in (0, 1)]
        assert centre == pytest.approx([14, 14], abs=0.5)


def test_mnist_was_made_as_net_fitting_says(mnist_root):
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


def test_mnist_s_narrow_digits_are_ones_and_hardly_zeros_or_twos(mnist_root):
    digits = mnist.load(mnist_root, train=True)
    ink = digits.images.numpy() > 0
    height, width = (28 - has.argmax(1) - has[:, ::-1].argmax(1) for has in (ink.any(axis=2), ink.any(axis=1)))
    proportion, labels = width / height, digits.labels.numpy()
    assert (proportion[labels == 1] <= NARROW).mean() == pytest.approx(0.55, abs=0.005)
    assert (proportion[(labels == 0) | (labels == 2)] <= NARROW).mean() == pytest.approx(1 / 2000, abs=1e-4)
    assert proportion[labels == 2].min() > 1 / 3


def test_no_digit_of_mnist_is_a_hairline(mnist_root):
    for image in mnist.load(mnist_root, train=True).images[::20].numpy():
        cropped = Image.fromarray(image).crop(Image.fromarray(image).getbbox())
        digit = np.asarray(cropped, np.float32) / 255
        assert without_hairlines(digit) is digit


def test_hardly_a_digit_of_mnist_is_softened(mnist_root):
    digits = [Image.fromarray(image) for image in mnist.load(mnist_root, train=True).images[::20].numpy()]
    cropped = [np.asarray(digit.crop(digit.getbbox()), np.float32) / 255 for digit in digits]
    assert np.median([edge_width(digit) for digit in cropped]) == pytest.approx(MNISTS_EDGE, abs=0.01)
    assert [softening(digit) for digit in cropped].count(Image.Resampling.BILINEAR) < 0.015 * len(cropped)


def test_mnist_digits_cropped_to_their_ink_come_back(mnist_root):
    digits = mnist.load_test_digits(mnist_root).images[:300].numpy()
    cropped = [(image, Image.fromarray(image).crop(Image.fromarray(image).getbbox())) for image in digits]
    far = sum(distance(image, as_mnist(png(crop))) > 0.2 for image, crop in cropped)
    assert far <= 0.07 * len(cropped), "a 1 cropped to a bar has no paper around it"


@pytest.mark.parametrize("pen", [0.002, 0.004, 0.01, 0.02])
def test_a_hairline_comes_as_a_pen_does_that_is_a_pixel_wide_in_the_box(pen: float):
    for digit in range(10):
        strokes = handwriting.by_hand(digit, seed=3)
        a_pixel_wide = handwriting.render(strokes, size=1000, pen=0.75 / 20)
        hairline = handwriting.render(strokes, size=1000, pen=pen)
        assert distance(as_mnist(png(a_pixel_wide)), as_mnist(png(hairline))) < 0.2


def test_what_was_normalized_once_comes_back_as_it_is_but_somewhat_darker(four: np.ndarray):
    again = as_mnist(png(Image.fromarray(four)))
    assert distance(four, again) < 0.1
    assert ((four > 0) == (again > 0)).all()


@pytest.mark.parametrize("size", [200, 280, 1000])
def test_a_drawing_becomes_no_sharper_than_mnist_is(size: int):
    seen = [as_mnist(png(handwriting.render(handwriting.by_hand(digit), size))) for digit in range(10)]
    assert np.mean([edge_width(digit.astype(np.float32) / 255) for digit in seen]) > MNISTS_EDGE
