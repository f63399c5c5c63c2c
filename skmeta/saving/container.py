"""The file itself: named arrays and one text, in the safetensors format; written whole or not at all."""

import hashlib
import json
import math
import os
import secrets
import stat
from glob import escape
from pathlib import Path

import numpy as np

try:
    import fcntl
except ImportError:  # on Windows, where a file that is open cannot be deleted, no lock is needed
    fcntl = None

FORMAT = "skmeta"
FORMAT_VERSION = 2
_DTYPES = {
    "BOOL": "?", "U8": "u1", "U16": "u2", "U32": "u4", "U64": "u8", "I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8",
    "F16": "f2", "F32": "f4", "F64": "f8", "BF16": "u2",
}  # fmt: skip
_NAMES = {np.dtype(kind): name for name, kind in _DTYPES.items() if name != "BF16"}
_ALIGNMENT = 8

# ---------------------------------------------------------------------- writing


def write(path, content, arrays):
    """Write a text and arrays to a file, which then holds all of it; until then the old file stays.

    Parameters
    ----------
    path : str or path
    content : str
    arrays : list of (str, ndarray)
        Each with the name of its safetensors dtype, since numpy has no word for bfloat16.
    """
    write_atomically(Path(path), parts_of(content, arrays))


def parts_of(content, arrays):
    """The bytes of a file, in pieces."""
    header, data, end = {}, [], 0
    for place, (dtype, array) in enumerate(arrays):
        part = np.ascontiguousarray(array).tobytes()
        header[str(place)] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [end, end + len(part)]}
        data.append(part)
        end += len(part)
    digest = _digest(content, header, data)
    about = {"format": FORMAT, "format_version": str(FORMAT_VERSION), "content": content, "sha256": digest}
    text = json.dumps({"__metadata__": about, **header}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return [len(text).to_bytes(8, "little"), text, *data]


def dtype_name(dtype):
    """The safetensors name of a numpy dtype, or None."""
    return _NAMES.get(np.dtype(dtype).newbyteorder("="))


def _digest(content, header, data):
    digest = hashlib.sha256(content.encode())
    digest.update(json.dumps(header, sort_keys=True).encode())
    for part in data:
        digest.update(part)
    return digest.hexdigest()


def write_atomically(path, parts):
    """Write bytes beside a file and put them in its place: whoever reads finds the old ones or the new, all of them."""
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder: name a file to save into.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.parent)!r} to save into: make it first.")
    _remove_what_killed_processes_left(path)
    unfinished, file = _new_file_beside(path)
    try:
        with file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:
                os.replace(unfinished, path)  # while the lock is held, so that nobody takes it for an orphan
        if fcntl is None:
            os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    if fcntl is not None:  # the new name itself is to survive a power cut
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _new_file_beside(path):
    """A file of a name that nobody else has, locked as long as it is open; the umask decides who may read it."""
    while True:
        unfinished = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}.part")
        file = os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o666), "wb")
        try:
            if fcntl is None or _locked(file) and os.fstat(file.fileno()).st_nlink:
                return unfinished, file
        except BaseException:  # an interrupt, before the caller knows of the file
            file.close()
            unfinished.unlink(missing_ok=True)
            raise
        file.close()  # in the moment before the lock another writer took it for an orphan


def _remove_what_killed_processes_left(path):
    """Delete unfinished files of this name that no living process holds open."""
    for orphan in path.parent.glob(f".{escape(path.name[:200])}.*.part"):
        try:
            with open(orphan, "rb+") as file:
                is_orphan = fcntl is None or _locked(file)
                if is_orphan and fcntl is not None:
                    orphan.unlink()
            if is_orphan and fcntl is None:
                orphan.unlink()
        except OSError:
            continue  # another process's, or gone already


def _locked(file):
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: whoever has made a file owns it
        return file.writable() and "+" not in file.mode
    return True


_BINARY = getattr(os, "O_BINARY", 0)

# ---------------------------------------------------------------------- reading


def read(path):
    """What a file holds: its format version, its text, its arrays by name, and its size in bytes.

    The whole is read once, and checked before anything is made of it; arrays are copies, so that the file may change
    afterwards.
    """
    data = _bytes_of(Path(path))
    return *parsed(data, path), len(data)


def parsed(data, path):
    """The format version, the text and the arrays by name of a file's bytes; ``path`` is what errors call it."""
    try:
        header, start = _header(data)
        about = header.pop("__metadata__", {})
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise ValueError(f"{path} is a safetensors file, but not one that an estimator of skmeta was saved in.")
        version = _version(path, about)
        content = about.get("content")
        arrays = {name: _array(entry, data, start) for name, entry in header.items()}
    except _Damaged as error:
        raise ValueError(f"{path} is not a file saved by skmeta, or it is truncated or damaged: {error}.") from None
    if not isinstance(content, str) or about.get("sha256") != _digest_of_version(version, content, header, arrays):
        raise ValueError(f"{path} has been changed since it was saved: its checksum does not match.")
    return version, content, {name: (entry["dtype"], arrays[name]) for name, entry in header.items()}


class _Damaged(Exception):
    """A file that is not what a safetensors file must be."""


def _bytes_of(path):
    try:
        # never waits for a pipe's other end
        descriptor = os.open(path, os.O_RDONLY | _BINARY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {str(path)!r}.") from None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise ValueError(f"{str(path)!r} is a folder, a pipe or a device, not a file.")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(about.st_size)


def _header(data):
    if len(data) < 8:
        raise _Damaged(f"it has {len(data)} bytes")
    start = 8 + int.from_bytes(data[:8], "little")
    if start > len(data):
        raise _Damaged(f"its header should have {start - 8} bytes, and {len(data) - 8} are left")
    try:
        header = json.loads(data[8:start].decode())
    except (ValueError, RecursionError) as error:
        raise _Damaged(f"its header is no JSON ({type(error).__name__})") from None
    if not isinstance(header, dict):
        raise _Damaged("its header is no table")
    end = 0
    for name, entry in header.items():
        if name != "__metadata__":
            end = _checked(name, entry, end)
    if start + end != len(data):
        raise _Damaged(f"its arrays should have {end} bytes, and it has {len(data) - start}")
    return header, start


def _checked(name, entry, end):
    """Where an array ends that must begin at ``end``: without a gap, and as long as its shape says."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str) or entry["dtype"] not in _DTYPES:
        raise _Damaged(f"array {name!r} has no dtype that is known")
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    sizes = [shape, offsets] if isinstance(shape, list) and isinstance(offsets, list) else [[-1]]
    if not all(type(size) is int and 0 <= size < 2**62 for group in sizes for size in group) or len(shape) > 32:
        raise _Damaged(f"array {name!r} has no shape that can be")
    n_bytes = math.prod(shape) * np.dtype(_DTYPES[entry["dtype"]]).itemsize
    if offsets != [end, end + n_bytes] or math.prod(size for size in shape if size) >= 2**62:
        raise _Damaged(f"array {name!r} does not lie where it should")
    return end + n_bytes


def _array(entry, data, start):
    dtype, (first, _) = np.dtype(_DTYPES[entry["dtype"]]), entry["data_offsets"]
    flat = np.frombuffer(data, dtype.newbyteorder("<"), math.prod(entry["shape"]), start + first)
    return flat.astype(dtype, copy=True).reshape(entry["shape"])


def _version(path, about):
    version = about.get("format_version", "")
    if not (isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 9):
        version = str(version)[:20]
    elif 1 <= int(version) <= FORMAT_VERSION:
        return int(version)
    raise ValueError(
        f"{path} has format version {version!r}, and this version of skmeta reads versions 1 to {FORMAT_VERSION}. "
        "Update skmeta to read newer files."
    )


def _digest_of_version(version, content, header, arrays):
    try:
        if version > 1:
            return _digest(content, header, [array.tobytes() for array in arrays.values()])
        digest = hashlib.sha256(content.encode())
        for name in sorted(arrays):
            digest.update(name.encode())
            digest.update(arrays[name].tobytes())
        return digest.hexdigest()
    except UnicodeEncodeError:  # lone surrogates, which no saved text has
        return None
