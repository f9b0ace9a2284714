"""The numbers of the tree, from its syntax trees alone: sizes, cycles, arguments, docstrings, comments, tests.

    python -m tests.bench.house [ROOT]

ROOT is another checkout; by default it is this one. A column is a package, a line is a number.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import statistics
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COLUMNS = {
    "protocol": ("protocol", "tests/protocol"),
    "core": ("agent/core", "tests/agent/core"),
    "edge": ("agent/edge", "tests/agent/edge"),
    "dashboard": ("agent/dashboard", "tests/agent/dashboard"),
    "agent": ("agent", "tests/agent"),
    "simulator": ("simulator", "tests/simulator"),
    "trainer": ("trainer", "tests/trainer"),
}
"""Name to folder and folder of tests; the column `agent` holds the three before it and what lies beside them."""
PACKAGES = ("protocol", "agent", "simulator", "trainer")

Function = ast.FunctionDef | ast.AsyncFunctionDef
ARRAY = re.compile(r"NDArray|ndarray|Tensor|ArrayLike")
SHAPE = re.compile(r"\((?!y, x\)|x, y\))(?:[\w.…]+(?: ?[-+*/] ?\w+)*,)(?: [\w.…]+(?: ?[-+*/] ?\w+)*,?)*\)")
"""(n,), (n, 2), (h, w / 8), (..., 2): what a docstring says of an array; (y, x) is an order and no shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file of a package."""

    name: str
    """Dotted."""
    source: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return len(self.source.splitlines())


def modules(folder: Path, root: Path) -> list[Module]:
    """Every file of a folder, in order; none where there is no folder."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        found.append(Module(name=name, source=source, tree=ast.parse(source)))
    return found


def functions(tree: ast.AST) -> Iterator[Function]:
    """All functions and methods, inner ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def public(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Classes, functions and methods that others may name: no underscore, and nothing inside a function."""

    def below(body: Sequence[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
        for node in body:
            if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
                yield node
                if isinstance(node, ast.ClassDef):
                    yield from below(node.body)

    return below(tree.body)


def parameters(function: Function) -> list[ast.arg]:
    """All but self and cls."""
    a = function.args
    given = [*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x is not None)]
    return [x for x in given if x.arg not in ("self", "cls")]


def annotated(function: Function) -> bool:
    """Whether every parameter and the result have a type."""
    return function.returns is not None and all(x.annotation is not None for x in parameters(function))


def has_array(function: Function) -> bool:
    """Whether the signature names an array."""
    notes = [x.annotation for x in parameters(function)] + [function.returns]
    return any(note is not None and ARRAY.search(ast.unparse(note)) for note in notes)


def raises(function: Function) -> bool:
    """Whether the function itself, not one inside it, raises something of its own."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return False


def fields_documented(tree: ast.Module) -> Iterator[bool]:
    """For each field of each dataclass, whether a docstring stands under it."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(d) for d in node.decorator_list)):
            continue
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign):
                yield isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)


def assigned(tree: ast.AST) -> Iterator[str]:
    """Names that something is assigned to, loops and comprehensions included; `_` is none."""
    names = (n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return (name for name in names if name != "_")


def comment_lines(source: str) -> int:
    """Lines that hold a comment, alone or after code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return len({token.start[0] for token in tokens if token.type == tokenize.COMMENT})


def imports(module: Module, known: set[str]) -> set[str]:
    """Which known modules a module imports, at its top or later."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return (found & known) - {module.name}


def cycles(edges: dict[str, set[str]]) -> list[set[str]]:
    """Groups of two and more modules each of which reaches every other one."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            new = edges[waiting.pop()] - seen
            seen |= new
            waiting += new
        return seen

    reach = {name: reached(name) for name in edges}
    groups: list[set[str]] = []
    for name in edges:
        group = {other for other in reach[name] if name in reach[other]} | {name}
        if len(group) > 1 and group not in groups:
            groups.append(group)
    return groups


def spread_of(lengths: Sequence[int]) -> str:
    """Median / 90th percentile / longest."""
    if not lengths:
        return "—"
    ordered = sorted(lengths)
    return f"{statistics.median_low(ordered)} / {ordered[int(0.9 * (len(ordered) - 1))]} / {ordered[-1]}"


def share_of(parts: Sequence[bool]) -> str:
    """How many of how many, in percent."""
    return f"{100 * sum(parts) / len(parts):.0f} % of {len(parts)}" if parts else "—"


def numbers(package: Sequence[Module], tests: Sequence[Module]) -> dict[str, str]:
    """The numbers of one package by name."""
    lines = sum(m.lines for m in package)
    every = [f for m in package for f in functions(m.tree)]
    open_ones = [node for m in package for node in public(m.tree)]
    open_functions = [node for node in open_ones if isinstance(node, Function)]
    raising = [f for f in open_functions if raises(f)]
    with_array = [f for f in open_functions if has_array(f)]
    names = [name for m in package for name in assigned(m.tree)]
    most = max(every, key=lambda f: len(parameters(f)), default=None)

    def said(nodes: Sequence[Function | ast.ClassDef], told: Callable[[str], object]) -> list[bool]:
        return [bool(told(ast.get_docstring(node) or "")) for node in nodes]

    return {
        "files": f"{len(package):,}",
        "lines": f"{lines:,}",
        "file median / p90 / max": spread_of([m.lines for m in package]),
        "function median / p90 / max": spread_of([(f.end_lineno or f.lineno) - f.lineno + 1 for f in every]),
        "most parameters": f"{len(parameters(most))} ({most.name})" if most else "—",
        "fully annotated": share_of([annotated(f) for f in every]),
        "public with docstring": share_of(said(open_ones, bool)),
        "… that give a shape (array in signature)": share_of(said(with_array, SHAPE.search)),
        "raising functions that say Raises": share_of(said(raising, lambda text: "Raises" in text)),
        "comment lines": f"{100 * sum(comment_lines(m.source) for m in package) / max(lines, 1):.1f} %",
        "dataclass fields with a docstring": share_of([x for m in package for x in fields_documented(m.tree)]),
        "one-letter assigned names": share_of([len(name) == 1 for name in names]),
        "test lines / source line": f"{sum(m.lines for m in tests) / max(lines, 1):.2f}",
    }


def table(root: Path) -> str:
    """The numbers of a checkout as Markdown."""
    columns = {name: numbers(modules(root / a, root), modules(root / b, root)) for name, (a, b) in COLUMNS.items()}
    rows = [["", *columns], ["---"] * (len(columns) + 1)]
    for number in next(iter(columns.values())):
        rows.append([number, *(column[number] for column in columns.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, nargs="?", default=ROOT)
    root = parser.parse_args().root.resolve()
    print(table(root))
    whole = [m for package in PACKAGES for m in modules(root / package, root)]
    known = {m.name for m in whole}
    edges = {m.name: imports(m, known) for m in whole}
    print(f"\n{len(whole)} modules, {sum(map(len, edges.values()))} import edges, {len(cycles(edges))} import cycles")
    tests = modules(root / "tests", root)
    total = [f for m in tests for f in functions(m.tree) if f.name.startswith("test_")]
    given = sum("given" in ast.unparse(d) for f in total for d in f.decorator_list)
    mocks = sum(bool(imports(m, {"unittest.mock", "mock", "pytest_mock"})) for m in tests)
    print(f"{len(total)} test functions, {given} of them with @given, {mocks} files with mock tools")


if __name__ == "__main__":
    main()
