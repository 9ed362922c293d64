"""Writes the three tiny ONNX models of test/golden/onnx and, beside each, inputs with the outputs numpy computes for them.

Nothing here runs an ONNX runtime: the expected numbers come from numpy in float64, so the tests compare two implementations.
Run: python3 tooling/golden/tiny_onnx.py (needs numpy and onnx). The seed is fixed, so a second run writes the same files.
"""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden" / "onnx"
INPUTS, HIDDEN, CLASSES, MEMBERS = 4, 5, 3, 2


def write(name, graph, cases):
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="tiny_onnx.py",
    )
    checker.check_model(model, full_check=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    save(model, FOLDER / f"{name}.onnx")
    (FOLDER / f"{name}.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def ensemble():
    """Two MLPs 4 -> 5 -> 3 with softmax. x (batch, 4) -> probabilities (batch, 3), member_probabilities (members, batch, 3)."""
    random = np.random.default_rng(20)
    nodes, weights, members = [], [], []
    for m in range(MEMBERS):
        w1 = random.normal(size=(INPUTS, HIDDEN)).astype(np.float32)
        b1 = random.normal(size=HIDDEN).astype(np.float32)
        w2 = random.normal(size=(HIDDEN, CLASSES)).astype(np.float32)
        b2 = random.normal(size=CLASSES).astype(np.float32)
        members.append((w1, b1, w2, b2))
        weights += [
            numpy_helper.from_array(w, f"{label}{m}")
            for label, w in (("w1_", w1), ("b1_", b1), ("w2_", w2), ("b2_", b2))
        ]
        nodes += [
            helper.make_node("Gemm", ["x", f"w1_{m}", f"b1_{m}"], [f"h{m}"]),
            helper.make_node("Relu", [f"h{m}"], [f"r{m}"]),
            helper.make_node("Gemm", [f"r{m}", f"w2_{m}", f"b2_{m}"], [f"z{m}"]),
            helper.make_node("Softmax", [f"z{m}"], [f"p{m}"], axis=-1),
            helper.make_node("Unsqueeze", [f"p{m}", "axis"], [f"u{m}"]),
        ]
    weights.append(numpy_helper.from_array(np.array([0], dtype=np.int64), "axis"))
    nodes.append(helper.make_node("Concat", [f"u{m}" for m in range(MEMBERS)], ["member_probabilities"], axis=0))
    nodes.append(helper.make_node("ReduceMean", ["member_probabilities"], ["probabilities"], axes=[0], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "tiny_ensemble",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", INPUTS])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", CLASSES]),
            helper.make_tensor_value_info("member_probabilities", TensorProto.FLOAT, [MEMBERS, "batch", CLASSES]),
        ],
        weights,
    )
    cases = []
    for batch in (1, 3, 17):
        x = random.normal(size=(batch, INPUTS)).astype(np.float32)
        each = np.stack([softmax(np.maximum(x.astype(np.float64) @ w1 + b1, 0) @ w2 + b2) for w1, b1, w2, b2 in members])
        cases.append(
            {
                "x": x.tolist(),
                "probabilities": each.mean(axis=0).tolist(),
                "member_probabilities": each.tolist(),
            }
        )
    write("tiny-ensemble", graph, cases)


def types():
    """One operator per element type: log of floats (NaN and -Infinity on purpose), doubled integers, negated flags, strings as they came."""
    n = ["n"]
    graph = helper.make_graph(
        [
            helper.make_node("Log", ["floats"], ["logs"]),
            helper.make_node("Add", ["integers", "integers"], ["doubled"]),
            helper.make_node("Not", ["flags"], ["negated"]),
            helper.make_node("Identity", ["words"], ["same_words"]),
        ],
        "tiny_types",
        [
            helper.make_tensor_value_info("floats", TensorProto.FLOAT, n),
            helper.make_tensor_value_info("integers", TensorProto.INT64, n),
            helper.make_tensor_value_info("flags", TensorProto.BOOL, n),
            helper.make_tensor_value_info("words", TensorProto.STRING, n),
        ],
        [
            helper.make_tensor_value_info("logs", TensorProto.FLOAT, n),
            helper.make_tensor_value_info("doubled", TensorProto.INT64, n),
            helper.make_tensor_value_info("negated", TensorProto.BOOL, n),
            helper.make_tensor_value_info("same_words", TensorProto.STRING, n),
        ],
    )
    floats = np.array([1.0, 2.5, 1e-3], dtype=np.float32)
    integers = [7, -8, 2**53 - 1]
    flags = [True, False, True]
    words = ["", "caf\u00e9", 'a "quoted" word']
    case = {
        "floats": floats.tolist(),
        "integers": integers,
        "flags": flags,
        "words": words,
        "logs": np.log(floats.astype(np.float64)).tolist(),
        # As text: twice 2^53 - 1 is beyond what a JSON number keeps in JavaScript.
        "doubled": [str(2 * i) for i in integers],
        "negated": [not f for f in flags],
    }
    write("tiny-types", graph, [case])


def rows():
    """Every row by itself: doubled = 2 x, and picked = table[pick], which fails for a pick beyond the table of ten."""
    table = np.arange(0, 100, 10, dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "x"], ["doubled"]),
            helper.make_node("Gather", ["table", "pick"], ["picked"], axis=0),
        ],
        "tiny_rows",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", INPUTS]),
            helper.make_tensor_value_info("pick", TensorProto.INT64, ["n"]),
        ],
        [
            helper.make_tensor_value_info("doubled", TensorProto.FLOAT, ["n", INPUTS]),
            helper.make_tensor_value_info("picked", TensorProto.FLOAT, ["n"]),
        ],
        [numpy_helper.from_array(table, "table")],
    )
    x = np.arange(3 * INPUTS, dtype=np.float32).reshape(3, INPUTS) / 8
    case = {"x": x.tolist(), "pick": [9, 0, 4], "doubled": (2 * x).tolist(), "picked": [90, 0, 40]}
    write("tiny-rows", graph, [case])


if __name__ == "__main__":
    ensemble()
    types()
    rows()
