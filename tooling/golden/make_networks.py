"""Writes test/golden/networks.json and test/golden/pytorch/*.safetensors: the networks of the field as PyTorch users write them.

networks.json has for every network its parameters in the order of the state dict, their totals, and for some the logits that PyTorch
computes in float64 from weights given by a formula (`formula`), so that full-size networks need no weight files. The safetensors files are
state dicts of narrow networks exactly as `safetensors.torch.save_file(model.state_dict(), ...)` writes them.

    python3 tooling/golden/make_networks.py
    python3 tooling/golden/make_networks.py --check resnet-18 exported.safetensors     loads a file with strict=True
"""

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from by_hand import WideBlock, conv

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"


def project(inputs, out, stride):
    return nn.Sequential(conv(inputs, out, 1, stride), nn.BatchNorm2d(out))


class Block(nn.Module):
    """`out = relu(residual + shortcut)`; the attribute of the shortcut is called `downsample` by torchvision and `shortcut` elsewhere."""

    def __init__(self, inputs, width, stride, name, changes):
        super().__init__()
        self.layers(inputs, width, stride)
        self.name = name
        if changes:
            self.add_module(name, project(inputs, width * self.expansion, stride))

    def forward(self, x):
        shortcut = getattr(self, self.name, None)
        return F.relu(self.residual(x) + (x if shortcut is None else shortcut(x)))


class BasicBlock(Block):
    expansion = 1

    def layers(self, inputs, width, stride):
        self.conv1, self.bn1 = conv(inputs, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width), nn.BatchNorm2d(width)

    def residual(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))


class Bottleneck(Block):
    expansion = 4

    def layers(self, inputs, width, stride):
        self.conv1, self.bn1 = conv(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)

    def residual(self, x):
        x = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return self.bn3(self.conv3(x))


class ResNet(nn.Module):
    """Four stages; torchvision's names and stem for ImageNet, or ITOP's for small pictures."""

    DEPTHS = {18: (BasicBlock, 2, 2, 2, 2), 34: (BasicBlock, 3, 4, 6, 3), 50: (Bottleneck, 3, 4, 6, 3)}
    DEPTHS |= {101: (Bottleneck, 3, 4, 23, 3), 152: (Bottleneck, 3, 8, 36, 3)}

    def __init__(self, depth, cifar=False, classes=None, width=64):
        super().__init__()
        block, *blocks = self.DEPTHS[depth]
        self.cifar = cifar
        self.conv1, self.bn1 = conv(3, width, 3) if cifar else conv(3, width, 7, 2), nn.BatchNorm2d(width)
        inputs = width
        for stage, count in enumerate(blocks):
            rows, out = [], width * 2**stage
            for i in range(count):
                stride = 2 if stage > 0 and i == 0 else 1
                changes = stride != 1 or inputs != out * block.expansion
                rows.append(block(inputs, out, stride, "shortcut" if cifar else "downsample", changes))
                inputs = out * block.expansion
            self.add_module(f"layer{stage + 1}", nn.Sequential(*rows))
        if cifar:
            self.classifier = nn.Linear(inputs, classes or 10, bias=False)
        else:
            self.fc = nn.Linear(inputs, classes or 1000)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if not self.cifar:
            x = F.max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return (self.classifier if self.cifar else self.fc)(F.adaptive_avg_pool2d(x, 1).flatten(1))


class CifarResNet(nn.Module):
    """6 n + 2 layers, three segments; names of VITA-Group/Random_Pruning."""

    def __init__(self, depth, classes=10):
        super().__init__()
        count, inputs, rows = (depth - 2) // 6, 16, []
        self.conv, self.bn = conv(3, 16), nn.BatchNorm2d(16)
        for i in range(3 * count):
            width = 16 * 2 ** (i // count)
            rows.append(BasicBlock(inputs, width, 1 if width == inputs else 2, "shortcut", width != inputs))
            inputs = width
        self.blocks, self.fc = nn.Sequential(*rows), nn.Linear(64, classes)

    def forward(self, x):
        return self.fc(F.adaptive_avg_pool2d(self.blocks(F.relu(self.bn(self.conv(x)))), 1).flatten(1))


class WideGroup(nn.Module):
    def __init__(self, count, inputs, out, stride):
        super().__init__()
        self.layer = nn.Sequential(*(WideBlock(out if i else inputs, out, 1 if i else stride) for i in range(count)))

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth, widen, classes=10):
        super().__init__()
        count = (depth - 4) // 6
        self.conv1 = conv(3, 16)
        self.block1 = WideGroup(count, 16, 16 * widen, 1)
        self.block2 = WideGroup(count, 16 * widen, 32 * widen, 2)
        self.block3 = WideGroup(count, 32 * widen, 64 * widen, 2)
        self.bn1, self.fc = nn.BatchNorm2d(64 * widen), nn.Linear(64 * widen, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.block3(self.block2(self.block1(self.conv1(x))))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Convolutions(nn.Module):
    """`features`, then `classifier` on all that they give."""

    def __init__(self, features, classifier):
        super().__init__()
        self.features, self.classifier = nn.Sequential(*features), nn.Sequential(*classifier)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def vgg(variant, classes=10):
    features, inputs = [], 3
    for group in ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3):
        for i, out in enumerate(group):
            kernel = 1 if variant == "c" and i == 2 else 3
            features += [nn.Conv2d(inputs, out, kernel, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
            inputs = out
        features.append(nn.MaxPool2d(2))
    classifier = [nn.Linear(2048 if variant == "c" else 512, 512), nn.ReLU(), nn.BatchNorm1d(512)]
    if variant != "like":
        classifier += [nn.Linear(512, 512), nn.ReLU(), nn.BatchNorm1d(512)]
    return Convolutions(features, [*classifier, nn.Linear(512, classes)])


def alexnet(hidden, classes=10):
    features, inputs = [], 3
    for out, kernel, pad in ((96, 11, 2), (256, 5, 2), (384, 3, 1), (384, 3, 1), (256, 3, 1)):
        features += [nn.Conv2d(inputs, out, kernel, 2, pad), nn.BatchNorm2d(out), nn.ReLU()]
        inputs = out
    unit = lambda size: [nn.Linear(size, hidden), nn.BatchNorm1d(hidden), nn.ReLU()]
    return Convolutions(features, [*unit(256), *unit(hidden), nn.Linear(hidden, classes)])


class Multilayer(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = (nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc3, self.fc4 = nn.Linear(800, 500), nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc4(F.relu(self.fc3(x.flatten(1))))


# name: (constructor, shape of the pictures that logits are made for or None, parameters in all if a source outside this file says so)
NETWORKS = {
    "lenet-300-100": (lambda: Multilayer(784, 300, 100, 10), (1, 28, 28), 266610),
    "lenet-5": (LeNet5, (1, 28, 28), 431080),
    "mlp-cifar10": (lambda: Multilayer(3072, 1024, 512, 10), (3, 32, 32), 3676682),
    "vgg-c": (lambda: vgg("c"), (3, 32, 32), 11323466),
    "vgg-d": (lambda: vgg("d"), (3, 32, 32), 15255626),
    "vgg-like": (lambda: vgg("like"), None, 14991946),
    "alexnet-s": (lambda: alexnet(1024), (3, 32, 32), 5077066),
    "alexnet-b": (lambda: alexnet(2048), None, 8501322),
    "wrn-16-2": (lambda: WideResNet(16, 2), (3, 16, 16), 691674),
    "wrn-22-8": (lambda: WideResNet(22, 8), None, 17158106),
    "wrn-28-10": (lambda: WideResNet(28, 10), None, 36479194),
    "resnet-20": (lambda: CifarResNet(20), (3, 16, 16), 272474),
    "resnet-32": (lambda: CifarResNet(32), (3, 16, 16), None),
    "resnet-44": (lambda: CifarResNet(44), None, None),
    "resnet-56": (lambda: CifarResNet(56), None, None),
    "resnet-110": (lambda: CifarResNet(110), None, None),
    # totals of the documentation of torchvision
    "resnet-18": (lambda: ResNet(18), (3, 64, 48), 11689512),
    "resnet-34": (lambda: ResNet(34), None, 21797672),
    "resnet-50": (lambda: ResNet(50), (3, 64, 48), 25557032),
    "resnet-101": (lambda: ResNet(101), None, 44549160),
    "resnet-152": (lambda: ResNet(152), None, 60192808),
    "resnet-18-cifar": (lambda: ResNet(18, cifar=True), (3, 16, 16), None),
    "resnet-34-cifar": (lambda: ResNet(34, cifar=True), None, None),
    "resnet-50-cifar": (lambda: ResNet(50, cifar=True), (3, 16, 16), None),
    "resnet-101-cifar": (lambda: ResNet(101, cifar=True), None, None),
}

# state dicts for the tests of reading and writing files: every number of them is in the file
FILES = {
    "resnet-18-w2": (lambda: ResNet(18, classes=5, width=2), (3, 33, 40)),
    "resnet-50-w2": (lambda: ResNet(50, classes=5, width=2), (3, 40, 33)),
}

PICTURES = 2


def uniform(name, size):
    """Numbers of [0, 1) that any language can make again: the finalizer of MurmurHash3 on the position plus the CRC-32 of the name."""
    with np.errstate(over="ignore"):
        x = np.arange(size, dtype=np.uint32) + np.uint32(zlib.crc32(name.encode()))
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
        return (x ^ (x >> np.uint32(16))).astype(np.float64) / 2**32


def formula(name, shape):
    """Weights of convolutions and linear layers of unit gain, scales and variances in [0.5, 1.5), everything else in [-0.5, 0.5)."""
    u = uniform(name, int(np.prod(shape)))
    if len(shape) > 1:
        values = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith((".running_var", ".weight")):
        values = u + 0.5
    else:
        values = u - 0.5
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def filled(model):
    state = model.state_dict()
    for name, value in state.items():
        if value.is_floating_point():
            state[name] = formula(name, tuple(value.shape))
    model.load_state_dict(state, strict=True)
    return model.eval()


@torch.no_grad()
def run(model, images):
    return [float(f"{value:.12g}") for value in model.double()(images.double()).flatten().tolist()]


def logits_of(model, shape):
    images = torch.from_numpy((2 * uniform("images", PICTURES * int(np.prod(shape))) - 1).astype(np.float32)).reshape(PICTURES, *shape)
    return {"input": list(shape), "size": PICTURES, "values": run(model, images)}


def listed(model):
    """`conv1.weight 64x3x7x7`; the four vectors of a batch normalization, which stand together, as one: `bn1 64`."""
    rows = []
    for key, value in model.state_dict().items():
        module, _, kind = key.rpartition(".")
        normalization = isinstance(model.get_submodule(module), (nn.BatchNorm1d, nn.BatchNorm2d))
        if not normalization or kind == "weight":
            rows.append(f"{module if normalization else key} {'x'.join(map(str, value.shape))}")
    return rows


def described(name, make, shape, total):
    with torch.device("meta"):
        model = make()
    found = sum(value.numel() for value in model.parameters())
    assert total is None or found == total, (name, found, total)
    maskable = sum(value.numel() for value in model.parameters() if value.dim() > 1)
    logits = {} if shape is None else {"logits": logits_of(filled(make()), shape)}
    print(f"{name:18} {found:>11,} parameters, {maskable:>11,} of them weights that may be sparse{', logits' if shape else ''}", flush=True)
    return {"total": found, "maskable": maskable, "parameters": listed(model), **logits}


def write():
    networks = {name: described(name, *row) for name, row in NETWORKS.items()}
    (FOLDER / "pytorch").mkdir(exist_ok=True)
    files = {}
    for name, (make, shape) in FILES.items():
        model = filled(make())
        path = FOLDER / "pytorch" / f"{name}.safetensors"
        save_file(model.state_dict(), path)
        path.chmod(0o644)
        # `gray`: the logits of one picture whose every value is 0.5, for tests that have no formula at hand
        files[name] = {**logits_of(model, shape), "gray": run(model, torch.full((1, *shape), 0.5))}
    rows = lambda table: ",\n".join(f"  {json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in table.items())
    text = f'{{\n"torch": "{torch.__version__.partition("+")[0]}",\n"networks": {{\n{rows(networks)}\n}},\n"files": {{\n{rows(files)}\n}}\n}}\n'
    (FOLDER / "networks.json").write_text(text)


def check(name, path):
    """Fails unless the file fits the network name by name and shape by shape."""
    model = (NETWORKS | FILES)[name][0]()
    print(model.load_state_dict(load_file(path), strict=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", nargs=2, metavar=("NETWORK", "FILE"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.check:
        check(*arguments.check)
    else:
        write()
