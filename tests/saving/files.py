"""Files as an attacker would make them: changed at will, and right in all that is checked."""

import hashlib
import json

import numpy as np

import skmeta
from skmeta.saving import container
from skmeta.tasks import GaussianClusters


def small_estimator(**settings):
    """An adapted estimator whose file has a bit of everything."""
    tasks = GaussianClusters(n_ways=2, n_shots=3, n_query=2, n_features=3).sample(4, random_state=0)
    meta = skmeta.ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, module__n_hidden=4, random_state=0, **settings)
    names = np.array(["no", "yes"])
    meta.fit([(task.X, names[task.y]) for task in tasks])
    X, y = tasks[0].X, names[tasks[0].y]
    ids = np.repeat(["a", "b"], [2, len(y) - 2])
    return meta.partial_fit(X, y, task=ids).partial_fit(X, y), X


def parts_of(path):
    """The content and the arrays of a file of the present format."""
    _, content, arrays, _ = container.read(path)
    return json.loads(content), [arrays[str(place)] for place in range(len(arrays))]


def forge(path, content, arrays):
    """A file with checksums that are right, whatever is in it."""
    container.write(path, content if isinstance(content, str) else json.dumps(content), arrays)


def rewritten(path, change):
    content, arrays = parts_of(path)
    change(content)
    forge(path, content, arrays)


def with_header(path, change):
    """The file with another safetensors header, checksum included where it can be."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    about = header.pop("__metadata__", None)
    if about is not None and isinstance(about.get("content"), str):
        digest = hashlib.sha256(about["content"].encode())
        digest.update(json.dumps(header, sort_keys=True).encode())
        digest.update(data[8 + length :])
        about["sha256"] = digest.hexdigest()
        header = {"__metadata__": about, **header}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])


def state_of(content):
    """The attributes of the estimator in a file's content."""
    return content["object"]["object"][1]


def net_of(content):
    return state_of(content)["net_"]["object"][1]
