"""witness.py TRUTH_URL COMMAND [ARGUMENT...]: for steps that are processes, what `witness` of the image is for pods.

Tells the truth server before COMMAND starts and after it has ended, and ends as it ended; with 99, and without running
it, when the start cannot be told.
"""

import os
import subprocess
import sys
import urllib.parse
import urllib.request

# The truth server answers once its line is on the disk.
SECONDS = 10


def report(kind: str, **more: object) -> None:
    step, attempt = os.environ["STEPOP_STEP_RUN_ID"], os.environ.get("STEPOP_ATTEMPT", "")
    query = urllib.parse.urlencode({"step": step, "attempt": attempt, "pod": f"process {os.getpid()}", **more})
    urllib.request.urlopen(f"{sys.argv[1]}/{kind}?{query}", timeout=SECONDS).read()


def main() -> int:
    try:
        report("start")
    except OSError as error:
        print(f"witness: the start cannot be told, so nothing is run: {error}", file=sys.stderr)
        return 99
    code = subprocess.call(sys.argv[2:])
    report("end", exit=code)
    return code


if __name__ == "__main__":
    sys.exit(main())
