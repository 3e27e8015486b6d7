"""A real head office in a folder of its own, served by the built program for as long as a `with` block lasts.

What it is asked on its command line stands here; what it is asked over the network is the client's.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

READY = re.compile(r"ready on http://([0-9.]+):(\d+)")


class Office:
    """`daybook-server` over a new organisation."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.folder = tempfile.TemporaryDirectory(prefix="daybook-interop-")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("DAYBOOK_")}

    def say(self, *arguments: str) -> str:
        line = [str(self.program), "--data", f"{self.folder.name}/office", *arguments]
        return subprocess.run(line, env=self.environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def enrol_code(self, store: str, till: str) -> str:
        return self.say("enrol-code", "--store", store, "--till", till).split("\n")[0]

    def __enter__(self) -> "Office":
        self.say("init", "--name", "Corner Shop", "--currency", "EUR", "--time-zone", "Europe/Berlin")
        line = [str(self.program), "--data", f"{self.folder.name}/office", "--log", "error", "serve", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(line, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        ready = READY.search(self.process.stdout.readline())
        if not ready:
            self.__exit__(None, None, None)
            raise RuntimeError("head office does not start")
        self.host, self.port = ready[1], int(ready[2])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.terminate()
        ended = self.process.wait(timeout=30)
        self.folder.cleanup()
        if ended != 0 and kind is None:
            raise RuntimeError(f"head office ended with {ended}")
