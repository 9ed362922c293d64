"""Runs a NetworkSpec (packages/sparse-core/src/spec.ts) node by node with torch.nn.functional.

It also measures how far the run stays from the places where the gradient jumps: the kink of a ReLU and a tie between the two
largest values under a max-pooling window. A golden file is only fair to float32 when rounding cannot cross one of those.
"""

import math

import torch
import torch.nn.functional as F

from dropout import mask


class Margins:
    """Smallest distance to a kink or tie seen so far. Exact zeros at a ReLU are no near miss: every engine sees the same zero."""

    def __init__(self, exact_ties=False):
        self.exact_ties = exact_ties
        self.smallest = math.inf

    def relu(self, x):
        distances = x.detach().abs()
        self._see(distances[distances > 0])

    def max_pool(self, x, node, after_relu):
        """Windows whose largest value is a ReLU's zero are left out: no gradient passes whichever zero is taken."""
        kernel, stride, pad = node["kernel"], node.get("stride", node["kernel"]), node.get("pad", 0)
        padded = F.pad(x.detach(), (pad,) * 4, value=-math.inf)
        windows = padded.unfold(2, kernel, stride).unfold(3, kernel, stride).flatten(4)
        top = windows.topk(2, dim=-1).values
        gaps = top[..., 0] - top[..., 1]
        if after_relu:
            gaps = gaps[top[..., 0] > 0]
        self._see(gaps[gaps > 0] if self.exact_ties else gaps)

    def _see(self, distances):
        if distances.numel() > 0:
            self.smallest = min(self.smallest, distances.min().item())


def forward(spec, values, images, training, margins=None, seed=None):
    """Logits (N, heads * classes). `seed` keys dropout; without one it is off. With `training`, running statistics in `values` are updated in place."""
    ops = {node["id"]: node["op"] for node in spec["nodes"]}
    outputs = {"input": images}
    for index, node in enumerate(spec["nodes"]):
        inputs = [outputs[name] for name in node["from"]]
        if margins is not None and node["op"] == "relu":
            margins.relu(inputs[0])
        if margins is not None and node["op"] == "maxPool":
            margins.max_pool(inputs[0], node, ops.get(node["from"][0]) == "relu")
        outputs[node["id"]] = _run(node, inputs, values, training) if node["op"] != "dropout" else _drop(node, index, inputs[0], seed)
    return outputs[spec["output"]]


def _drop(node, index, x, seed):
    return x if seed is None else x * mask(seed, index, x.shape, node["rate"]).to(x.dtype) / (1 - node["rate"])


def _run(node, inputs, values, training):
    x = inputs[0]
    own = lambda kind: values.get(f"{node['id']}.{kind}")
    kernel, stride, pad = node.get("kernel"), node.get("stride"), node.get("pad", 0)
    match node["op"]:
        case "conv2d":
            return F.conv2d(x, own("weight"), own("bias"), stride or 1, pad)
        case "linear":
            return F.linear(x, own("weight"), own("bias"))
        case "batchNorm":
            momentum, eps = node.get("momentum", 0.1), node.get("eps", 1e-5)
            return F.batch_norm(x, own("running_mean"), own("running_var"), own("weight"), own("bias"), training, momentum, eps)
        case "maxPool":
            return F.max_pool2d(x, kernel, stride or kernel, pad)
        case "avgPool":
            return F.avg_pool2d(x, kernel, stride or kernel)
        case "globalAvgPool":
            return x.mean(dim=(2, 3))
        case "relu":
            return F.relu(x)
        case "add":
            return inputs[0] + inputs[1]
        case "flatten":
            return x.flatten(1)
        case "concat":
            return torch.cat(inputs, dim=1)
        case "memberScale":
            factors = own("weight")[torch.arange(len(x)) % node["members"]]
            return x * factors.reshape(*factors.shape, *[1] * (x.dim() - 2))
        case "dropout":
            return x


def parameters(spec):
    """{name: (kind, shape)} in the order of the nodes, as `network()` of sparse-core lists them."""
    shapes = {"input": tuple(spec["input"]["shape"])}
    found = {}
    for node in spec["nodes"]:
        channels = shapes[node["from"][0]][0]
        name = node["id"]
        if node["op"] in ("conv2d", "linear"):
            kernel = (node["kernel"],) * 2 if node["op"] == "conv2d" else ()
            found[f"{name}.weight"] = ("dense weight" if node.get("dense") else "weight", (node["out"], channels, *kernel))
            if node.get("bias", True):
                found[f"{name}.bias"] = ("bias", (node["out"],))
        elif node["op"] == "batchNorm":
            for key, kind in (("weight", "scale"), ("bias", "shift"), ("running_mean", "mean"), ("running_var", "variance")):
                found[f"{name}.{key}"] = (kind, (channels,))
        elif node["op"] == "memberScale":
            found[f"{name}.weight"] = ("factor", (node["members"], channels))
        shapes[name] = _shape(node, shapes, found)
    return found


def _shape(node, shapes, found):
    """Output shape per sample, found by running the node on zeros."""
    inputs = [torch.zeros(2, *shapes[source]) for source in node["from"]]
    own = {name: torch.ones(shape) for name, (_, shape) in found.items() if name.rpartition(".")[0] == node["id"]}
    return tuple(_run(node, inputs, own, False).shape[1:])
