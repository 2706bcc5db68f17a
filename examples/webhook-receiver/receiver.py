"""Receives alerts: verifies every delivery by the official library of Standard Webhooks, recognises repetitions, answers at once.

    pip install standardwebhooks
    WEBHOOK_SECRET=whsec_... python receiver.py [PORT]
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook

MAX_BODY_BYTES = 64 * 1024

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
# A real receiver keeps the ids where they survive a restart, for as long as deliveries are repeated (two days).
seen: set[str] = set()


class Receiver(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if length > MAX_BODY_BYTES:
            return self.answer(413)
        body = self.rfile.read(length)
        try:
            # The signature covers the bytes as they came: verify before parsing.
            alert = webhook.verify(body, {name.lower(): value for name, value in self.headers.items()})
        except Exception:
            return self.answer(401)
        webhook_id = self.headers["webhook-id"]
        if webhook_id not in seen:
            seen.add(webhook_id)
            data = alert["data"]
            print(alert["time"], data["severity"], data["status"], data["summary"], sep="  ", flush=True)
        # Any 2xx within 15 seconds ends the delivery; long work belongs into a queue.
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9999
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"waiting for alerts on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
