"""A NetworkSpec (packages/sparse-core/src/spec.ts) as a PyTorch module, written the way people write such networks.

ReLU works in place where nobody else reads its input, and an activation is let go of when its last reader is done: this is what PyTorch's
own peak memory is measured on.
"""

import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.nodes, self.output = spec["nodes"], spec["output"]
        self.readers = {}
        for node in self.nodes:
            for source in node["from"]:
                self.readers.setdefault(source, []).append(node["id"])
        # Lazy modules find the width of their inputs in the first pass.
        self.layers = nn.ModuleDict({name_of(node): self.layer(node) for node in self.nodes if node["op"] not in ("add", "globalAvgPool")})
        self.eval()
        with torch.no_grad():
            self(torch.zeros(2, *spec["input"]["shape"]))
        self.train()

    def layer(self, node):
        kernel, stride, pad = node.get("kernel"), node.get("stride"), node.get("pad", 0)
        match node["op"]:
            case "conv2d":
                return nn.LazyConv2d(node["out"], kernel, stride or 1, pad, bias=node.get("bias", True))
            case "linear":
                return nn.LazyLinear(node["out"], bias=node.get("bias", True))
            case "batchNorm":
                return nn.LazyBatchNorm2d(node.get("eps", 1e-5), node.get("momentum", 0.1))
            case "relu":
                return nn.ReLU(inplace=len(self.readers[node["from"][0]]) == 1 and node["from"][0] != "input")
            case "maxPool":
                return nn.MaxPool2d(kernel, stride or kernel, pad)
            case "avgPool":
                return nn.AvgPool2d(kernel, stride or kernel)
            case "flatten":
                return nn.Flatten()

    def forward(self, images):
        values = {"input": images}
        left = {name: len(readers) for name, readers in self.readers.items()}
        for node in self.nodes:
            inputs = [values[name] for name in node["from"]]
            for name in node["from"]:
                left[name] -= 1
                if left[name] == 0:
                    del values[name]
            values[node["id"]] = self.run(node, inputs)
            del inputs
        return values[self.output]

    def run(self, node, inputs):
        match node["op"]:
            case "add":
                return inputs[0] + inputs[1]
            case "globalAvgPool":
                return inputs[0].mean(dim=(2, 3))
            case _:
                return self.layers[name_of(node)](inputs[0])

    def weight_of(self, param):
        """The weight that the spec calls `<node>.weight`."""
        return self.layers[param.removesuffix(".weight").replace(".", "_")].weight


def name_of(node):
    """Names of modules have no dots."""
    return node["id"].replace(".", "_")
