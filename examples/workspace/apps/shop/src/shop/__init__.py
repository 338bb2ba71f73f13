"""A shop over HTTP: what there is, and what it costs."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from money import shown

PRICES = {"tea": 350, "cake": 1225}


class Shop(BaseHTTPRequestHandler):
    """Answers every address with the prices."""

    def do_GET(self) -> None:
        body = json.dumps({name: shown(cents) for name, cents in PRICES.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve on port 8000."""
    ThreadingHTTPServer(("", 8000), Shop).serve_forever()
