"""Every script of the comparison, with its requests."""

from tests.conformance.cases import frames, plain, raw, results, schema, starts
from tests.conformance.cases.script import Script

SCRIPTS: tuple[Script, ...] = (
    *plain.SCRIPTS,
    *results.SCRIPTS,
    *raw.SCRIPTS,
    *schema.SCRIPTS,
    *frames.SCRIPTS,
    *starts.SCRIPTS,
)
