"""A cell that may reach the network, which all others may not. docs/at-work.md shows it."""

# %% fetched network="yes"
"""A server of the page's own, so that this page is recorded without an internet too."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen


class Hello(BaseHTTPRequestHandler):
    """Answers every request with one word."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *said):
        """Say nothing."""


with HTTPServer(("127.0.0.1", 0), Hello) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(urlopen(f"http://127.0.0.1:{server.server_port}").read().decode())
    server.shutdown()
