"""Nothing is asked of a network: not at import, in fit, in predict or in load, and not by what the library needs."""

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
import skmeta
from tests.campaign.subjects import ESTIMATORS, fitted, quiet, rows_for

with tempfile.TemporaryDirectory() as folder, quiet():
    path = os.path.join(folder, "file")
    for name in ESTIMATORS:  # of which each is fitted, and adapted where it can be
        estimator = fitted(name)
        estimator.save(path)
        skmeta.load(path).predict(rows_for(name)[2])
print("done")
"""


def test_no_socket_is_opened_at_import_in_fit_or_in_loading():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment)
    assert done.stdout.strip().endswith("done"), done.stderr[-2000:]
