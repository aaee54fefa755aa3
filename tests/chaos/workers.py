"""Workers as processes that can be killed one by one; as a program, which loads everything once and forks them.

For every line on its standard input it starts a worker, set up by the environment, and answers with its process id.
"""

import multiprocessing
import os
import sys

from kit_booking import create_app, worker
from kit_booking.clock import utc_now
from tests.times import follow_clock


def main() -> None:
    follow_clock()
    forking = multiprocessing.get_context("fork")
    app = create_app()
    for _ in sys.stdin:
        process = forking.Process(target=worker.run, args=(app, utc_now, os.getpid()), daemon=True)
        process.start()
        sys.stdout.write(f"{process.pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
