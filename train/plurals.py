"""Words that depend on how many there are."""

from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """``number`` of what ``noun``, in the singular, names: "1 file", "2,000 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """``words``, at least one, as a sentence lists them: "one, another and a third"."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
