"""Which compiled kernel is loaded: the best that was built of those that this processor can run, or none."""

import ctypes
import hashlib
import json
import os
import platform
import warnings
from functools import cache
from pathlib import Path

import torch

FOLDER = Path(__file__).parent
#: what a processor can run, the best first, by what torch says that it is capable of
LEVELS = {"AVX512": ["avx512", "avx2", "baseline"], "AVX2": ["avx2", "baseline"]}
OTHERWISE = ["neon"] if platform.machine().lower() in ("aarch64", "arm64") else ["baseline"]


@cache
def library():
    """The loaded kernel, or None: not built, turned off by ``SKMETA_KERNEL=0``, or not what was built."""
    return _load(_level())


def state():
    """What :func:`library` found, in words: an instruction set, or why there is none."""
    if os.environ.get("SKMETA_KERNEL") == "0":
        return "off (SKMETA_KERNEL=0)"
    if _is_out_of_date():
        return "out of date (`python hatch_build.py` compiles it again)"
    level = _level()
    return "not built" if level is None else level if library() is not None else f"{level}, damaged"


def levels():
    """The instruction sets that were built and that this processor can run, the best first."""
    able = LEVELS.get(torch.backends.cpu.get_cpu_capability(), OTHERWISE)
    if _is_out_of_date():
        return []
    return [level for level in able if level in _record()["digests"]]


def _level():
    """The instruction set to use, or None."""
    return None if os.environ.get("SKMETA_KERNEL") == "0" else next(iter(levels()), None)


@cache
def _is_out_of_date():
    """Whether this is a checkout whose sources are not those of the libraries; a package has no sources."""
    sources = sorted(FOLDER.glob("*.[ci]*"))
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    return bool(sources and _record()["digests"]) and _record()["sources"] != wanted


@cache
def _record():
    """What the build says it made."""
    try:
        record = json.loads((FOLDER / "_kernel.json").read_text())
        digests, sources = dict(record["digests"]), record.get("sources")
        return {"suffix": str(record["suffix"]), "digests": digests, "sources": sources}
    except (OSError, ValueError, KeyError, TypeError):
        return {"suffix": "", "digests": {}, "sources": None}


def _load(level):
    """The library of an instruction set, after its digest: a file cut short would end the process, not raise."""
    if level is None:
        return None
    path = FOLDER / f"_kernel_{level}{_record()['suffix']}"
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() == _record()["digests"][level]:
            return ctypes.CDLL(str(path))
        reason = "it is not what was built"
    except OSError as error:
        reason = str(error)
    warnings.warn(
        f"skmeta runs without its kernel, with the same results but slower: {path} cannot be used ({reason}). "
        "Reinstall skmeta; SKMETA_KERNEL=0 silences this.",
        RuntimeWarning,
        stacklevel=2,
    )
    return None
