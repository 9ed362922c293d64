"""The HTTP requests whose answers by real Triton are recorded. Each is a dict: name, method, path, headers, and body as text or bytes."""

import gzip
import json
import struct
import zlib

from models import KINDS

SIZES = "Inference-Header-Content-Length"

digits_input = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [0.5, -1, 2, 0.25]}
ROW = [0.5, -1.0, 2.0, 0.25]


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def request(name, method, path, body=None, **headers):
    return {"name": name, "method": method, "path": path, "headers": {key.replace("_", "-"): value for key, value in headers.items()}, "body": body}


def infer(name, body, model="digits", **headers):
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return request(f"infer {model}: {name}", "POST", f"/v2/models/{model}/infer", text, **headers)


def binary(name, header, data, model="digits", length=None, **headers):
    text = json.dumps(header).encode()
    headers = {SIZES: str(len(text)) if length is None else length, **headers}
    return {**infer(name, text + data, model), "headers": headers}


def health_and_metadata():
    for path in ("/v2/health/live", "/v2/health/ready", "/v2", "/metrics", "/v2/nothing", "/", "/v1/models", "/v2/health", "/v2/models"):
        yield request(f"GET {path}", "GET", path)
    for model in ("digits", "pair", "plain", "kinds", "absent", "digits%20", "..%2fdigits", "%64igits"):
        for end in ("", "/ready", "/config", "/versions/1", "/versions/1/ready", "/versions/1/config"):
            yield request(f"GET {model}{end}", "GET", f"/v2/models/{model}{end}")
    for version in ("2", "0", "-1", "x", "01", "99999999999999999999"):
        for end in ("", "/ready", "/config", "/stats"):
            yield request(f"GET version {version}{end}", "GET", f"/v2/models/digits/versions/{version}{end}")
    for model in ("digits", "absent"):
        yield request(f"GET {model}/stats", "GET", f"/v2/models/{model}/stats")
    yield request("GET stats of all", "GET", "/v2/models/stats")
    for method, path in (
        ("POST", "/v2"),
        ("POST", "/v2/health/live"),
        ("POST", "/v2/models/digits"),
        ("PUT", "/v2/models/digits/infer"),
        ("GET", "/v2/models/digits/infer"),
        ("DELETE", "/v2/models/digits"),
        ("GET", "/v2/repository/index"),
        ("GET", "/v2/repository/models/digits/load"),
    ):
        yield request(f"{method} {path}", method, path, "" if method != "GET" else None)


def shapes_and_data():
    def x(**changes):
        return {"inputs": [{**digits_input, **changes}]}

    yield infer("one row", x())
    yield infer("nested data", x(data=[ROW]))
    yield infer("nested in single elements", x(data=[[[v] for v in ROW]]))
    yield infer("numbers as integers", x(data=[1, 2, 3, 4]))
    yield infer("exponents", x(data=[1e-3, 2.5e2, -0.0, 1e-40]))
    for rows in range(2, 10):
        yield infer(f"{rows} rows", x(shape=[rows, 4], data=ROW * rows))
    yield infer("no rows", x(shape=[0, 4], data=[]))
    yield infer("shape without the batch", x(shape=[4]))
    yield infer("three dimensions", x(shape=[1, 1, 4]))
    yield infer("wrong width", x(shape=[1, 5], data=[1, 2, 3, 4, 5]))
    yield infer("negative dimension", x(shape=[-1, 4]))
    yield infer("fractional dimension", x(shape=[1.5, 4]))
    yield infer("dimension as text", x(shape=["1", 4]))
    yield infer("huge dimension", x(shape=[2**62, 4]))
    yield infer("shape is no list", x(shape=4))
    yield infer("too little data", x(data=[1, 2, 3]))
    yield infer("too much data", x(data=[1, 2, 3, 4, 5]))
    yield infer("ragged data", x(shape=[2, 4], data=[ROW, ROW[:3]]))
    yield infer("deeper data than the shape", x(data=[[[ROW]]]))
    yield infer("text in FP32", x(data=["a", 1, 2, 3]))
    yield infer("booleans in FP32", x(data=[True, False, True, False]))
    yield infer("null in FP32", x(data=[None, 1, 2, 3]))
    yield infer("object as data", x(data={"0": 1}))
    yield infer("number as data", x(data=1))
    yield infer("no data", {"inputs": [{k: v for k, v in digits_input.items() if k != "data"}]})
    yield infer("no shape", {"inputs": [{k: v for k, v in digits_input.items() if k != "shape"}]})
    yield infer("no datatype", {"inputs": [{k: v for k, v in digits_input.items() if k != "datatype"}]})
    yield infer("no name", {"inputs": [{k: v for k, v in digits_input.items() if k != "name"}]})
    yield infer("another datatype", x(datatype="INT32", data=[1, 2, 3, 4]))
    yield infer("unknown datatype", x(datatype="FP31"))
    yield infer("datatype in small letters", x(datatype="fp32"))
    yield infer("name is a number", x(name=1))
    yield infer("unknown input", x(name="zz"))
    yield infer("the same input twice", {"inputs": [digits_input, digits_input]})
    yield infer("one input too many", {"inputs": [digits_input, {**digits_input, "name": "y"}]})
    yield infer("no inputs", {"inputs": []})
    yield infer("inputs is an object", {"inputs": {"x": digits_input}})
    yield infer("inputs is null", {"inputs": None})
    yield infer("without inputs", {})
    yield infer("unknown keys", {**x(), "zz": 1, "inputs": [{**digits_input, "zz": 1}]})
    yield infer("1e400", json.dumps(x()).replace("0.25", "1e400"))
    yield infer("NaN", json.dumps(x()).replace("0.25", "NaN"))
    yield infer("Infinity", json.dumps(x()).replace("0.25", "Infinity"))
    for model, text in (
        ("unknown model", "absent"),
        ("version 1", "digits/versions/1"),
        ("version 2", "digits/versions/2"),
        ("version that is no number", "digits/versions/x"),
    ):
        yield infer(model, x(), text)


def bodies():
    good = json.dumps({"inputs": [digits_input]})
    for name, text in (
        ("empty body", ""),
        ("a list", "[]"),
        ("null", "null"),
        ("a number", "1"),
        ("text", '"inputs"'),
        ("cut off", good[:-1]),
        ("something after the end", good + "x"),
        ("a comma too many", good.replace("]}", "],}")),
        ("comments", "/* c */" + good),
        ("single quotes", good.replace('"', "'")),
        ("byte order mark", "\ufeff" + good),
        ("white space around", f"\n {good} \n"),
        ("no UTF-8", b'{"inputs": "\xff"}'),
        ("100 levels", "[" * 100 + "]" * 100),
        ("2000 levels", "[" * 2000 + "]" * 2000),
        ("a key twice", good.replace('"shape"', '"name": "x", "shape"')),
    ):
        yield infer(name, text)
    for kind in ("application/json", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"):
        yield {**infer(f"as {kind}", good), "headers": {"Content-Type": kind}}


def ids_parameters_outputs():
    def with_(**fields):
        return {"inputs": [digits_input], **fields}

    yield infer("id", with_(id="abc"))
    yield infer("empty id", with_(id=""))
    yield infer("id of other letters", with_(id="ü€ \"quoted\" \\ \n"))
    yield infer("id is a number", with_(id=7))
    yield infer("id is null", with_(id=None))
    for name, value in (("text", "a"), ("number", 1), ("negative", -3), ("fraction", 0.5), ("flag", True), ("list", [1]), ("object", {}), ("null", None)):
        yield infer(f"parameter: {name}", with_(parameters={"mine": value}))
    yield infer("parameters is a list", with_(parameters=[]))
    yield infer("priority", with_(parameters={"priority": 1}))
    yield infer("priority is text", with_(parameters={"priority": "high"}))
    yield infer("timeout", with_(parameters={"timeout": 1_000_000}))
    yield infer("timeout is text", with_(parameters={"timeout": "1"}))
    yield infer("sequence", with_(parameters={"sequence_id": 5, "sequence_start": True, "sequence_end": True}))
    yield infer("reserved parameter", with_(parameters={"triton_x": 1}))
    yield infer("one output", with_(outputs=[{"name": "probabilities"}]))
    yield infer("no outputs", with_(outputs=[]))
    yield infer("unknown output", with_(outputs=[{"name": "zz"}]))
    yield infer("the same output twice", with_(outputs=[{"name": "probabilities"}] * 2))
    yield infer("output without a name", with_(outputs=[{}]))
    yield infer("output is text", with_(outputs=["probabilities"]))
    yield infer("outputs is an object", with_(outputs={"name": "probabilities"}))
    for classes in (1, 2, 3, 4, 0, -1, "2", 1.5):
        yield infer(f"classification {classes!r}", with_(outputs=[{"name": "probabilities", "parameters": {"classification": classes}}]))
    two = {**digits_input, "shape": [2, 4], "data": ROW + [0, 0, 0, 1]}
    yield infer("classification of two rows", {"inputs": [two], "outputs": [{"name": "probabilities", "parameters": {"classification": 2}}]})
    yield infer("classification in binary", with_(outputs=[{"name": "probabilities", "parameters": {"classification": 2, "binary_data": True}}]))
    yield infer("shared memory", {"inputs": [{**{k: v for k, v in digits_input.items() if k != "data"}, "parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 16}}]})


def pairs():
    def ab(n=3, rows=1, **changes):
        return [{"name": name, "shape": [rows, n], "datatype": "FP32", "data": [i + 0.5 for i in range(n * rows)], **changes} for name in "ab"]

    yield infer("both outputs", {"inputs": ab()}, "pair")
    yield infer("inputs the other way round", {"inputs": ab()[::-1]}, "pair")
    yield infer("second output", {"inputs": ab(), "outputs": [{"name": "difference"}]}, "pair")
    yield infer("outputs the other way round", {"inputs": ab(), "outputs": [{"name": "difference"}, {"name": "sum"}]}, "pair")
    yield infer("four rows", {"inputs": ab(2, 4)}, "pair")
    yield infer("five rows", {"inputs": ab(2, 5)}, "pair")
    yield infer("one input missing", {"inputs": ab()[:1]}, "pair")
    yield infer("different rows", {"inputs": [ab(2, 1)[0], ab(2, 2)[1]]}, "pair")
    yield infer("different widths", {"inputs": [ab(2)[0], ab(3)[1]]}, "pair")
    yield infer("one output in binary", {"inputs": ab(), "outputs": [{"name": "sum"}, {"name": "difference", "parameters": {"binary_data": True}}]}, "pair")
    yield infer("all outputs in binary", {"inputs": ab(), "parameters": {"binary_data_output": True}}, "pair")
    yield infer(
        "binary but one",
        {"inputs": ab(), "parameters": {"binary_data_output": True}, "outputs": [{"name": "sum", "parameters": {"binary_data": False}}, {"name": "difference"}]},
        "pair",
    )
    half = ab()
    head = {"inputs": [{**{k: v for k, v in half[0].items() if k != "data"}, "parameters": {"binary_data_size": 12}}, half[1]]}
    yield binary("one input in binary", head, floats(1, 2, 3), "pair")
    yield infer("in plain: one row", {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}]}, "plain")
    yield infer("nested rows", {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]}]}, "plain")
    yield infer("a batch", {"inputs": [{"name": "x", "shape": [1, 2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}]}, "plain")


def binaries():
    def head(size=16, rows=1, **more):
        return {"inputs": [{"name": "x", "shape": [rows, 4], "datatype": "FP32", "parameters": {"binary_data_size": size}}], **more}

    wanted = {"outputs": [{"name": "probabilities", "parameters": {"binary_data": True}}]}
    data = floats(*ROW)
    yield binary("binary in, JSON out", head(), data)
    yield binary("binary in and out", head(**wanted), data)
    yield binary("binary with an id", head(id="b1", parameters={"binary_data_output": True}), data)
    yield binary("binary of three rows", head(48, 3, **wanted), data * 3)
    yield binary("binary not a number", head(**wanted), floats(float("nan"), 1, 2, 3))
    yield binary("too few bytes", head(), data[:12])
    yield binary("too many bytes", head(), data + b"\0\0\0\0")
    yield binary("size smaller than the shape says", head(12), data[:12])
    yield binary("size larger than the shape says", head(20), data + b"\0\0\0\0")
    yield binary("size negative", head(-16), data)
    yield binary("size is text", head("16"), data)
    yield binary("size is a fraction", head(16.5), data)
    yield binary("data and a size", {"inputs": [{**digits_input, "parameters": {"binary_data_size": 16}}]}, data)
    yield binary("header length beyond the body", head(), data, length="100000")
    yield binary("header length too short", head(), data, length="10")
    yield binary("header length negative", head(), data, length="-1")
    yield binary("header length no number", head(), data, length="x")
    yield binary("header length with a sign", head(), data, length="+16")
    yield infer("a size without the header", head())
    yield binary("raw", {}, b"", "digits", "0")
    yield {**infer("raw row", data), "headers": {SIZES: "0"}}
    yield {**infer("raw row as octets", data), "headers": {SIZES: "0", "Content-Type": "application/octet-stream"}}
    yield {**infer("raw of two rows", data * 2), "headers": {SIZES: "0"}}
    yield {**infer("raw of 15 bytes", data[:15]), "headers": {SIZES: "0"}}
    yield {**infer("raw of nothing", b""), "headers": {SIZES: "0"}}
    yield {**infer("raw in plain", data, "plain"), "headers": {SIZES: "0"}}
    yield {**infer("raw for two inputs", data, "pair"), "headers": {SIZES: "0"}}


def compressed():
    text = json.dumps({"inputs": [digits_input]}).encode()
    squeezed = {"gzip": gzip.compress(text, mtime=0), "deflate": zlib.compress(text)}
    for coding, data in squeezed.items():
        yield {**infer(f"{coding} in", data), "headers": {"Content-Encoding": coding}}
        yield {**infer(f"{coding} out", text), "headers": {"Accept-Encoding": coding}}
        yield {**infer(f"broken {coding}", data[:-6]), "headers": {"Content-Encoding": coding}}
    yield {**infer("gzip in and out", squeezed["gzip"]), "headers": {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}}
    yield {**infer("gzip that is none", text), "headers": {"Content-Encoding": "gzip"}}
    yield {**infer("identity", text), "headers": {"Content-Encoding": "identity"}}
    yield {**infer("br in", text), "headers": {"Content-Encoding": "br"}}
    yield {**infer("br out", text), "headers": {"Accept-Encoding": "br"}}
    yield {**infer("any coding out", text), "headers": {"Accept-Encoding": "*"}}
    yield {**infer("deflate preferred", text), "headers": {"Accept-Encoding": "gzip;q=0.1, deflate"}}
    head = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}]}
    whole = json.dumps(head).encode() + floats(*ROW)
    yield {**infer("binary in gzip", gzip.compress(whole, mtime=0)), "headers": {SIZES: str(len(json.dumps(head))), "Content-Encoding": "gzip"}}


# One good element of each datatype as JSON; FP16 has no JSON form.
GOOD = {"BOOL": True, "BYTES": "a"}
EDGES = {
    "BOOL": [True, False, 1, 0, 2, "true", None],
    "UINT8": [0, 255, 256, -1, 1.5, True, "1"],
    "UINT16": [0, 65535, 65536, -1],
    "UINT32": [0, 2**32 - 1, 2**32, -1],
    "UINT64": [0, 2**53 - 1, 2**53 + 1, 2**64 - 1, 2**64, -1],
    "INT8": [-128, 127, 128, -129],
    "INT16": [-32768, 32767, 32768],
    "INT32": [-(2**31), 2**31 - 1, 2**31, 1.0, 1.5],
    "INT64": [-(2**53) + 1, 2**53 - 1, 2**53 + 1, -(2**63), 2**63 - 1, 2**63],
    "FP16": [0.5],
    "FP32": [0.1, 3.4e38, 1e39, -1e39, 1e-46, 16777217, 2**64],
    "FP64": [0.1, 1.7976931348623157e308, 5e-324, 123456789.123456789],
    "BYTES": ["", "ü€😀", "a\u0000b", '"quoted"', 1, True, None],
}
HALF = struct.pack("<e", 0.5)


def kinds_request(changed=None, value=None):
    """All thirteen inputs with one element each, of which one may be another; FP16 in binary, since it has no JSON form."""
    inputs, data = [], b""
    for kind in KINDS:
        element = {"name": f"x_{kind.lower()}", "shape": [1], "datatype": kind}
        if kind == "FP16" and changed != "FP16":
            inputs.append({**element, "parameters": {"binary_data_size": 2}})
            data += HALF
        else:
            inputs.append({**element, "data": [value if kind == changed else GOOD.get(kind, 1)]})
    named = [kind for kind in KINDS if kind == changed] or [kind for kind in KINDS if kind != "FP16"]
    return {"inputs": inputs, "outputs": [{"name": f"y_{kind.lower()}"} for kind in named]}, data


def all_kinds():
    yield binary("every datatype", *kinds_request(), "kinds")
    for kind, values in EDGES.items():
        for value in values:
            yield binary(f"{kind} {value!r}", *kinds_request(kind, value), "kinds")
    packed = {
        "BOOL": b"\1\0", "UINT8": b"\0\xff", "UINT16": struct.pack("<2H", 0, 65535), "UINT32": struct.pack("<2I", 0, 2**32 - 1),
        "UINT64": struct.pack("<2Q", 0, 2**64 - 1), "INT8": b"\x80\x7f", "INT16": struct.pack("<2h", -32768, 32767),
        "INT32": struct.pack("<2i", -(2**31), 2**31 - 1), "INT64": struct.pack("<2q", -(2**63), 2**63 - 1), "FP16": struct.pack("<2e", 0.5, -65504),
        "FP32": floats(0.1, -3.4e38), "FP64": struct.pack("<2d", 0.1, 5e-324), "BYTES": struct.pack("<I", 3) + "ü!".encode() + struct.pack("<I", 0),
    }  # fmt: skip
    inputs = [{"name": f"x_{kind.lower()}", "shape": [2], "datatype": kind, "parameters": {"binary_data_size": len(data)}} for kind, data in packed.items()]
    yield binary("every datatype in binary", {"inputs": inputs, "parameters": {"binary_data_output": True}}, b"".join(packed.values()), "kinds")
    no_half = [{"name": f"y_{kind.lower()}"} for kind in KINDS if kind != "FP16"]
    yield binary("every datatype in binary, JSON out", {"inputs": inputs, "outputs": no_half}, b"".join(packed.values()), "kinds")
    yield binary("FP16 out as JSON", {"inputs": inputs, "outputs": [{"name": "y_fp16"}]}, b"".join(packed.values()), "kinds")
    for name, data in (("length beyond the end", struct.pack("<I", 9) + b"ab"), ("half a length", b"\1\0"), ("one element too few", struct.pack("<I", 1) + b"a")):
        changed = {**packed, "BYTES": data}
        heads = [{**one, "parameters": {"binary_data_size": len(changed[one["datatype"]])}} for one in inputs]
        yield binary(f"BYTES: {name}", {"inputs": heads, "outputs": no_half}, b"".join(changed.values()), "kinds")


def repository():
    index = "/v2/repository/index"
    for name, body in (("empty body", ""), ("all", "{}"), ("ready", '{"ready": true}'), ("not only ready", '{"ready": false}')):
        yield request(f"index: {name}", "POST", index, body)
    for name, body in (("no JSON", "x"), ("ready is text", '{"ready": "true"}')):
        yield request(f"index: {name}", "POST", index, body)
    where = "/v2/repository/models"
    yield request("load: loaded already", "POST", f"{where}/plain/load", "")
    yield request("load: with an object", "POST", f"{where}/plain/load", "{}")
    yield request("load: unknown", "POST", f"{where}/absent/load", "")
    yield request("load: no JSON", "POST", f"{where}/plain/load", "x")
    yield request("unload", "POST", f"{where}/plain/unload", "")
    yield request("index: after unload", "POST", index, '{"ready": true}')
    yield request("ready: after unload", "GET", "/v2/models/plain/ready")
    yield request("metadata: after unload", "GET", "/v2/models/plain")
    yield infer("after unload", {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}]}, "plain")
    yield request("unload: again", "POST", f"{where}/plain/unload", '{"parameters": {"unload_dependents": true}}')
    yield request("unload: unknown", "POST", f"{where}/absent/unload", "")
    yield request("load: again", "POST", f"{where}/plain/load", "")
    yield infer("after load", {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}]}, "plain")


def settings():
    for path in ("/v2/trace/setting", "/v2/models/digits/trace/setting", "/v2/models/absent/trace/setting", "/v2/logging"):
        yield request(f"GET {path}", "GET", path)
    trace = "/v2/trace/setting"
    for name, body in (
        ("rate", '{"trace_rate": "500"}'),
        ("back to the default", '{"trace_rate": null}'),
        ("unknown", '{"trace_zz": "1"}'),
        ("a rate that is no number", '{"trace_rate": "x"}'),
        ("an unknown level", '{"trace_level": ["LOUD"]}'),
        ("no JSON", "x"),
    ):
        yield request(f"trace: {name}", "POST", trace, body)
    for name, body in (
        ("verbose", '{"log_verbose_level": 1}'),
        ("not verbose", '{"log_verbose_level": 0}'),
        ("no information", '{"log_info": false}'),
        ("information", '{"log_info": true}'),
        ("unknown", '{"log_zz": true}'),
        ("text for a flag", '{"log_info": "yes"}'),
        ("no JSON", "x"),
    ):
        yield request(f"logging: {name}", "POST", "/v2/logging", body)
    for kind in ("systemsharedmemory", "cudasharedmemory"):
        yield request(f"{kind}: status", "GET", f"/v2/{kind}/status")
        yield request(f"{kind}: register", "POST", f"/v2/{kind}/region/r/register", '{"key": "/r", "offset": 0, "byte_size": 64}')
        yield request(f"{kind}: unregister", "POST", f"/v2/{kind}/unregister", "")


def http_corpus():
    for part in (health_and_metadata, shapes_and_data, bodies, ids_parameters_outputs, pairs, binaries, compressed, all_kinds, repository, settings):
        yield from part()
