"""Asks a real Triton server every request of the corpus and writes the answers: test/golden/serving/triton-http.json and triton-grpc.json.

Run: python3 -m venv venv && venv/bin/pip install -r tooling/serving/requirements.txt && venv/bin/python tooling/serving/record.py FOLDER
FOLDER keeps the server (300 MB) and its log. Texts are stored as they are, other bodies in base64. Two runs differ in statistics and in the
order of settings.
"""

import base64
import http.client
import json
import sys
from pathlib import Path

from corpus_grpc import ask_grpc, grpc_corpus
from corpus_http import http_corpus
from models import FOLDER, write_models
from triton import Triton

GOLDEN = FOLDER.parent
KEPT = ("content-type", "content-encoding", "inference-header-content-length", "allow")


def packed(body):
    """A body as a field of JSON."""
    if body is None:
        return {}
    data = body.encode() if isinstance(body, str) else body
    try:
        return {"body": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def ask(port, asked):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(asked["method"], asked["path"], skip_accept_encoding=True)
    body = asked["body"]
    data = body.encode() if isinstance(body, str) else body
    for name, value in asked["headers"].items():
        connection.putheader(name, value)
    if data is not None:
        connection.putheader("Content-Length", str(len(data)))
    connection.endheaders(data)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders() if name.lower() in KEPT}
    answer = {"status": response.status, "headers": headers, **packed(response.read())}
    connection.close()
    asked = {key: value for key, value in asked.items() if key != "body"}
    return {**asked, **packed(body), "answer": answer}


def write(name, triton, exchanges):
    lines = ",\n".join(json.dumps(exchange, ensure_ascii=False) for exchange in exchanges)
    (GOLDEN / name).write_text(f'{{"server": "Triton {triton.version}", "exchanges": [\n{lines}\n]}}\n')
    print(f"{name}: {len(exchanges)} exchanges")


def main(folder):
    write_models()
    with Triton(folder, FOLDER) as triton:
        asked = list(http_corpus())
        names = [one["name"] for one in asked]
        assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
        write("triton-http.json", triton, [ask(triton.http, one) for one in asked])
        write("triton-grpc.json", triton, [ask_grpc(triton.grpc, one) for one in grpc_corpus()])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
