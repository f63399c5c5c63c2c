"""The kernel is compiled when the package is built: hatchling calls this for ``pip install .`` and for wheels.

``pip install .`` finds a C compiler (``CC``, cc, gcc, clang, zig or ``ziglang``) and puts one library for each
instruction set into the wheel, of which the processor's best is loaded; without a compiler it makes the same wheel
without them, and says so. In a checkout,

    python hatch_build.py

compiles them in place, as an editable install does. ``SKMETA_TARGET``, one of :data:`TARGETS`, compiles for another
system by zig; ``tools/wheels.py`` makes the wheels of all of them.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # in a checkout, where nobody builds a wheel
    BuildHookInterface = object

NATIVE = Path(__file__).parent / "skmeta" / "native"
FLAGS = ["-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math"]
FLAGS += ["-ffp-contract=fast"]

#: the compiler's flags for each instruction set, by the machine
X86 = {
    "baseline": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx2", "-mfma", "-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq"],
}
LEVELS = {"x86_64": X86, "aarch64": {"neon": []}}
#: other systems by zig: its name of the target, and the wheel's tag
TARGETS = {
    "linux-x86_64": ("x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
    "linux-aarch64": ("aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64.manylinux2014_aarch64"),
    "macos-x86_64": ("x86_64-macos.11.0", "macosx_11_0_x86_64"),
    "macos-arm64": ("aarch64-macos.11.0", "macosx_11_0_arm64"),
    "windows-x86_64": ("x86_64-windows-gnu", "win_amd64"),
    "windows-arm64": ("aarch64-windows-gnu", "win_arm64"),
}
SECONDS_OF_A_COMPILER = 900


class NotCompiled(RuntimeError):
    """There is no compiler, or none that made what was asked for; with what they said."""


class KernelHook(BuildHookInterface):
    def initialize(self, version, build_data):
        """Compile into the checkout for an editable install, else into the wheel alone."""
        if self.target_name != "wheel":
            return
        target = os.environ.get("SKMETA_TARGET")
        self.made = None if version == "editable" else tempfile.mkdtemp()
        try:
            files = build(NATIVE if self.made is None else Path(self.made), target)
        except NotCompiled as error:
            if target:
                raise
            self.app.display_warning(f"{error}\nThe package is built without its kernel: same results, more time.")
            return
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + (TARGETS[target][1] if target else this_platform())
        if self.made is not None:
            build_data["force_include"].update({str(path): f"skmeta/native/{path.name}" for path in files})

    def finalize(self, version, build_data, artifact_path):
        if getattr(self, "made", None):
            shutil.rmtree(self.made, ignore_errors=True)


def this_platform():
    """The platform of this machine as wheels name it."""
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def build(folder, target=None):
    """Compile the kernel for every instruction set of a target, or of this machine; the files that were made.

    The last one, ``_kernel.json``, has the digest of each library, which is checked before it is loaded.

    Raises
    ------
    NotCompiled
    """
    zig_target = TARGETS[target][0] if target else None
    machine = zig_target.split("-")[0] if target else platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    system = zig_target.split("-")[1].split(".")[0] if target else {"win32": "windows"}.get(sys.platform)
    levels, suffix, said = LEVELS.get(machine, {"baseline": []}), ".dll" if system == "windows" else ".so", []
    with tempfile.TemporaryDirectory() as beside:
        for compiler in compilers(zig_target):
            paths = {level: Path(beside, f"_kernel_{level}{suffix}") for level in levels}
            jobs = [(compiler, flags, paths[level], target) for level, flags in levels.items()]
            try:
                # zig makes a target's C library first, and several of it that want to do so wait for one another
                with ThreadPoolExecutor(1 if target else os.cpu_count()) as pool:
                    list(pool.map(compile_one, *zip(*jobs)))
            except (NotCompiled, OSError, subprocess.TimeoutExpired) as error:
                said.append(f"{' '.join(compiler)}: {error}")
                continue
            digests = {level: hashlib.sha256(path.read_bytes()).hexdigest() for level, path in paths.items()}
            record = Path(beside, "_kernel.json")
            about = {"suffix": suffix, "digests": digests, "sources": digest_of_sources()}
            record.write_text(json.dumps(about, indent=1) + "\n")
            for old in folder.glob("_kernel*"):
                old.unlink()
            return [Path(shutil.copy(path, folder)) for path in [*paths.values(), record]]
    raise NotCompiled("\n".join(["The kernel was not compiled.", *(said or ["No C compiler was found."])]))


def digest_of_sources():
    """What a library was made from: in a checkout, one of other sources is out of date."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(NATIVE.glob("*.[ci]*")))).hexdigest()


def compile_one(compiler, flags, path, target):
    """Compile one library, and see that this machine can open it if it is for this machine."""
    libraries = [] if path.suffix == ".dll" else ["-lm"]
    command = [*compiler, *FLAGS, *flags, str(NATIVE / "kernel.c"), "-o", str(path), *libraries]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS_OF_A_COMPILER)
    if done.returncode == 0 and not target:
        opened = f"import ctypes; ctypes.CDLL({str(path)!r}).adapt_float64"
        done = subprocess.run([sys.executable, "-c", opened], capture_output=True, text=True, timeout=60)
    if done.returncode or not path.is_file():
        raise NotCompiled(done.stderr.strip() or "nothing was written")


def compilers(zig_target=None):
    """Commands that may compile C for a target of zig's, or for this machine; the likeliest first."""
    zigs = [[path] for name in ("zig", "python-zig") if (path := shutil.which(name))]
    zigs += [[sys.executable, "-m", "ziglang"]] if find_spec("ziglang") else []
    # zig compiles for the very machine it runs on unless it is told a processor
    zigs = [[*zig, "cc", *(["-target", zig_target] if zig_target else []), "-mcpu=baseline", "-s"] for zig in zigs]
    if zig_target:
        return zigs
    named = [name for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name]
    found = dict.fromkeys(path for name in named if (path := shutil.which(name)))
    return [[path] for path in found] + zigs


if __name__ == "__main__":
    try:
        print("Compiled", *(path.name for path in build(NATIVE)), f"into {NATIVE}.")
    except NotCompiled as error:
        raise SystemExit(str(error)) from None
