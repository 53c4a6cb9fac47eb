"""The part of the configuration that knows what a front had begun before it ended; pure."""

from collections.abc import Iterator

from modelyard.domain.fronts import AGAIN_HEADER, LOST, ledger_path
from modelyard.domain.routing import Backend
from modelyard.gateway.layout import Layout
from modelyard.gateway.replies import answer
from modelyard.gateway.sections import quoted

SCRIPT = "begun.lua"
"""The name of a file beside the configuration."""

SCRIPT_TEXT = """\
-- Whether a front has noted, in the file that is named, that it has begun this request.
core.register_action("begun", { "http-req" }, function(txn, path)
  local file, _, problem = io.open(path, "rb")
  if file == nil and problem == 2 then return end -- there is none: the front begins its answers
  local noted = file and file:read("a")
  if file then file:close() end
  local id = txn.f:req_hdr("x-request-id")
  -- what cannot be read, for want of files perhaps, may hold it
  if not noted or (id ~= nil and #id == 36 and noted:find(id, 1, true)) then
    txn:set_var("txn.begun", true)
  end
end, 1)
"""


def script(layout: Layout) -> tuple[str, ...]:
    """What loads it."""
    return (f"lua-load {SCRIPT}",) if layout.ledgers else ()


def second_try(backend: Backend, layout: Layout) -> Iterator[str]:
    """
    Of a version with one front, which may have noted the request: then it is lost.

    That is found out here, so the caller need not wait for the next front to say so. The front
    that gets the request looks once more: one may have begun it and died between here and there.
    """
    if layout.ledgers:
        named = {"azureml-model-deployment": backend.version} if backend.version else {}
        place = ledger_path(str(layout.ledgers), backend.id)
        yield f"http-request lua.begun {quoted(place)}"
        yield answer(502, LOST, "front_lost", when="if { var(txn.begun) -m bool }", headers=named)
    yield f"http-request set-header {AGAIN_HEADER} 1"
