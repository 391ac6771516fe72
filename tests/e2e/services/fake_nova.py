"""A metadata service that is asked as Nova is: it checks the signature, and says what it was told."""

import hashlib
import hmac
import http.server
import json
import sys

SECRET = "a secret"
PORT = 8775
LARGE = 3_000_000
TOLD = ("X-Instance-ID", "X-Tenant-ID", "X-Forwarded-For")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        expected = hmac.new(SECRET.encode(), self.headers["X-Instance-ID"].encode(), hashlib.sha256).hexdigest()
        is_signed = hmac.compare_digest(expected, self.headers["X-Instance-ID-Signature"])
        told = {name: self.headers.get_all(name) for name in TOLD}
        others = [name for name in self.headers if name not in (*TOLD, "X-Instance-ID-Signature")]
        said = {"path": self.path, "told": told, "others": others, "body": body.decode()}
        answer = b"x" * LARGE if self.path == "/large" else json.dumps(said).encode()
        self.send_response(200 if is_signed else 403)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer((sys.argv[1], PORT), Handler).serve_forever()
