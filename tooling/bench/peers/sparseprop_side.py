"""SparseProp's modules for single layers: `SparseConv2d`, vectorised over images or over columns, and `SparseLinear`."""

from importlib.metadata import version

import torch
from sparseprop.modules import SparseConv2d, SparseLinear

from protocol import Clock, serve


def prepare(task):
    torch.set_num_threads(task["threads"])  # its own kernels take OMP_NUM_THREADS
    torch.manual_seed(task["seed"])
    inputs, outputs, kernel, size = task["inputs"], task["outputs"], task["kernel"], task["batchSize"]
    if task["height"] * task["width"] * kernel == 1:
        layer = SparseLinear(random_weight(task, (outputs, inputs)))
        x = torch.rand(size, inputs)
    else:
        layer = SparseConv2d(
            random_weight(task, (outputs, inputs, kernel, kernel)),
            padding=task["pad"],
            stride=task["stride"],
            vectorizing_over_on=task["vectorized"] == "columns",
        )
        x = torch.rand(size, inputs, task["height"], task["width"])
    x.requires_grad_()
    gradient = torch.randn(layer(x).shape)

    def run():
        x.grad = None
        layer.W_val.grad = None
        clock = Clock()
        y = layer(x)
        forward = clock()
        y.backward(gradient)
        return {"forward": forward, "backward": clock()}

    return run


def random_weight(task, shape):
    weight = torch.randn(shape)
    live = torch.randperm(weight.numel())[: task["live"]]
    mask = torch.zeros(weight.numel())
    mask[live] = 1
    return weight * mask.view(shape)


if __name__ == "__main__":
    serve({"sparseprop": version("sparseprop"), "torch": torch.__version__}, prepare)
