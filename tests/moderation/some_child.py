"""A child process that does what it is told: `python -m tests.moderation.some_child say|die|exit|hang|flood|nice`."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from moderation import child_process


def main() -> int:
    before = os.nice(0)
    child_process.begin(memory_limit_mb=1_000)
    command, *arguments = sys.argv[1:]
    if command == "say":
        for message in arguments:
            child_process.tell(json.loads(message))
            sys.stdout.flush()
            # Progress is passed on a few times a second at most.
            time.sleep(0.3)
    elif command == "nice":
        child_process.tell({"stepped_back": os.nice(0) > before})
    elif command == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif command == "exit":
        return int(arguments[0])
    elif command == "flood":
        for number in range(100_000):
            child_process.tell({"row": number})
    while command == "hang":
        time.sleep(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
