"""What is read at the start: overrides of the description, prefixes, scripts that cannot serve."""

from tests.conformance.asking import Ask, get, post
from tests.conformance.cases.plain import PLAIN
from tests.conformance.cases.schema import NUMPY, SWAGGERS
from tests.conformance.cases.script import Script

SCRIPTS = (
    Script("swagger", PLAIN.text, SWAGGERS),
    Script(
        "override",
        NUMPY.text,
        SWAGGERS,
        files={
            "swagger.json": '{"mine": "first"}',
            "swagger2.json": '{"mine": "second"}',
            "swagger3.json": '{"mine": "third", "ü": 1.50}',
            "swagger3.1.json": '{"mine": "fourth"}',
        },
    ),
    Script("override-2", NUMPY.text, SWAGGERS, files={"swagger2.json": '{"mine": "second"}'}),
    Script("override-3", PLAIN.text, SWAGGERS, files={"swagger3.json": '{"mine": "third"}'}),
    Script("override-broken", PLAIN.text, SWAGGERS, files={"swagger.json": "{"}),
    Script(
        "prefix",
        PLAIN.text,
        (
            *SWAGGERS,
            post("without-prefix", 1),
            Ask("with-prefix", b"1", path="/pre/score"),
            get("health-with-prefix", "/pre/"),
        ),
        variables={"SERVICE_PATH_PREFIX": "/pre/"},
    ),
    Script("no-init", "def run(data):\n    return data\n", (post("one", 1),)),
    Script("no-run", "def init():\n    pass\n", ()),
    Script("no-parameter", "def init():\n    pass\n\ndef run():\n    return 1\n", ()),
    Script(
        "only-headers",
        "def init():\n    pass\n\ndef run(request_headers):\n    return 1\n",
        (),
    ),
    Script("star", "def init():\n    pass\n\ndef run(*data):\n    return 1\n", ()),
    Script(
        "two-parameters",
        "def init():\n    pass\n\ndef run(data, more):\n    return 1\n",
        (),
    ),
    Script(
        "default-parameter",
        "def init():\n    pass\n\ndef run(data, more=2):\n    return [data, more]\n",
        (post("one", 1),),
    ),
    Script(
        "failing-init", "def init():\n    raise ValueError('no model')\n\ndef run(d): pass\n", ()
    ),
    Script("failing-import", "import nothing_of_that_name\n", ()),
)
