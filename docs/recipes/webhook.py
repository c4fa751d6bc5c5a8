"""Receives webhooks signed with hmac-sha256: WEBHOOK_SECRET=whsec_… PORT=9000 python3 webhook.py"""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300


def is_genuine(secret, headers, body):
    """Whether the service has signed this; `body` is the raw bytes, before anything has parsed them."""
    at = headers.get("webhook-timestamp", "")
    if not at.isascii() or not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE_S:
        return False
    signed = f"{headers.get('webhook-id', '')}.{at}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "")
    return hmac.compare_digest(given.encode(), expected.encode())


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        genuine = is_genuine(os.environ["WEBHOOK_SECRET"], self.headers, body)
        if genuine:
            told = json.loads(body)
            # the same id may come again: do what it says once
            print(told["event"], told.get("recording", {}).get("id"), told["id"], flush=True)
        self.send_response(204 if genuine else 401)
        self.end_headers()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 9000))), Webhook)
    print(f"listening at http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
