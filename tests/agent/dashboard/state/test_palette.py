"""How each class looks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.dashboard.state.palette import class_styles, short_names
from tests.examples import CLASSES

STYLES = class_styles(CLASSES)


def test_classes_differ_in_colour_in_dash_and_in_short_name() -> None:
    styles = STYLES.values()
    for cue in ("colour", "short", "dash"):
        assert len({getattr(s, cue) for s in styles}) == len(CLASSES) + 1
    assert short_names(("cube", "truncated_octahedron")) == ("cube", "t-octa")
    assert short_names(("octahedron", "octagon")) == ("octahedron", "octagon")


def test_an_eighth_class_has_a_look_of_its_own() -> None:
    styles = class_styles(tuple(f"class_{n}" for n in range(9)))
    assert len({(s.colour, s.dash) for s in styles.values()}) == 10


@given(st.lists(st.from_regex(r"[a-z]{1,9}(_[a-z]{1,9}){0,2}", fullmatch=True), unique=True, max_size=12))
def test_no_two_classes_look_alike_whatever_they_are_called(names: list[str]) -> None:
    shorts = short_names(tuple(names))
    assert len(set(shorts)) == len(names)
    styles = class_styles(tuple(name for name in names if name != "unknown"))
    assert len({(s.colour, s.dash) for s in styles.values()}) == len(styles)
