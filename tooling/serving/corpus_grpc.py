"""The gRPC requests whose answers by real Triton are recorded: rpc, request message, and what came back, messages in base64."""

import base64
import struct

import grpc
from tritonclient.grpc import service_pb2 as messages

ROW = struct.pack("<4f", 0.5, -1.0, 2.0, 0.25)


def infer(name, model="digits", raw=(ROW,), shape=(1, 4), datatype="FP32", tensor="x", contents=None, parameters=None, outputs=(), inputs=1, **fields):
    request = messages.ModelInferRequest(model_name=model, raw_input_contents=raw, **fields)
    for _ in range(inputs):
        one = request.inputs.add(name=tensor, datatype=datatype, shape=shape)
        if contents:
            getattr(one.contents, contents[0]).extend(contents[1])
    for key, (kind, value) in (parameters or {}).items():
        setattr(request.parameters[key], kind, value)
    for output, classes in outputs:
        wanted = request.outputs.add(name=output)
        if classes is not None:
            wanted.parameters["classification"].int64_param = classes
    return (f"ModelInfer: {name}", "ModelInfer", request)


def other(rpc, title, /, **fields):
    return (f"{rpc}: {title}", rpc, getattr(messages, f"{rpc}Request")(**fields))


def rpcs():
    yield other("ServerLive", "")
    yield other("ServerReady", "")
    yield other("ServerMetadata", "")
    for rpc in ("ModelReady", "ModelMetadata", "ModelConfig", "ModelStatistics"):
        for name, version in (("digits", ""), ("digits", "1"), ("digits", "2"), ("digits", "x"), ("absent", ""), ("", ""), ("kinds", ""), ("pair", ""), ("plain", "")):
            yield other(rpc, f"{name} {version}", name=name, version=version)
    yield other("RepositoryIndex", "all")
    yield other("RepositoryIndex", "ready", ready=True)
    yield other("RepositoryIndex", "another repository", repository_name="other")
    yield other("RepositoryModelLoad", "loaded already", model_name="plain")
    yield other("RepositoryModelLoad", "unknown", model_name="absent")
    yield other("RepositoryModelUnload", "unload", model_name="plain")
    yield other("ModelReady", "after unload", name="plain")
    yield other("RepositoryModelUnload", "unknown", model_name="absent")
    yield other("RepositoryModelLoad", "again", model_name="plain")
    yield other("ModelReady", "after load", name="plain")
    yield other("TraceSetting", "get")
    yield other("TraceSetting", "of a model", model_name="digits")
    yield other("TraceSetting", "of an unknown model", model_name="absent")
    setting = messages.TraceSettingRequest.SettingValue
    yield other("TraceSetting", "rate", settings={"trace_rate": setting(value=["500"])})
    yield other("TraceSetting", "back to the default", settings={"trace_rate": setting()})
    yield other("TraceSetting", "unknown", settings={"trace_zz": setting(value=["1"])})
    yield other("LogSettings", "get")
    value = messages.LogSettingsRequest.SettingValue
    yield other("LogSettings", "verbose", settings={"log_verbose_level": value(uint32_param=1)})
    yield other("LogSettings", "not verbose", settings={"log_verbose_level": value(uint32_param=0)})
    yield other("LogSettings", "unknown", settings={"log_zz": value(bool_param=True)})
    yield other("SystemSharedMemoryStatus", "all")
    yield other("CudaSharedMemoryStatus", "all")


def inferences():
    yield infer("raw")
    yield infer("raw of three rows", raw=[ROW * 3], shape=(3, 4))
    yield infer("typed", raw=[], contents=("fp32_contents", [0.5, -1, 2, 0.25]))
    yield infer("raw and typed", contents=("fp32_contents", [0.5, -1, 2, 0.25]))
    yield infer("typed, too few", raw=[], contents=("fp32_contents", [0.5]))
    yield infer("typed of another datatype", raw=[], contents=("int_contents", [1, 2, 3, 4]))
    yield infer("id", id="abc")
    yield infer("version", model_version="1")
    yield infer("unknown version", model_version="2")
    yield infer("version that is no number", model_version="x")
    yield infer("unknown model", model="absent")
    yield infer("no model", model="")
    yield infer("unknown input", tensor="zz")
    yield infer("another datatype", datatype="INT32")
    yield infer("unknown datatype", datatype="FP31")
    yield infer("three dimensions", shape=(1, 1, 4))
    yield infer("wrong width", shape=(1, 5), raw=[ROW + ROW[:4]])
    yield infer("negative dimension", shape=(-1, 4))
    yield infer("too few bytes", raw=[ROW[:12]])
    yield infer("too many bytes", raw=[ROW + ROW])
    yield infer("no raw tensor", raw=[])
    yield infer("two raw tensors", raw=[ROW, ROW])
    yield infer("no inputs", raw=[], inputs=0)
    yield infer("the same input twice", raw=[ROW, ROW], inputs=2)
    yield infer("eight rows", raw=[ROW * 8], shape=(8, 4))
    yield infer("nine rows", raw=[ROW * 9], shape=(9, 4))
    yield infer("one output", outputs=[("probabilities", None)])
    yield infer("unknown output", outputs=[("zz", None)])
    yield infer("the same output twice", outputs=[("probabilities", None)] * 2)
    for classes in (1, 2, 3, 4, 0, -1):
        yield infer(f"classification {classes}", outputs=[("probabilities", classes)])
    yield infer("priority", parameters={"priority": ("uint64_param", 1)})
    yield infer("priority as int64", parameters={"priority": ("int64_param", 1)})
    yield infer("priority is text", parameters={"priority": ("string_param", "x")})
    yield infer("timeout", parameters={"timeout": ("int64_param", 1_000_000)})
    yield infer("parameter: text", parameters={"mine": ("string_param", "a")})
    yield infer("parameter: fraction", parameters={"mine": ("double_param", 0.5)})
    yield infer("sequence", parameters={"sequence_id": ("int64_param", 5), "sequence_start": ("bool_param", True)})
    yield infer("binary_data_output", parameters={"binary_data_output": ("bool_param", True)})
    pair = messages.ModelInferRequest(model_name="pair", raw_input_contents=[ROW, ROW])
    for tensor in "ab":
        pair.inputs.add(name=tensor, datatype="FP32", shape=(2, 2))
    yield ("ModelInfer: pair", "ModelInfer", pair)
    strange = messages.ModelInferRequest()
    strange.CopyFrom(pair)
    strange.outputs.add(name="difference")
    yield ("ModelInfer: pair, one output", "ModelInfer", strange)
    yield infer("plain", model="plain", shape=(2, 2))
    yield infer("plain, a batch", model="plain", shape=(1, 2, 2))


def grpc_corpus():
    yield from rpcs()
    yield from inferences()


def ask_grpc(port, asked):
    name, rpc, request = asked
    sent = request.SerializeToString(deterministic=True)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(f"/inference.GRPCInferenceService/{rpc}")
        try:
            answer = {"status": "OK", "base64": base64.b64encode(call(sent, timeout=30)).decode()}
        except grpc.RpcError as error:
            answer = {"status": error.code().name, "details": error.details()}
    return {"name": name, "rpc": rpc, "base64": base64.b64encode(sent).decode(), "answer": answer}
