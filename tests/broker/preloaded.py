"""`coupon-stream` for scripts that call it often: each call is a fork of one loaded process.

Loading the product takes seconds, and the pages of `docs/` call it dozens of times. The program
that a script finds as `coupon-stream` hands its arguments, place and streams to this process,
which forks a child that is, from there on, the command itself.
"""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from streams.cli import COMMANDS, cli, main

ROOT = Path(__file__).resolve().parents[2]
# What runs until it is told to end is a process of its own, so that its caller can tell it.
CALLER = """#!{python} -SEs
import json, os, socket, sys
if {{"worker", "console", "kafka", "demo"}} & set(sys.argv[1:2]):
    os.environ["PYTHONPATH"] = {root!r}
    os.execv({python!r}, [{python!r}, "-m", "streams", *sys.argv[1:]])
settings = {{name: value for name, value in os.environ.items() if name.startswith("COUPON_")}}
asked = json.dumps([sys.argv[1:], os.getcwd(), settings]).encode()
with socket.socket(socket.AF_UNIX) as line:
    line.connect({path!r})
    socket.send_fds(line, [asked], [0, 1, 2])
    sys.exit(int(line.recv(16) or b"70"))
"""


@contextmanager
def loaded(folder: Path) -> Iterator[Path]:
    """Load the product once; give the folder in which a script finds `coupon-stream`."""
    path, programs = folder / "line", folder / "bin"
    programs.mkdir()
    caller = programs / "coupon-stream"
    caller.write_text(CALLER.format(python=sys.executable, root=str(ROOT), path=str(path)))
    caller.chmod(caller.stat().st_mode | stat.S_IXUSR)
    command = [sys.executable, "-m", "tests.broker.preloaded", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        try:
            yield programs
        finally:
            server.terminate()


def serve(path: str) -> NoReturn:
    """Answer calls until this process is ended."""
    for name in COMMANDS:
        cli.get_command(None, name)  # type: ignore[arg-type]  # loads the command, needs no context
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children need not be waited for
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while True:
            line, _ = listener.accept()
            asked, streams, _, _ = socket.recv_fds(line, 1 << 16, 3)
            if os.fork() == 0:
                listener.close()
                _become(line, json.loads(asked), streams)
            for stream in streams:
                os.close(stream)
            line.close()


def _become(line: socket.socket, asked: Any, streams: list[int]) -> NoReturn:
    arguments, place, settings = asked
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(place)
    for name in [name for name in os.environ if name.startswith("COUPON_")]:
        del os.environ[name]
    os.environ.update(settings)
    sys.argv = ["coupon-stream", *arguments]
    code: Any = 1
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    line.send(str(code).encode())
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
