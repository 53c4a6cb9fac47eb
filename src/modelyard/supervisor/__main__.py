"""``python -m modelyard.supervisor HOME``."""

import sys

from modelyard.supervisor.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
