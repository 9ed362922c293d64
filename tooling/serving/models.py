"""The model repository that real Triton and this server both answer from: test/golden/serving/models. Small graphs with fixed weights.

digits  x FP32 [batch, 4] -> probabilities FP32 [batch, 3], with class names; batches of at most 8
pair    a, b FP32 [batch, any] -> sum, difference; batches of at most 4
plain   x FP32 [2, 2] -> y = 2 x; no batches
kinds   x_bool, x_uint8, ... of every datatype with any length -> y_bool, y_uint8, ..., the same values; no batches
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden" / "serving" / "models"

# Triton's datatype -> ONNX element type
KINDS = {
    "BOOL": TensorProto.BOOL,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}


def tensor(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def write(name, nodes, inputs, outputs, weights, config):
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="models.py")
    checker.check_model(model, full_check=True)
    folder = FOLDER / name / "1"
    folder.mkdir(parents=True, exist_ok=True)
    save(model, folder / "model.onnx")
    (FOLDER / name / "config.pbtxt").write_text(f'name: "{name}"\nbackend: "onnxruntime"\n{config.strip()}\n')


def digits():
    random = np.random.default_rng(7)
    weight = numpy_helper.from_array(random.normal(size=(4, 3)).astype(np.float32), "weight")
    bias = numpy_helper.from_array(random.normal(size=3).astype(np.float32), "bias")
    nodes = [
        helper.make_node("Gemm", ["x", "weight", "bias"], ["z"]),
        helper.make_node("Softmax", ["z"], ["probabilities"], axis=-1),
    ]
    inputs = [tensor("x", TensorProto.FLOAT, ["batch", 4])]
    outputs = [tensor("probabilities", TensorProto.FLOAT, ["batch", 3])]
    config = """
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "probabilities" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }
"""
    write("digits", nodes, inputs, outputs, [weight, bias], config)
    (FOLDER / "digits" / "labels.txt").write_text("zero\none\ntwo\n")


def pair():
    nodes = [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["difference"])]
    inputs = [tensor(name, TensorProto.FLOAT, ["batch", "n"]) for name in ("a", "b")]
    outputs = [tensor(name, TensorProto.FLOAT, ["batch", "n"]) for name in ("sum", "difference")]
    config = """
max_batch_size: 4
input [ { name: "a" data_type: TYPE_FP32 dims: [ -1 ] }, { name: "b" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "sum" data_type: TYPE_FP32 dims: [ -1 ] }, { name: "difference" data_type: TYPE_FP32 dims: [ -1 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
"""
    write("pair", nodes, inputs, outputs, [], config)


def plain():
    nodes = [helper.make_node("Add", ["x", "x"], ["y"])]
    config = """
max_batch_size: 0
input [ { name: "x" data_type: TYPE_FP32 dims: [ 2, 2 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 2, 2 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
"""
    write("plain", nodes, [tensor("x", TensorProto.FLOAT, [2, 2])], [tensor("y", TensorProto.FLOAT, [2, 2])], [], config)


def kinds():
    names = {kind: kind.lower() for kind in KINDS}
    nodes = [helper.make_node("Identity", [f"x_{name}"], [f"y_{name}"]) for name in names.values()]
    inputs = [tensor(f"x_{names[kind]}", element, [f"n_{names[kind]}"]) for kind, element in KINDS.items()]
    outputs = [tensor(f"y_{names[kind]}", element, [f"n_{names[kind]}"]) for kind, element in KINDS.items()]

    def declared(prefix):
        types = {kind: "STRING" if kind == "BYTES" else kind for kind in KINDS}
        return ",\n  ".join(f'{{ name: "{prefix}_{names[kind]}" data_type: TYPE_{types[kind]} dims: [ -1 ] }}' for kind in KINDS)

    config = f"""
max_batch_size: 0
input [
  {declared("x")}
]
output [
  {declared("y")}
]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
"""
    write("kinds", nodes, inputs, outputs, [], config)


def write_models():
    for make in (digits, pair, plain, kinds):
        make()


if __name__ == "__main__":
    write_models()
