"""``python -m modelyard_worker --fd N --page-fd M``: one worker, started by its front."""

import os
import sys

if __name__ == "__main__":
    # -m puts the working folder first; the user's http.py or email.py must not become ours
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]

    from modelyard_worker.process import main

    sys.exit(main(sys.argv[1:]))
