"""A program that ends with this process, and the signals that may be sent to it before."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from streams.brokers import BrokerError

_LEASH = Path(__file__).with_name("leash.py")
_REAP_SECONDS = 20.0


class Leashed:
    """A running program on a leash (see `streams.brokers.leash`).

    Parameters
    ----------
    log
        File that takes what the program prints.
    throw_away
        Directory that is removed should this process end without stopping the program.

    Raises
    ------
    BrokerError
        The program could not be started.
    """

    def __init__(self, command: Sequence[str], log: Path, throw_away: Path | None) -> None:
        with log.open("ab") as sink:
            self._leash = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LEASH), str(throw_away or ""), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                start_new_session=True,  # Ctrl-C is for the owner, which stops the program cleanly
            )
        assert self._leash.stdout is not None
        told = self._leash.stdout.readline()
        if not told.strip().isdigit():
            self.close()
            msg = f"{command[0]} must start, did not; see {log}"
            raise BrokerError(msg)
        self.pid = int(told)

    @property
    def leash_pid(self) -> int:
        """Process id of the watchdog."""
        return self._leash.pid

    @property
    def is_running(self) -> bool:
        """Whether the program is alive; a paused one is."""
        return self._leash.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program; one that has ended needs none."""
        if not self.is_running:
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return  # it ended in between

    def ends_within(self, seconds: float) -> bool:
        """Wait for the program to end; tell whether it did."""
        try:
            self._leash.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Let go of the leash, which ends the program if it still runs."""
        for pipe in (self._leash.stdin, self._leash.stdout):
            if pipe is not None:
                pipe.close()
        self._leash.wait(_REAP_SECONDS)
