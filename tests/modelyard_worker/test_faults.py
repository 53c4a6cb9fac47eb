"""Scripts that cannot be imported or initialised: where, why, and what to change."""

import pytest

from modelyard_worker.frames import FAULT
from tests.modelyard_worker.worker import write_script


def fault_of(worker, **greeting):
    frame = worker.greet(**greeting)
    assert frame.type == FAULT, frame.head
    assert worker.wait() == 3
    return frame.head


def test_init_that_raises_is_told_with_the_deepest_line_of_the_users_own_code(launch, python):
    worker = launch(None, python)
    write_script(worker.folder, "import json\n\ndef load():\n    json.loads('{')\n", "helper.py")
    write_script(
        worker.folder,
        "import helper\n\ndef init():\n    helper.load()\n\ndef run(data):\n    return 1\n",
    )

    fault = fault_of(worker)

    assert fault["phase"] == "init"
    assert fault["type"] == "JSONDecodeError"
    assert (fault["file"], fault["line"]) == ("helper.py", 4)
    assert fault["traceback"].startswith("Traceback")
    assert "modelyard_worker" not in fault["traceback"]
    assert "init() failed" in worker.log


def test_a_script_that_is_no_python_is_told_without_a_frame_of_the_worker(launch, python):
    worker = launch(None, python)
    write_script(worker.folder, "def run(data:\n")

    fault = fault_of(worker)

    assert "def run(data:" in fault["traceback"]
    assert "modelyard_worker" not in fault["traceback"]


def test_a_script_in_a_folder_imports_its_neighbours_and_what_lies_in_the_root(launch, python):
    worker = launch(None, python)
    write_script(worker.folder, "VALUE = 1\n", "at_root.py")
    write_script(worker.folder, "VALUE = 2\n", "source/neighbour.py")
    write_script(
        worker.folder,
        "import at_root, neighbour\ndef run(data):\n    return at_root.VALUE + neighbour.VALUE\n",
        "source/score.py",
    )

    assert worker.greet(entry_script="source/score.py").head["ready"]
    assert worker.score("a").json == 3


@pytest.mark.parametrize(
    ("script", "phase", "message"),
    [
        ("def init(): pass\n", "import", "defines no function run(data)"),
        ("def run(): pass\n", "import", "run() takes no parameter"),
        ("def run(*data): pass\n", "import", "cannot accept positional-only arguments, *args"),
        ("def run(data, other): pass\n", "import", "run() needs 'other' besides 'data'"),
        ("def run(data:\n", "import", ""),
        ("import sys\nsys.exit(5)\n", "import", "the script called sys.exit(5)"),
        ("def run(d): pass\ndef init():\n    raise SystemExit\n", "init", "sys.exit()"),
        (None, "import", "There is no entry script 'score.py'"),
    ],
)
def test_a_script_against_the_contract_is_told_in_a_sentence(
    launch, python, script, phase, message
):
    fault = fault_of(launch(script, python))

    assert fault["phase"] == phase
    assert message in fault["message"]


def test_a_syntax_error_names_its_file_and_line(launch, python):
    fault = fault_of(launch("x = 1\ndef run(data):\n    return (\n", python))

    assert fault["type"] == "SyntaxError"
    assert fault["file"] == "score.py"
    assert fault["line"] >= 3


def test_a_script_that_fails_beside_a_running_thread_still_ends(launch, python):
    script = """
    import threading, time
    threading.Thread(target=time.sleep, args=(600,)).start()
    raise ValueError("no")
    """

    assert fault_of(launch(script, python))["message"] == "no"


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("cv2", "opencv-python"),
        ("PIL.Image", "pillow"),
        ("yaml", "pyyaml"),
        ("nowhere_to_be_found", "nowhere_to_be_found"),
    ],
)
def test_a_missing_module_names_the_package_to_add(launch, runtime, module, package):
    # -S: no site-packages, so that nothing is there
    worker = launch(
        f"import sys\nsys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
        f"import {module}\n"
    )

    fault = fault_of(worker)

    assert fault["type"] == "ModuleNotFoundError"
    assert f"Add '{package}' to the environment's packages" in fault["hint"]


def test_a_submodule_that_is_gone_hints_at_another_version(launch):
    fault = fault_of(launch("import email\nimport email.gone_since\n"))

    assert "made with another version of 'email'" in fault["hint"]


@pytest.fixture
def model_dir(tmp_path):
    folder = tmp_path / "azureml-models" / "sentiment" / "1"
    (folder / "sentiment-analysis").mkdir(parents=True)
    (folder / "sentiment-analysis" / "config.json").write_text("{}")
    return folder


NEEDED = (
    "The registered folder lies one level below AZUREML_MODEL_DIR: "
    "use os.path.join(os.getenv('AZUREML_MODEL_DIR'), 'sentiment-analysis')"
)


def test_a_path_one_level_too_high_gets_the_right_one(launch, python, model_dir):
    script = """
    import os

    def init():
        open(os.path.join(os.getenv("AZUREML_MODEL_DIR"), "config.json"))

    def run(data):
        return 1
    """

    fault = fault_of(launch(script, python, AZUREML_MODEL_DIR=str(model_dir)))

    assert fault["hint"] == NEEDED
    assert NEEDED in fault["traceback"] or "FileNotFoundError" in fault["traceback"]


@pytest.mark.parametrize(
    "error",
    [
        "OSError('Error no file named pytorch_model.bin, tf_model.h5 found in directory %s.' % d)",
        "ValueError(\"'%s' is not a folder of a model, or its config.json is missing\" % d)",
        "OSError(21, 'Is a directory', d)",
        "RuntimeError('%s/config.json could not be opened' % d)",
    ],
)
def test_loading_from_the_model_dir_itself_names_its_only_folder(launch, model_dir, error):
    script = f"""
    import os

    def init():
        d = os.getenv("AZUREML_MODEL_DIR")
        raise {error}

    def run(data):
        return 1
    """

    assert fault_of(launch(script, AZUREML_MODEL_DIR=str(model_dir)))["hint"] == NEEDED


def test_a_path_that_is_really_missing_gets_no_hint(launch, model_dir):
    script = """
    import os

    def init():
        open(os.path.join(os.getenv("AZUREML_MODEL_DIR"), "weights.bin"))

    def run(data):
        return 1
    """

    assert fault_of(launch(script, AZUREML_MODEL_DIR=str(model_dir)))["hint"] is None


def test_a_class_pickled_in_main_is_explained(launch):
    script = """
    import pickle

    def init():
        pickle.loads(b"c__main__\\nScaler\\n.")

    def run(data):
        return 1
    """

    assert "pickled by a script that defined 'Scaler' itself" in fault_of(launch(script))["hint"]
