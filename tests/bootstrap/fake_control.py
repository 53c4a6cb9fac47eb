"""A control plane that is only healthy: ``MODELYARD_*`` variables say where."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/v1/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


if os.environ.get("MODELYARD_FAKE") == "broken":
    sys.exit("the database is broken")
sys.stdout.write(f"control in {os.environ['MODELYARD_HOME']}\n")
sys.stdout.flush()
HTTPServer(("127.0.0.1", int(os.environ["MODELYARD_PORT"])), Handler).serve_forever()
