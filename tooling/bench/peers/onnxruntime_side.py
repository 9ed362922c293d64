"""ONNX Runtime on the CPU: whole networks from a file, and single convolutions."""

import json
import os
import tempfile

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from protocol import Clock, serve


def options_of(task):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task["threads"]
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads stop spinning when a run ends, so that they do not disturb the other side's turn.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options


def prepare(task):
    return {"infer": prepare_infer, "layer": prepare_layer}[task["kind"]](task)


def prepare_infer(task):
    session = onnxruntime.InferenceSession(task["model"], options_of(task), providers=["CPUExecutionProvider"])
    random = numpy.random.default_rng(task["seed"])
    shape = (task["batchSize"], *task["spec"]["input"]["shape"])
    images = {session.get_inputs()[0].name: random.uniform(-1, 1, shape).astype(numpy.float32)}
    outputs = [session.get_outputs()[0].name]

    def run():
        clock = Clock()
        session.run(outputs, images)
        return {"infer": clock()}

    return run


def prepare_layer(task):
    """
    One convolution, forward. ONNX Runtime computes it in a layout of its own and changes layouts before and after; a network does that once,
    so only the node itself is counted, as the runtime's profiler gives it.
    """
    random = numpy.random.default_rng(task["seed"])
    kernel = task["kernel"]
    weight = random.standard_normal((task["outputs"], task["inputs"], kernel, kernel)).astype(numpy.float32)
    model = convolution(weight, task["stride"], task["pad"])
    images = random.uniform(-1, 1, (task["batchSize"], task["inputs"], task["height"], task["width"])).astype(numpy.float32)

    def run():
        options = options_of(task)
        options.enable_profiling = True
        with tempfile.TemporaryDirectory() as folder:
            options.profile_file_prefix = os.path.join(folder, "profile")
            session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            for _ in range(4):
                session.run(None, {"x": images})
            with open(session.end_profiling()) as file:
                events = json.load(file)
        times = [event["dur"] / 1000 for event in events if event.get("args", {}).get("op_name") in ("Conv", "FusedConv")]
        return {"forward": min(times)}

    return run


def convolution(weight, stride, pad):
    attributes = {"kernel_shape": weight.shape[2:], "strides": [stride] * 2, "pads": [pad] * 4}
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "weight"], ["y"], **attributes)],
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "c", "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "o", "v", "u"])],
        [numpy_helper.from_array(weight, "weight")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


if __name__ == "__main__":
    serve({"onnxruntime": onnxruntime.__version__}, prepare)
