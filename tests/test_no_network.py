"""Nothing is asked of a network: not at import, not in fit, not in predict, not by what the library depends on."""

import os
import subprocess
import sys

PROGRAM = """
import socket, _socket

def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")

class Refused(_socket.socket):
    __init__ = refuse

socket.socket = _socket.SocketType = Refused
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse

import os, tempfile
import numpy as np
import skmeta
from skmeta.tasks import GaussianClusters

tasks = GaussianClusters(n_ways=2, n_shots=3, n_query=3).sample(6, random_state=0)
X, y = tasks[0].X, tasks[0].y
for estimator in (skmeta.ProtoNetClassifier(max_epochs=1, steps_per_epoch=1), skmeta.InContextClassifier()):
    estimator.fit(tasks) if estimator.max_epochs == 1 else estimator.fit(X, y)
    estimator.adapt(X, y).predict(X)
    with tempfile.TemporaryDirectory() as folder:
        estimator.save(os.path.join(folder, "file"))
        skmeta.load(os.path.join(folder, "file")).predict(X)
print("done")
"""


def test_no_socket_is_opened_at_import_in_fit_or_in_loading():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment)
    assert done.stdout.strip().endswith("done"), done.stderr[-2000:]
