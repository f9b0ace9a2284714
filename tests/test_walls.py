"""What the repository promises about its own shape, its documents and its words."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.vocabulary import GIVEN_UP

ROOT = Path(__file__).parents[1]
PACKAGES = {"agent", "trainer", "simulator", "protocol", "tests", "deploy"}
SHIPPED = ("protocol", "agent", "simulator", "trainer")
FILES = {"pyproject.toml", "README.md", "LICENSE", "Makefile", "CHANGELOG.md", "constraints.txt", ".gitignore", ".ci"}
TOP = PACKAGES | FILES
TESTED_BY_NAME = (
    "agent.core.preprocessing",
    "agent.core.statistics",
    "agent.dashboard.state",
    "simulator.exit_waves",
    "simulator.figures",
    "simulator.imaging",
    "simulator.microscope",
    "simulator.propagation",
    "simulator.scenes",
    "trainer",
)
"""Packages in which a test file imports every module itself; it grows."""
GLOSSARY = ROOT / "protocol" / "GLOSSARY.md"


@cache
def tracked() -> list[Path]:
    """Every file of the repository: what git tracks, and what it would, were it added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return sorted({ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()})


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def modules() -> dict[str, Path]:
    """Every module of a shipped package by its dotted name, but `__init__`."""
    found = [p for p in tracked() if p.suffix == ".py" and package_of(p) in SHIPPED and p.name != "__init__.py"]
    return {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in found}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_the_top_level_holds_what_was_agreed_and_nothing_else() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP


def test_no_file_of_code_is_longer_than_400_lines() -> None:
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in tracked() if p.suffix == ".py"}
    assert [str(p) for p, n in lengths.items() if n > 400] == []


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    marks = ["/" + name + "/" for name in ("work", "root", "farm")]
    texts = [p for p in tracked() if p.suffix in (".py", ".md", ".toml", ".txt", ".sh", ".service", ".json", "")]
    assert [str(p) for p in texts if any(m in p.read_text(encoding="utf-8") for m in marks)] == []


def test_importing_a_package_does_nothing() -> None:
    for path in tracked():
        if path.name == "__init__.py":
            body = tree_of(path).body
            assert all(isinstance(node, ast.Expr | ast.ImportFrom | ast.Assign) for node in body), path


def test_the_shipped_models_and_session_are_small() -> None:
    sizes = {p.name: p.stat().st_size for p in tracked() if p.suffix in (".onnx", ".npz")}
    assert sum(n for name, n in sizes.items() if name.endswith(".onnx")) <= 10e6
    assert sizes["session.npz"] <= 15e6


def test_every_document_that_is_named_is_there() -> None:
    """In code, documents and scripts; by its path from the top, from the folder of the file that names it, or alone."""
    documents = {p for p in tracked() if p.suffix == ".md"}
    names = {p.name for p in documents}
    missing = []
    for path in tracked():
        if path.suffix not in (".py", ".md", ".toml", ".sh", ".service"):
            continue
        for found in re.findall(r"(?<![\w/.*-])[\w./-]*\w\.md\b", path.read_text(encoding="utf-8")):
            beside = {(ROOT / found).resolve(), (path.parent / found).resolve()}
            if not beside & documents and ("/" in found or found not in names):
                missing.append(f"{path.relative_to(ROOT)} names {found}")
    assert missing == []


@cache
def imported(path: Path) -> set[str]:
    """Dotted names that a file imports, or names in a string as for a process of its own."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    # What a package's __init__ takes from its modules is imported with the package.
    inits = (ROOT.joinpath(*name.split("."), "__init__.py") for name in found if name.startswith(SHIPPED))
    return found.union(*(imported(init) for init in inits if init != path and init.is_file()))


def imported_by_tests() -> set[str]:
    """Modules that a test file imports itself."""
    tests = [p for p in tracked() if package_of(p) == "tests" and re.fullmatch(r"(test_.*|conftest)\.py", p.name)]
    return set().union(*(imported(p) for p in tests)) & set(modules())


@pytest.mark.parametrize("package", TESTED_BY_NAME)
def test_every_module_is_imported_by_a_test_file(package: str) -> None:
    assert sorted(name for name in set(modules()) - imported_by_tests() if name.startswith(f"{package}.")) == []


def test_every_module_is_at_most_two_imports_away_from_a_test_file() -> None:
    """In the other packages a module may be tested through those that use it, but not through the whole program."""
    reached = imported_by_tests()
    for _ in range(2):
        reached |= set().union(*(imported(modules()[name]) for name in reached)) & set(modules())
    assert sorted(set(modules()) - reached) == []


@cache
def words_in_names() -> dict[str, set[str]]:
    """Every word in a name, to the modules and names that it is found in."""
    found: dict[str, set[str]] = {}
    for module, path in modules().items():
        for name in set(names_of(path)):
            for word in words_of(name):
                found.setdefault(word, set()).add(f"{module}: {name}")
    return found


def names_of(path: Path) -> Iterator[str]:
    """Every name that a file gives or uses."""
    yield path.stem
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg) or (isinstance(node, ast.keyword) and node.arg is not None):
            yield node.arg


def words_of(name: str) -> set[str]:
    """``SightsPlan_of`` to sights, plan, of."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*", name)}


@pytest.mark.parametrize("word", GIVEN_UP)
def test_a_word_that_was_given_up_is_in_no_name(word: str) -> None:
    assert sorted(words_in_names().get(word, ())) == [], f"say {GIVEN_UP[word]}"


def terms() -> list[str]:
    """Words in bold at the beginning of the glossary's lines, without its last section."""
    text = GLOSSARY.read_text(encoding="utf-8").split("## One word, several meanings")[0]
    return re.findall(r"(?m)^- \*\*(.+?)\*\*", text)


@cache
def written() -> str:
    """All code and documents but the glossary, in small letters, with underscores and hyphens as spaces."""
    texts = [
        p.read_text(encoding="utf-8") for p in tracked() if p.suffix in (".py", ".md", ".toml", ".sh") and p != GLOSSARY
    ]
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", "\n".join(texts))
    return re.sub(r"[\s_-]+", " ", spaced).lower()


@pytest.mark.parametrize("term", terms())
def test_a_term_of_the_glossary_is_used(term: str) -> None:
    spoken = re.sub(r"[\s-]+", " ", term).lower()
    assert re.search(rf"\b{re.escape(spoken)}(s|es)?\b", written())


def test_no_term_is_explained_twice_and_none_is_a_word_that_was_given_up() -> None:
    assert len(terms()) == len(set(terms())) > 50
    assert not set(terms()) & set(GIVEN_UP)


def test_a_word_with_several_meanings_has_one_entry_each() -> None:
    last = GLOSSARY.read_text(encoding="utf-8").split("## One word, several meanings")[1]
    words = re.findall(r"(?m)^- \*\*(.+?)\*\*", last)
    assert len(words) == len(set(words)) > 5
