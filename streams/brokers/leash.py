"""Run a command that cannot outlive the program which started it, however that program ends.

Run as a script by `LocalKafka`, with nothing but the standard library. Its standard input is a pipe
that only the owner holds: the pipe closes when the owner exits, crashes or is killed with -9, and
then the command is killed and its throw-away directory removed. A death signal set on the command
itself covers the other end, a leash that is killed; the owner cannot set it alone, because the
kernel ties it to the *thread* that started the command.

Usage: leash.py DIRECTORY_TO_REMOVE_OR_EMPTY COMMAND [ARGUMENT ...]
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def _death_signal() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # looked up before the fork: nothing may be loaded after it

    def die_with_the_leash() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return die_with_the_leash


def run(throw_away: str, command: list[str]) -> int:
    """Start the command, print its process id, and return its exit code."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=sys.stderr,
        preexec_fn=_death_signal(),
    )
    print(child.pid, flush=True)
    orphaned = threading.Event()

    def watch_the_owner() -> None:
        while os.read(sys.stdin.fileno(), 64):  # unbuffered: holds no lock when the process ends
            pass
        orphaned.set()
        child.kill()  # not SIGTERM: a paused process would keep it waiting

    threading.Thread(target=watch_the_owner, daemon=True).start()
    code = child.wait()
    if orphaned.is_set() and throw_away:
        shutil.rmtree(throw_away, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]) & 0xFF)
