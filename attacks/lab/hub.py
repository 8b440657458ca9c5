"""A hub: repositories of files, served over HTTP from a directory.

    hub.py DIRECTORY

GET /NAME lists the files of a repository, a line each; GET /NAME/FILE is one of them.
"""

import functools
import http.server
import pathlib
import sys


class Repositories(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        repository = pathlib.Path(self.translate_path(self.path))
        if not repository.is_dir():
            super().do_GET()
            return
        files = sorted(str(path.relative_to(repository))
                       for path in repository.rglob("*") if path.is_file())
        listing = "".join(f"{file}\n" for file in files).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(listing)))
        self.end_headers()
        self.wfile.write(listing)


if __name__ == "__main__":
    handler = functools.partial(Repositories, directory=sys.argv[1])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        print(f"ready http=127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
