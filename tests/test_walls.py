"""What the repository promises about its own shape."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"agent", "trainer", "simulator", "protocol", "tests", "deploy"}
FILES = {"pyproject.toml", "README.md", "LICENSE", "Makefile", "CHANGELOG.md", "constraints.txt", ".gitignore", ".ci"}
TOP = PACKAGES | FILES


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).exists()]


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
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert all(isinstance(node, ast.Expr | ast.ImportFrom | ast.Assign) for node in body), path


def test_the_shipped_models_and_session_are_small() -> None:
    sizes = {p.name: p.stat().st_size for p in tracked() if p.suffix in (".onnx", ".npz")}
    assert sum(n for name, n in sizes.items() if name.endswith(".onnx")) <= 10e6
    assert sizes["session.npz"] <= 15e6
