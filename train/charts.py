"""The charts of a report as SVG, each with an accessible name that says what it shows."""

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from train.calibrate import CalibrationBin
from train.plurals import counted, listed

# In a chart's own units, few enough for its labels to be legible on a phone.
WIDTH, HEIGHT = 320, 200
LEFT, RIGHT, TOP, BOTTOM = 42, 18, 10, 38  # margins, for the axes' labels
COUNTS = 42  # the height of the counts above a reliability diagram

STEPS = (1, 2, 5)  # times powers of ten are round numbers
MOST_LEVELS = 8  # labels of a logarithmic axis; if 1, 2 and 5 give more, powers of ten alone
MOST_EPOCHS = 6  # labels of the epoch axis
LEAST = 1e-6  # smaller values are drawn here, as a logarithmic axis has no zero
FEW = 20  # digits, below which an accuracy says little: it may well be ten percentage points off

Scale = Callable[[float], float]  # from a value to its place on a chart


def draw_curves(
    title: str, epochs: Sequence[int], lines: Mapping[str, Sequence[float]], floor: float | None = None
) -> str:
    """A chart on a logarithmic axis with a line over ``epochs`` for each of ``lines``, whose names are CSS classes.

    ``floor``, if any, is a value that no line can go below; it is drawn dashed.
    """
    lines = {name: [max(LEAST, value) for value in values] for name, values in lines.items()}
    values = [value for line in lines.values() for value in line]
    levels = logarithmic_ticks(min(values if floor is None else [*values, floor]), max(values))
    start = LEFT if len(epochs) > 1 else (LEFT + WIDTH - RIGHT) / 2  # a single one is in the middle
    scale_x = scale(min(epochs), max(epochs), start, WIDTH - RIGHT)
    linear_y = scale(math.log(levels[0]), math.log(levels[-1]), HEIGHT - BOTTOM, TOP)

    def scale_y(value: float) -> float:
        return linear_y(math.log(value))

    across = {f"{epoch}": scale_x(epoch) for epoch in epoch_ticks(min(epochs), max(epochs))}
    parts = draw_axes("epoch", across, {f"{level:g}": scale_y(level) for level in levels})
    if floor is not None:
        y = scale_y(floor)
        parts.append(f'<line class="ideal" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
    for name, line in lines.items():
        parts += draw_line(name, [(scale_x(x), scale_y(y)) for x, y in zip(epochs, line, strict=True)])
    told = listed([f"{name} from {line[0]:.3g} to {line[-1]:.3g}" for name, line in lines.items()])
    return svg(f"{title}, in {counted(len(epochs), 'epoch')}: {told}.", parts)


def draw_line(name: str, corners: list[tuple[float, float]]) -> list[str]:
    """A line of the CSS class ``name`` through ``corners``, and a dot if there is only one, which makes no line."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    parts = [f'<polyline class="{name}" points="{points}"/>']
    if len(corners) == 1:
        parts.append(f'<circle class="{name}" cx="{corners[0][0]:.1f}" cy="{corners[0][1]:.1f}" r="4"/>')
    return parts


def draw_reliability(bins: Sequence[CalibrationBin]) -> str:
    """Accuracy against confidence, a bar for each of ``bins`` that holds digits, with their number above it."""
    scale_x, scale_y = scale(0, 1, LEFT, WIDTH - RIGHT), scale(0, 1, HEIGHT - BOTTOM, TOP + COUNTS)
    filled = [each for each in bins if each.count]
    levels = [step / 5 for step in range(6)]
    parts = draw_axes(
        "confidence",
        {f"{level:.0%}": scale_x(level) for level in levels},
        {f"{level:.0%}": scale_y(level) for level in levels},
    )
    parts.append(f'<text x="{LEFT - 6}" y="{TOP + COUNTS / 2:.1f}" text-anchor="end">digits</text>')
    for each in filled:
        parts += draw_bin(each, scale_x, scale_y)
    parts.append(f'<line class="ideal" x1="{scale_x(0)}" y1="{scale_y(0)}" x2="{scale_x(1)}" y2="{scale_y(1)}"/>')
    return svg(f"Reliability diagram. {'; '.join(describe_bin(each) for each in filled)}.", parts)


def draw_bin(each: CalibrationBin, scale_x: Scale, scale_y: Scale) -> list[str]:
    """One bar of the reliability diagram, as wide as its range of confidence, and its count; pale if that is small."""
    left, right, top = scale_x(each.low) + 1, scale_x(each.high) - 1, scale_y(each.accuracy)
    x, y = (left + right) / 2 + 4, scale_y(1) - 6
    return [
        f'<rect class="{"few" if each.count < FEW else "many"}" x="{left:.1f}" y="{top:.1f}" '
        f'width="{right - left:.1f}" height="{scale_y(0) - top:.1f}"><title>{describe_bin(each)}</title></rect>',
        f'<text class="count" x="{x:.1f}" y="{y:.1f}" transform="rotate(-90 {x:.1f} {y:.1f})">{each.count:,}</text>',
    ]


def describe_bin(each: CalibrationBin) -> str:
    """In words, what a bar of the reliability diagram shows."""
    return f"{counted(each.count, 'digit')} at {each.low:.0%} to {each.high:.0%}: {each.accuracy:.1%} right"


def draw_axes(name: str, across: dict[str, float], up: dict[str, float]) -> list[str]:
    """The axes' labels at their places ``across`` and ``up``, grid lines at the latter, and the x axis's ``name``."""
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts = [f'<text x="{middle}" y="{HEIGHT - 5}" text-anchor="middle">{name}</text>']
    for label, x in across.items():
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{label}</text>')
    for label, y in up.items():
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    return parts


def logarithmic_ticks(least: float, greatest: float) -> list[float]:
    """Round numbers, at least two, from the last that is not above ``least`` to the first not below ``greatest``.

    1, 2 and 5 times powers of ten, or powers of ten alone if those are too many. Both bounds must be positive.
    """
    ticks: list[float] = []
    for steps in (STEPS, STEPS[:1]):
        powers = range(math.floor(math.log10(least)) - 1, math.ceil(math.log10(greatest)) + 2)
        rounds = [float(f"{step}e{power}") for power in powers for step in steps]
        first = max(tick for tick in rounds if tick <= least)
        last = min(tick for tick in rounds if tick >= greatest and tick > first)
        ticks = [tick for tick in rounds if first <= tick <= last]
        if len(ticks) <= MOST_LEVELS:
            break
    return ticks


def epoch_ticks(first: int, last: int) -> list[int]:
    """The multiples, from ``first`` to ``last``, of the least round number that has at most `MOST_EPOCHS` there."""
    steps = (step * 10**power for power in range(10) for step in STEPS)
    step = next(step for step in steps if last // step - (first - 1) // step <= MOST_EPOCHS)
    return [epoch for epoch in range(first, last + 1) if epoch % step == 0]


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """A function that maps ``low`` to ``high`` onto ``start`` to ``end``."""
    return lambda value: start + (value - low) / ((high - low) or 1) * (end - start)


def svg(name: str, parts: Iterable[str]) -> str:
    """An SVG of ``parts`` that scales to the available width; screen readers read out its ``name``."""
    label = html.escape(name)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
