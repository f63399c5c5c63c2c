"""Run tests with the oldest versions that pyproject.toml allows, or with the newest that can be had.

    python tools/try_versions.py oldest                       # every lower bound, exactly
    python tools/try_versions.py newest tests/native          # and only some tests
    python tools/try_versions.py oldest --torch 2.13.0        # another torch, where that one cannot be had

An environment of its own is made for each, with the Python that runs this program, and is kept in ``--folder``.
"""

import argparse
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
#: what tests are run with, not what is tested: always the newest
TOOLS = {"pytest", "pytest-xdist", "hypothesis", "ruff"}


def requirements(which, torch=None):
    """What to install: the dependencies and the extra ``test``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = []
    for line in project["dependencies"] + project["optional-dependencies"]["test"]:
        name, bound = re.fullmatch(r"([\w.-]+)>=([\w.]+)", line).groups()
        if name == "torch" and torch:
            wanted.append(f"torch=={torch}")
        elif which == "oldest" and name not in TOOLS:
            wanted.append(f"{name}=={bound}")
        else:
            wanted.append(line)
    return wanted


def make(folder, which, torch):
    """An environment with skmeta and those versions; its Python."""
    venv.create(folder, with_pip=True, clear=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    upgrade = ["--upgrade", "--pre"] if which == "newest" and not torch else []
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *upgrade, *requirements(which, torch)], check=True)
    subprocess.run([*pip, "--no-deps", "-e", str(ROOT)], check=True)
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("which", choices=["oldest", "newest"])
    parser.add_argument("tests", nargs="*", default=["tests"])
    parser.add_argument("--torch", help="this version of torch")
    parser.add_argument("--folder", type=Path, default=ROOT / ".venv")
    args = parser.parse_intermixed_args()
    python = make(args.folder / args.which, args.which, args.torch)
    subprocess.run([python, "-c", "import skmeta; skmeta.show_versions()"], cwd=ROOT, check=True)
    return subprocess.run([python, "-m", "pytest", "-q", *args.tests], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
