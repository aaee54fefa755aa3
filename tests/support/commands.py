"""The project's commands, run as people run them: as processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.times import AHEAD

ROOT = Path(__file__).parents[2]
STARTUP = Path(__file__).parent / "startup"
PATIENCE = 40.0
"""Seconds after which a condition counts as never met; the machine may have other things to do."""


class Command:
    """`flask --app wsgi ...` in a process group of its own, what it writes kept in files."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], settings: Mapping[str, str]) -> None:
        self._out, self._err = folder / f"{id(self)}.out", folder / f"{id(self)}.err"
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", AHEAD) if name in os.environ}
        defaults = {"SECRET_KEY": "only for tests, and long enough", "SMS_FILE": str(folder / "sms.jsonl")}
        defaults |= {"NO_PROXY": "*", "PYTHONPATH": str(STARTUP)}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
                cwd=ROOT,
                env=plain | defaults | dict(settings),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._out.read_text()

    @property
    def errors(self) -> str:
        return self._err.read_text()

    def end(self, sign: signal.Signals) -> int:
        """Send the signal to this process alone, and wait for its exit code."""
        self.process.send_signal(sign)
        return self.wait()

    def press_ctrl_c(self) -> int:
        """What a terminal does: the signal goes to every process of the group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(PATIENCE)


@contextmanager
def started(folder: Path, *arguments: str, **settings: str) -> Iterator[Command]:
    """The running command; whatever is left of it is killed afterwards."""
    command = Command(folder, arguments, settings)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)
            command.process.wait()


def run(folder: Path, *arguments: str, **settings: str) -> Command:
    """The command after its end."""
    with started(folder, *arguments, **settings) as command:
        command.wait()
        return command


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is no corpse that nobody has buried."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
