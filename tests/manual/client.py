"""Has `preload_server.py` start one of our programs: `client.py ADDRESS MODULE ARGUMENT…`."""

import json
import os
import signal
import socket
import sys

address, module, *arguments = sys.argv[1:]
request = {
    "module": module,
    "arguments": arguments,
    "folder": os.getcwd(),  # noqa: PTH109 - loads nothing
    "environment": dict(os.environ),
    "session": False,
    "held": False,
}
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
    connection.connect("\0" + address)
    socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
    pid = int(connection.recv(64))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda given, _: os.kill(pid, given))
    code = int(connection.recv(64))
sys.exit(code if code >= 0 else 128 - code)
