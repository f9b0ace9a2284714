"""The numbers of the tree, on modules so small that a person can count."""

from __future__ import annotations

import ast

import pytest

from tests.bench import house

SOURCE = '''"""A module."""

import numpy as np  # a reason


def area(sides_px: "NDArray", scale: float) -> float:
    """Of a rectangle with sides (2,).

    Raises:
        ValueError: a side is negative.
    """
    if sides_px[0] < 0:
        raise ValueError("negative")
    a = sides_px[0]
    return a * scale


def _loose(x, *more):
    # one
    # two
    return [y for y in more]
'''


def module(source: str, name: str = "m") -> house.Module:
    return house.Module(name=name, source=source, tree=ast.parse(source))


def test_a_module_of_two_functions_is_counted() -> None:
    numbers = house.numbers([module(SOURCE)], [module("x = 1\n" * 20)])
    assert numbers["files"] == "1"
    assert numbers["function median / p90 / max"] == "4 / 4 / 10"
    assert numbers["most parameters"] == "2 (area)"
    assert numbers["fully annotated"] == "50 % of 2"
    assert numbers["public with docstring"] == "100 % of 1"
    assert numbers["… that give a shape (array in signature)"] == "100 % of 1"
    assert numbers["raising functions that say Raises"] == "100 % of 1"
    assert numbers["comment lines"] == f"{100 * 3 / 21:.1f} %"
    # Assigned are a and y.
    assert numbers["one-letter assigned names"] == "100 % of 2"
    assert numbers["test lines / source line"] == f"{20 / 21:.2f}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(n, 2), y then x", True),
        ("masks (n,)", True),
        ("(..., 2)", True),
        ("to (n, p / 2)", True),
        ("at (y, x)", False),
        ("(see there)", False),
        ("a pair", False),
    ],
)
def test_a_shape_is_a_list_in_brackets_and_an_order_of_axes_is_none(text: str, told: bool) -> None:
    assert bool(house.SHAPE.search(text)) == told


def test_a_raise_of_an_inner_function_or_of_what_was_caught_is_not_its_own() -> None:
    inner = "    def inner():\n        raise ValueError\n"
    caught = "    try:\n        inner()\n    except OSError:\n        raise\n"
    tree = ast.parse(f"def outer():\n{inner}{caught}")
    assert [house.raises(f) for f in house.functions(tree)] == [False, True]


def test_a_field_is_documented_by_the_string_under_it() -> None:
    tree = ast.parse(
        '@dataclass(frozen=True)\nclass A:\n    """A."""\n\n    x: int\n    """Told."""\n    y: int\n    z: int\n'
    )
    assert list(house.fields_documented(tree)) == [True, False, False]


def test_a_circle_of_imports_is_found_with_all_who_are_in_it() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"a"}}
    assert house.cycles(edges) == [{"a", "b", "c"}]
    assert house.cycles({"a": {"b"}, "b": set()}) == []


def test_a_name_that_is_imported_from_a_module_counts_as_the_module() -> None:
    found = house.imports(
        module("from p.a import f\nimport p.b\nfrom p import c\nimport os\n"), {"p.a", "p.b", "p.c", "m"}
    )
    assert found == {"p.a", "p.b", "p.c"}
