"""Every call of the real tritonclient against this server: python clients.py GROUP HTTP_PORT GRPC_PORT. Exit code 0 when all of a group hold.

The models are those of test/golden/serving: pair adds and subtracts, digits classifies with names, kinds gives back every datatype.
"""

import asyncio
import queue
import sys

import grpc as grpcio
import numpy as np
import tritonclient.grpc as grpc_client
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http_client
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException

A = np.array([[1.5, 2.5], [3.5, -1.0]], np.float32)
B = np.array([[0.5, 1.0], [2.0, 4.0]], np.float32)
ROW = np.array([[0.5, -1.0, 2.0, 0.25]], np.float32)
KINDS = {
    "BOOL": np.array([True, False]),
    "UINT8": np.array([0, 255], np.uint8),
    "UINT16": np.array([0, 65535], np.uint16),
    "UINT32": np.array([0, 2**32 - 1], np.uint32),
    "UINT64": np.array([0, 2**64 - 1], np.uint64),
    "INT8": np.array([-128, 127], np.int8),
    "INT16": np.array([-32768, 32767], np.int16),
    "INT32": np.array([-(2**31), 2**31 - 1], np.int32),
    "INT64": np.array([-(2**63), 2**63 - 1], np.int64),
    "FP16": np.array([0.5, -65504], np.float16),
    "FP32": np.array([0.1, -3.4e38], np.float32),
    "FP64": np.array([0.1, 5e-324], np.float64),
    "BYTES": np.array(["ü€".encode(), b""], np.object_),
}


def inputs(module, arrays, **options):
    made = []
    for name, (kind, array) in arrays.items():
        one = module.InferInput(name, list(array.shape), kind)
        one.set_data_from_numpy(array, **options)
        made.append(one)
    return made


def pair(module, **options):
    return inputs(module, {"a": ("FP32", A), "b": ("FP32", B)}, **options)


def kinds(module, **options):
    return inputs(module, {f"x_{kind.lower()}": (kind, array) for kind, array in KINDS.items()}, **options)


def same(found, expected):
    assert found is not None and found.shape == expected.shape and (found == expected).all(), (found, expected)


def check_pair(result):
    same(result.as_numpy("sum"), A + B)
    same(result.as_numpy("difference"), A - B)
    assert result.as_numpy("zz") is None


def check_kinds(result):
    for kind, array in KINDS.items():
        same(result.as_numpy(f"y_{kind.lower()}"), array)


def check_classes(result):
    labels = result.as_numpy("probabilities")
    assert labels.shape == (1, 2), labels
    values = [text.decode().split(":") for text in labels[0]]
    assert {name for _, _, name in values} <= {"zero", "one", "two"} and float(values[0][0]) >= float(values[1][0]), values


def refused(call, words=""):
    try:
        call()
    except InferenceServerException as error:
        assert words in str(error), error
        return error
    raise AssertionError(f"nothing was refused; expected {words}")


async def refused_soon(coroutine, words=""):
    try:
        await coroutine
    except InferenceServerException as error:
        assert words in str(error), error
        return
    raise AssertionError(f"nothing was refused; expected {words}")


def check_index(models):
    assert {model["name"] for model in models} == {"digits", "kinds", "pair", "plain"}, models
    assert all(model["state"] == "READY" for model in models), models


def check_config(config):
    assert config["max_batch_size"] == 8 and config["input"][0]["data_type"] == "TYPE_FP32", config
    assert [int(n) for n in config["dynamic_batching"]["preferred_batch_size"]] == [4, 8], config


def check_statistics(statistics, name):
    (one,) = statistics["model_stats"]
    assert one["name"] == name and int(one["inference_count"]) >= 2, one
    assert int(one["inference_stats"]["success"]["count"]) >= 1 and one["batch_stats"], one


def http():
    with http_client.InferenceServerClient(f"127.0.0.1:{HTTP}", concurrency=4) as client:
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("pair") and client.is_model_ready("pair", "1")
        assert not client.is_model_ready("absent") and not client.is_model_ready("pair", "9")
        assert client.get_server_metadata()["name"] == "freetickets-inference"
        assert client.get_model_metadata("pair")["inputs"][0] == {"name": "a", "datatype": "FP32", "shape": [-1, -1]}
        assert client.get_model_metadata("pair", "1")["versions"] == ["1"]
        refused(lambda: client.get_model_metadata("absent"), "not found")
        check_config(client.get_model_config("digits"))
        check_index(client.get_model_repository_index())

        check_pair(client.infer("pair", pair(http_client)))
        check_pair(client.infer("pair", pair(http_client, binary_data=False), model_version="1", request_id="r1"))
        wanted = [http_client.InferRequestedOutput("difference", binary_data=binary) for binary in (True, False)]
        for output in wanted:
            result = client.infer("pair", pair(http_client), outputs=[output], request_id="r2", priority=1, timeout=60_000_000, parameters={"mine": 1})
            same(result.as_numpy("difference"), A - B)
            assert result.as_numpy("sum") is None and result.get_response()["id"] == "r2", result.get_response()
        check_kinds(client.infer("kinds", kinds(http_client)))
        classes = http_client.InferRequestedOutput("probabilities", class_count=2)
        check_classes(client.infer("digits", inputs(http_client, {"x": ("FP32", ROW)}), outputs=[classes]))
        for coding in ("gzip", "deflate"):
            check_pair(client.infer("pair", pair(http_client), request_compression_algorithm=coding, response_compression_algorithm=coding))
            wide = np.zeros((4, 10_000), np.float32)
            large = inputs(http_client, {"a": ("FP32", wide), "b": ("FP32", wide)})
            result = client.infer("pair", large, request_compression_algorithm=coding, response_compression_algorithm=coding)
            same(result.as_numpy("sum"), wide)
        check_pair(client.infer("pair", pair(http_client), headers={"x-request-id": "mine"}, query_params={"a": 1}))
        refused(lambda: client.infer("absent", pair(http_client)), "not found")
        refused(lambda: client.infer("pair", pair(http_client)[:1]), "expected 2 inputs")
        refused(lambda: client.infer("pair", pair(http_client), sequence_id=5), "sequence_")

        waiting = [client.async_infer("pair", pair(http_client)) for _ in range(20)]
        for one in waiting:
            check_pair(one.get_result())
        refused(lambda: client.async_infer("absent", pair(http_client)).get_result(), "not found")

        body, length = http_client.InferenceServerClient.generate_request_body(pair(http_client))
        assert length is not None and len(body) > length
        check_statistics(client.get_inference_statistics("pair"), "pair")
        assert len(client.get_inference_statistics()["model_stats"]) == 4

        assert client.get_trace_settings()["trace_level"] == ["OFF"]
        assert client.update_trace_settings(settings={"trace_rate": "500"})["trace_rate"] == "500"
        assert client.update_trace_settings(model_name="pair", settings={"trace_level": ["TIMESTAMPS"]})["trace_level"] == ["TIMESTAMPS"]
        assert client.get_trace_settings(model_name="digits")["trace_rate"] == "500"
        assert client.update_trace_settings(model_name="pair", settings={"trace_level": None})["trace_level"] == ["OFF"]
        assert client.update_trace_settings(settings={"trace_rate": None})["trace_rate"] == "1000"
        assert client.get_log_settings()["log_error"] is True
        assert client.update_log_settings({"log_verbose_level": 1})["log_verbose_level"] == 1
        assert client.update_log_settings({"log_verbose_level": 0})["log_verbose_level"] == 0

        client.unload_model("plain")
        assert not client.is_model_ready("plain")
        client.load_model("plain")
        assert client.is_model_ready("plain")
        refused(lambda: client.load_model("absent"), "absent")
        for call in (client.get_system_shared_memory_status, client.get_cuda_shared_memory_status):
            refused(call, "shared memory")


async def http_async():
    async with http_aio.InferenceServerClient(f"127.0.0.1:{HTTP}") as client:
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("pair") and not await client.is_model_ready("absent")
        assert "extensions" in await client.get_server_metadata()
        assert (await client.get_model_metadata("pair"))["name"] == "pair"
        check_config(await client.get_model_config("digits"))
        check_index(await client.get_model_repository_index())
        await client.unload_model("plain")
        await client.load_model("plain")
        for result in await asyncio.gather(*(client.infer("pair", pair(http_aio)) for _ in range(20))):
            check_pair(result)
        check_pair(await client.infer("pair", pair(http_aio, binary_data=False)))
        check_kinds(await client.infer("kinds", kinds(http_aio)))
        classes = http_aio.InferRequestedOutput("probabilities", class_count=2)
        check_classes(await client.infer("digits", inputs(http_aio, {"x": ("FP32", ROW)}), outputs=[classes]))
        check_pair(await client.infer("pair", pair(http_aio), request_compression_algorithm="gzip", response_compression_algorithm="gzip"))
        check_statistics(await client.get_inference_statistics("pair"), "pair")
        assert (await client.get_trace_settings())["trace_mode"] == "opentelemetry"
        assert (await client.update_trace_settings(settings={"trace_count": "-1"}))["trace_count"] == "-1"
        assert (await client.get_log_settings())["log_file"] == ""
        await client.update_log_settings({"log_warning": True})
        await refused_soon(client.infer("absent", pair(http_aio)), "not found")


def grpc():
    with grpc_client.InferenceServerClient(f"127.0.0.1:{GRPC}") as client:
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("pair") and client.is_model_ready("pair", "1")
        assert not client.is_model_ready("absent")
        assert client.get_server_metadata().name == "freetickets-inference"
        assert client.get_server_metadata(as_json=True)["name"] == "freetickets-inference"
        assert list(client.get_model_metadata("pair").inputs[0].shape) == [-1, -1]
        refused(lambda: client.get_model_metadata("absent"), "NOT_FOUND")
        check_config(client.get_model_config("digits", as_json=True)["config"])
        assert client.get_model_config("digits").config.max_batch_size == 8
        check_index(client.get_model_repository_index(as_json=True)["models"])

        check_pair(client.infer("pair", pair(grpc_client)))
        result = client.infer(
            "pair",
            pair(grpc_client),
            model_version="1",
            outputs=[grpc_client.InferRequestedOutput("difference")],
            request_id="r1",
            priority=1,
            timeout=60_000_000,
            client_timeout=120,
            headers={"x-request-id": "mine"},
            parameters={"mine": 1},
        )
        same(result.as_numpy("difference"), A - B)
        assert result.get_response().id == "r1" and result.as_numpy("sum") is None
        check_kinds(client.infer("kinds", kinds(grpc_client)))
        classes = grpc_client.InferRequestedOutput("probabilities", class_count=2)
        check_classes(client.infer("digits", inputs(grpc_client, {"x": ("FP32", ROW)}), outputs=[classes]))
        for coding in ("gzip", "deflate"):
            check_pair(client.infer("pair", pair(grpc_client), compression_algorithm=coding))
        refused(lambda: client.infer("absent", pair(grpc_client)), "NOT_FOUND")
        refused(lambda: client.infer("pair", pair(grpc_client)[:1]), "INVALID_ARGUMENT")
        refused(lambda: client.infer("pair", pair(grpc_client), sequence_id=5), "sequence_")
        refused(lambda: client.infer("pair", pair(grpc_client), client_timeout=-1), "DEADLINE_EXCEEDED")  # over before it is sent: the server can answer within any other

        check_statistics(client.get_inference_statistics("pair", as_json=True), "pair")
        assert len(client.get_inference_statistics().model_stats) == 4
        assert client.get_trace_settings(as_json=True)["settings"]["trace_level"]["value"] == ["OFF"]
        assert client.update_trace_settings(settings={"trace_rate": "500"}, as_json=True)["settings"]["trace_rate"]["value"] == ["500"]
        assert client.update_trace_settings(settings={"trace_rate": None}, as_json=True)["settings"]["trace_rate"]["value"] == ["1000"]
        assert client.get_trace_settings(model_name="pair").settings["trace_rate"].value == ["1000"]
        assert client.get_log_settings().settings["log_error"].bool_param
        assert client.update_log_settings({"log_verbose_level": 1}).settings["log_verbose_level"].uint32_param == 1
        client.update_log_settings({"log_verbose_level": 0})

        client.unload_model("plain")
        assert not client.is_model_ready("plain")
        client.load_model("plain")
        assert client.is_model_ready("plain")
        refused(lambda: client.load_model("absent"), "absent")
        for call in (client.get_system_shared_memory_status, client.get_cuda_shared_memory_status):
            refused(call, "shared memory")


def health():
    """Watch of grpc.health.v1, as load balancers use it: the state at once, then each change."""
    serving, not_serving = b"\x08\x01", b"\x08\x02"
    address = f"127.0.0.1:{GRPC}"
    with grpcio.insecure_channel(address) as channel, grpc_client.InferenceServerClient(address) as client:
        stream = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")  # no name: of the whole server
        assert next(stream) == serving
        client.unload_model("plain")
        assert next(stream) == not_serving
        client.load_model("plain")
        assert next(stream) == serving
        stream.cancel()


def grpc_async():
    """Calls with a callback, and streams."""
    answers = queue.Queue()

    def keep(result, error):
        answers.put((result, error))

    with grpc_client.InferenceServerClient(f"127.0.0.1:{GRPC}") as client:
        for _ in range(20):
            client.async_infer("pair", pair(grpc_client), keep)
        for _ in range(20):
            result, error = answers.get(timeout=120)
            assert error is None, error
            check_pair(result)
        client.async_infer("absent", pair(grpc_client), keep)
        result, error = answers.get(timeout=120)
        assert result is None and "NOT_FOUND" in str(error), error

        client.start_stream(keep)
        for i in range(50):
            client.async_stream_infer("pair", pair(grpc_client), request_id=str(i))
        for i in range(50):
            result, error = answers.get(timeout=120)
            assert error is None and result.get_response().id == str(i), (i, error)
            check_pair(result)
        client.async_stream_infer("absent", pair(grpc_client), request_id="no")
        result, error = answers.get(timeout=120)
        assert "not found" in str(error), error
        client.async_stream_infer("pair", pair(grpc_client))
        check_pair(answers.get(timeout=120)[0])
        client.stop_stream()


async def grpc_aio_calls():
    async with grpc_aio.InferenceServerClient(f"127.0.0.1:{GRPC}") as client:
        assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("pair")
        assert (await client.get_server_metadata()).name == "freetickets-inference"
        assert (await client.get_model_metadata("pair", as_json=True))["name"] == "pair"
        check_config((await client.get_model_config("digits", as_json=True))["config"])
        check_index((await client.get_model_repository_index(as_json=True))["models"])
        await client.unload_model("plain")
        await client.load_model("plain")
        for result in await asyncio.gather(*(client.infer("pair", pair(grpc_aio)) for _ in range(20))):
            check_pair(result)
        check_kinds(await client.infer("kinds", kinds(grpc_aio)))
        check_statistics(await client.get_inference_statistics("pair", as_json=True), "pair")
        assert (await client.get_trace_settings()).settings["trace_level"].value == ["OFF"]
        await client.update_trace_settings(settings={"trace_count": "-1"})
        assert not (await client.get_log_settings()).settings["log_file"].string_param
        await client.update_log_settings({"log_warning": True})
        await refused_soon(client.infer("absent", pair(grpc_aio)), "NOT_FOUND")

        async def requests():
            for i in range(20):
                yield {"model_name": "pair", "inputs": pair(grpc_aio), "request_id": str(i)}

        seen = 0
        async for result, error in client.stream_infer(requests()):
            assert error is None and result.get_response().id == str(seen), error
            check_pair(result)
            seen += 1
        assert seen == 20, seen


GROUPS = {
    "http": http,
    "http-aio": lambda: asyncio.run(http_async()),
    "grpc": grpc,
    "health": health,
    "grpc-async": grpc_async,
    "grpc-aio": lambda: asyncio.run(grpc_aio_calls()),
}

if __name__ == "__main__":
    group, HTTP, GRPC = sys.argv[1], sys.argv[2], sys.argv[3]
    GROUPS[group]()
    print(f"{group}: all calls hold")
