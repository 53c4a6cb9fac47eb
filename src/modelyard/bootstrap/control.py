"""``python -m modelyard.bootstrap.control``: the process of API and reconciler."""

import gc
import importlib
import logging
import sys

from modelyard import settings as settings_
from modelyard.domain.errors import ModelyardError


def main() -> int:
    """The process; its log goes to stderr."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # nothing becomes garbage while modules are imported: looking for it costs a tenth of the start
    gc.disable()
    process = importlib.import_module("modelyard.bootstrap.control_process")
    try:
        process.run(settings_.read())
    except ModelyardError as error:
        logging.getLogger("modelyard.control").error("%s", error.message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
