"""The picture of a comparison: well-formed, for both themes, with every rule and its figures."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from dialer.simulate import Summary, compare
from dialer.simulate_picture import picture
from dialer.simulate_shipped import shipped

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def summaries() -> list[Summary]:
    return compare(shipped("model", 3, 0.5), ("progressive", "fixed:3", "vicidial"), range(3))


def test_every_rule_is_drawn_with_its_figures(summaries: list[Summary]) -> None:
    drawn = ElementTree.fromstring(picture(summaries, "three & a half", 0.03))
    texts = [text.text for text in drawn.iter(f"{_SVG}text")]
    assert "three & a half" in texts
    for one in summaries:
        assert one.rule in texts
        assert any(f"/ {100 * one.abandoned.mean:.2f} %" in (text or "") for text in texts)
    assert len(list(drawn.iter(f"{_SVG}path"))) == 2 * len(summaries)
    # A point per shift, a mean and a sign in the legend.
    assert len(list(drawn.iter(f"{_SVG}circle"))) == len(summaries) * (3 + 2)


def test_everything_stands_within_the_picture_and_dark_pages_have_their_colours(summaries: list[Summary]) -> None:
    text = picture(summaries, "x", 0.0)
    drawn = ElementTree.fromstring(text)
    width, height = map(float, drawn.attrib["viewBox"].split()[2:])
    for circle in drawn.iter(f"{_SVG}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= width
        assert 0 <= float(circle.attrib["cy"]) <= height
    assert "prefers-color-scheme:dark" in text
    assert "nan" not in text


def test_the_same_shifts_give_the_same_picture(summaries: list[Summary]) -> None:
    assert picture(summaries, "x", 0.03) == picture(summaries, "x", 0.03)
