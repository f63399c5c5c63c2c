"""Compile the kernel for this machine, and find it again."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

SOURCES = [Path(__file__).with_name("kernel.c"), *sorted(Path(__file__).parent.glob("*.inc"))]
FLAGS = ["-O3", "-march=native", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"]


def folder():
    """Where compiled kernels lie: ``SKMETA_NATIVE``, or ``skmeta/native`` in the user's cache."""
    if named := os.environ.get("SKMETA_NATIVE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "skmeta", "native")


@cache
def compiled_file():
    """The kernel of exactly these sources, flags and processor; a home that machines share has one for each."""
    digest = hashlib.sha256(" ".join(FLAGS).encode() + _processor().encode())
    for source in SOURCES:
        digest.update(source.read_bytes())
    return f"kernel-{digest.hexdigest()[:16]}.so"


def _processor():
    """What the processor can do, in words: a kernel made for another one might not run."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        return next(line for line in text.splitlines() if line.lower().startswith(("flags", "features")))
    except (OSError, StopIteration):
        return " ".join([platform.machine(), platform.processor(), platform.platform()])


def compilers():
    """Commands that may compile C, the most likely first."""
    named = os.environ.get("CC")
    found = [[path] for name in (named, "cc", "gcc", "clang") if name and (path := shutil.which(name))]
    return found + ([[sys.executable, "-m", "ziglang", "cc"]] if find_spec("ziglang") else [])


def build():
    """Compile the kernel for this machine; the path of what was made.

    Raises
    ------
    RuntimeError
        Where no compiler is found, or none of those found succeeds; with what they said.
    """
    target, said = folder() / compiled_file(), []
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as beside:
        made = Path(beside, target.name)
        for compiler in compilers():
            done = subprocess.run([*compiler, *FLAGS, str(SOURCES[0]), "-o", str(made), "-lm"], capture_output=True)
            if done.returncode == 0:
                os.replace(made, target)
                library.cache_clear()
                return target
            said.append(f"{' '.join(compiler)}: {done.stderr.decode(errors='replace').strip()}")
    raise RuntimeError(
        "The kernel was not compiled. " + ("\n".join(said) or 'No C compiler was found; "skmeta[native]" brings one.')
    )


@cache
def library():
    """The loaded kernel, or None where there is none for this machine."""
    try:
        path = folder() / compiled_file()
        return ctypes.CDLL(str(path)) if path.exists() else None
    except (OSError, RuntimeError):  # no home, none that may be read, or a file that is no kernel after all
        return None
