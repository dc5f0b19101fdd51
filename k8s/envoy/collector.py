"""Prints the records that http-trace-filter sends to 127.0.0.1:9000: the least that a collector must do."""
import http.server, json

class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open

    def do_POST(self):
        record = self.rfile.read(int(self.headers["content-length"]))
        print(json.dumps(json.loads(record), indent=2), flush=True)
        self.send_response(204)  # any 2xx acknowledges the record
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", 9000), Collector).serve_forever()
