"""PyTorch: training steps, predictions, ensembles, single layers, epochs of real data; steps and ensembles also on a GPU."""

import torch
import torch.nn.functional as F

from protocol import Clock, serve
from torch_epoch import prepare_epoch
from torch_network import Network

FORMATS = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}


def prepare(task):
    torch.set_num_threads(task["threads"])
    torch.manual_seed(task["seed"])
    kinds = {"step": prepare_step, "infer": prepare_infer, "ensemble": prepare_ensemble, "layer": prepare_layer, "epoch": prepare_epoch}
    return kinds[task["kind"]](task)


def images_of(task):
    images = torch.rand(task["batchSize"], *task["spec"]["input"]["shape"]) * 2 - 1
    return images.to(memory_format=FORMATS[task["layout"]]) if images.dim() == 4 else images


def prepare_step(task):
    """`densities`, if given, makes it what published sparse training does: dense arithmetic, and masks applied in every step."""
    device = task.get("device", "cpu")
    network = Network(task["spec"]).to(device, memory_format=FORMATS[task["layout"]])
    images = images_of(task).to(device)
    masks = [
        (weight, (torch.rand_like(weight) < density).float())
        for weight, density in ((network.weight_of(param), density) for param, density in task.get("densities", {}).items())
    ]
    with torch.no_grad():
        labels = torch.arange(task["batchSize"], device=device) % network(images).shape[1]
        for weight, mask in masks:
            weight.mul_(mask)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    def run():
        clock = Clock()
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        for weight, mask in masks:
            weight.grad.mul_(mask)
        optimizer.step()
        for weight, mask in masks:
            weight.data.mul_(mask)
        loss.item()
        return {"step": clock()}

    return run


def prepare_infer(task):
    network = Network(task["spec"]).eval().to(memory_format=FORMATS[task["layout"]])
    images = images_of(task)

    def run():
        with torch.inference_mode():
            clock = Clock()
            F.softmax(network(images), dim=1)
            return {"infer": clock()}

    return run


def prepare_ensemble(task):
    """From images in the host's memory to mean probabilities in it; `graph`: the members' kernels as one CUDA graph."""
    device = task["device"]
    members = [Network(task["spec"]).eval().to(device) for _ in range(task["members"])]
    images = torch.randn(task["batchSize"], *task["spec"]["input"]["shape"])

    def predict(x):
        return torch.stack([F.softmax(member(x), dim=1) for member in members]).mean(0)

    if task["mode"] == "graph":
        predict = as_graph(predict, images.to(device))

    def run():
        with torch.inference_mode():
            clock = Clock()
            predict(images.to(device)).cpu()
            return {"infer": clock()}

    return run


def as_graph(predict, example):
    with torch.inference_mode():
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(3):
                predict(example)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            answer = predict(example)

    def replay(images):
        example.copy_(images)
        graph.replay()
        return answer

    return replay


def prepare_layer(task):
    """Dense forward and backward (both gradients) of one layer."""
    inputs, outputs, kernel = task["inputs"], task["outputs"], task["kernel"]
    if task["height"] * task["width"] * kernel == 1:
        return prepare_linear(task)
    layout = FORMATS[task["layout"]]
    x = torch.rand(task["batchSize"], inputs, task["height"], task["width"]).to(memory_format=layout)
    weight = torch.randn(outputs, inputs, kernel, kernel).to(memory_format=layout)
    stride, pad = [task["stride"]] * 2, [task["pad"]] * 2
    gradient = torch.randn_like(F.conv2d(x, weight, None, stride, pad))
    backward = torch.ops.aten.convolution_backward

    def run():
        with torch.inference_mode():
            clock = Clock()
            F.conv2d(x, weight, None, stride, pad)
            forward = clock()
            backward(gradient, x, weight, None, stride, pad, [1, 1], False, [0, 0], 1, [True, True, False])
            return {"forward": forward, "backward": clock()}

    return run


def prepare_linear(task):
    x = torch.rand(task["batchSize"], task["inputs"])
    weight = torch.randn(task["outputs"], task["inputs"])
    gradient = torch.randn(task["batchSize"], task["outputs"])

    def run():
        with torch.inference_mode():
            clock = Clock()
            F.linear(x, weight)
            forward = clock()
            gradient @ weight, gradient.t() @ x
            return {"forward": forward, "backward": clock()}

    return run


if __name__ == "__main__":
    serve({"torch": torch.__version__}, prepare)
