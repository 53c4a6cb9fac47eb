"""What scripts print and log is what the front reads on stdout and stderr."""

import re

LINE = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} %s \[\d+\] %s - %s$"


def has_line(log, level, name, text):
    return re.search(LINE % (level, name, text), log, re.MULTILINE) is not None


def test_prints_and_log_lines_come_at_once_and_in_order(serve, python):
    worker = serve(
        """
        import logging

        def init():
            print("printed")
            logging.info("through the root")
            logging.getLogger("mine").warning("through a logger")
            print("ünï \\udcff")

        def run(data):
            return 1
        """,
        python,
    )

    lines = worker.log.splitlines()

    assert lines[0] == "printed"
    assert has_line(lines[1], "I", "root", "through the root")
    assert has_line(lines[2], "W", "mine", "through a logger")
    assert lines[3] == "ünï \\udcff"


def test_the_level_comes_from_the_environment(serve, python):
    script = """
    import logging
    logging.debug("fine")
    logging.warning("coarse")

    def run(data):
        return 1
    """

    fine = serve(script, python, AZUREML_LOG_LEVEL="debug")
    coarse = serve(script, python, AZUREML_LOG_LEVEL="ERROR")
    odd = serve(script, python, AZUREML_LOG_LEVEL="loud")

    assert "fine" in fine.log
    assert "coarse" not in coarse.log
    assert "coarse" in odd.log
    assert "fine" not in odd.log


def test_a_script_that_configures_logging_itself_is_left_alone(serve, python):
    worker = serve(
        """
        import logging
        logging.basicConfig(format="mine: %(message)s", level=logging.DEBUG)

        def run(data):
            logging.debug("hello")
            raise ValueError
        """,
        python,
    )

    worker.score("a")

    assert "mine: hello\n" in worker.log
    assert worker.log.count("hello") == 1
    assert has_line(worker.log, "E", "modelyard", r"run\(\) failed \(request request-1\)")


def test_a_handler_of_the_scripts_own_does_not_double_the_lines(serve, python):
    worker = serve(
        """
        import logging, sys
        logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))

        def run(data):
            logging.warning("once")
            return 1
        """,
        python,
    )

    worker.score("a")

    assert worker.log.count("once") == 1


def test_log_lines_can_carry_the_request_id(serve, python):
    worker = serve(
        """
        import logging
        logging.basicConfig(format="%(request_id)s|%(message)s", level=logging.INFO)
        logging.info("outside")

        def run(data):
            logging.info("inside")
            return 1
        """,
        python,
    )

    worker.score("a", headers={})

    assert "\n|outside" in "\n" + worker.log
    assert "request-1|inside" in worker.log


def test_a_crash_of_native_code_leaves_its_python_stack(serve, python):
    worker = serve("import ctypes\ndef run(data):\n    ctypes.string_at(0)\n", python)

    worker.ask("a")

    assert worker.wait() < 0
    assert "Segmentation fault" in worker.log
    assert "score.py" in worker.log
