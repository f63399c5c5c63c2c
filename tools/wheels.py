"""Make the wheels of every system on this one, by zig, and check what is in them.

    pip install build hatchling ziglang auditwheel
    python tools/wheels.py dist                      # all of them
    python tools/wheels.py dist linux-x86_64         # or some

A wheel is checked for its tag, for the libraries of all instruction sets and nothing else that is compiled, for their
digests and the processor and system that they are for, and on Linux for what they ask of the C library; there
auditwheel is asked too, if it is installed. ``--check`` checks wheels that lie there already.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from hatch_build import LEVELS, TARGETS  # noqa: E402

#: the machine's number in ELF, Mach-O and PE files
MACHINES = {"x86_64": (62, 0x01000007, 0x8664), "aarch64": (183, 0x0100000C, 0xAA64)}
FUNCTIONS = [
    b"adapt_float32",
    b"derivative_float64",
    b"class_means_logits_float32",
    b"ridge_float64",
    b"answer_rows_float32",
]
OLDEST_GLIBC = 2, 17


class Fault(Exception):
    """A wheel is not what its name says."""


def make(target, folder):
    """Build the wheel of a target; its path."""
    before = set(folder.glob("*.whl"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder.resolve())]
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, "SKMETA_TARGET": target}, check=True, stdout=subprocess.DEVNULL
    )
    return next(iter(set(folder.glob("*.whl")) - before), next(folder.glob(f"*{TARGETS[target][1]}.whl")))


def check(path):
    """Raise a Fault unless the wheel holds what its tag promises."""
    tag = path.stem.split("-", 2)[2]
    targets = [name for name, (_, wanted) in TARGETS.items() if tag == f"py3-none-{wanted}"]
    expect(targets, f"the tag {tag} is none of ours")
    zig_target = TARGETS[targets[0]][0]
    machine, system = zig_target.split("-")[0], zig_target.split("-")[1].split(".")[0]
    with zipfile.ZipFile(path) as wheel:
        expect(wheel.testzip() is None, "the archive is damaged")
        names = wheel.namelist()
        about = wheel.read(next(name for name in names if name.endswith(".dist-info/WHEEL"))).decode()
        expect("Root-Is-Purelib: false" in about, "it is marked as pure")
        written = sorted(re.findall(r"^Tag: py3-none-(.*)$", about, re.M))
        expect(written == sorted(TARGETS[targets[0]][1].split(".")), f"WHEEL has the tags {written}")
        expect(not [name for name in names if name.endswith((".c", ".inc"))], "there are sources of the kernel in it")
        record = json.loads(wheel.read("skmeta/native/_kernel.json"))
        libraries = {level: f"skmeta/native/_kernel_{level}{record['suffix']}" for level in LEVELS[machine]}
        binaries = {name for name in names if name.endswith((".so", ".dll", ".dylib", ".pyd", ".lib", ".pdb", ".a"))}
        expect(binaries == set(libraries.values()), f"the compiled files are {sorted(binaries)}")
        expect(set(record["digests"]) == set(libraries), "digests are of other libraries")
        for level, name in libraries.items():
            content = wheel.read(name)
            expect(hashlib.sha256(content).hexdigest() == record["digests"][level], f"the digest of {name}")
            check_library(name, content, machine, system)
    if system == "linux" and importlib.util.find_spec("auditwheel"):
        said = subprocess.run([sys.executable, "-m", "auditwheel", "show", str(path)], capture_output=True, text=True)
        said = " ".join((said.stdout + said.stderr).split())
        expect(f"manylinux_2_17_{machine}" in said or f"manylinux2014_{machine}" in said, f"auditwheel says: {said}")
    return targets[0]


def check_library(name, content, machine, system):
    """Whether a library is for that machine and system, has the kernel's functions, and asks for nothing unusual."""
    elf, mach, windows = MACHINES[machine]
    if system == "linux":
        found = content[:4] == b"\x7fELF" and struct.unpack_from("<H", content, 18)[0] == elf
        asked = {tuple(map(int, version)) for version in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)}
        expect(max(asked, default=(0, 0)) <= OLDEST_GLIBC, f"{name} asks for glibc {max(asked, default=None)}")
        needed = set(re.findall(rb"lib[\w+-]+\.so[.\d]*", content)) - {b"libc.so.6", b"libm.so.6"}
        expect(not needed, f"{name} needs {needed}")
    elif system == "macos":
        found = content[:4] == b"\xcf\xfa\xed\xfe" and struct.unpack_from("<I", content, 4)[0] == mach
    else:
        place = struct.unpack_from("<I", content, 60)[0]
        found = content[place : place + 4] == b"PE\0\0" and struct.unpack_from("<H", content, place + 4)[0] == windows
    expect(found, f"{name} is not for {system} on {machine}")
    missing = [function.decode() for function in FUNCTIONS if function not in content]
    expect(not missing, f"{name} lacks {missing}")


def expect(holds, otherwise):
    if not holds:
        raise Fault(otherwise)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], default=[])
    parser.add_argument("--check", action="store_true", help="only check the wheels that are in the folder")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    paths = sorted(args.folder.glob("*.whl")) if args.check else [
        make(target, args.folder) for target in args.targets or TARGETS
    ]  # fmt: skip
    faults = 0
    for path in paths:
        try:
            print(f"{path.name}: {check(path)}, {path.stat().st_size / 1e6:.1f} MB, as it should be", flush=True)
        except Fault as fault:
            faults += 1
            print(f"{path.name}: {fault}", flush=True)
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
