"""Writes test/golden/attacks.json: what PyTorch says of the gradient and the FGSM pictures of a small ensemble.

Run, in an environment with requirements.txt:  python3 tooling/golden/make_attacks.py

Two convolutional members on two pictures of two channels. All inputs are whole numbers over 256, exact in float32; PyTorch computes in float64.
The loss is -ln of the mean of the members' probabilities of the label, mean over the pictures; pixels are moved in units of [0, 1].
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

FILE = Path(__file__).resolve().parents[2] / "test" / "golden" / "attacks.json"
SIZE, CHANNELS, SIDE, OUT, CLASSES, MEMBERS = 2, 2, 3, 4, 3, 2
MEAN, STD = [0.5, 0.25], [0.25, 0.5]
EPSILON = 8 / 255
torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(7)


def draw(*shape):
    return torch.randint(-64, 65, shape, generator=generator) / 64


def logits(member, x):
    hidden = F.relu(F.conv2d(x, member["conv.weight"], member["conv.bias"], padding=1))
    return F.linear(hidden.flatten(1), member["fc.weight"], member["fc.bias"])


def loss(members, x, labels):
    probs = torch.stack([F.softmax(logits(member, x), 1) for member in members]).mean(0)
    return F.nll_loss(probs.log(), labels)


def gradient(members, x, labels):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(loss(members, x, labels), x)[0]


shapes = {
    "conv.weight": (OUT, CHANNELS, 3, 3),
    "conv.bias": (OUT,),
    "fc.weight": (CLASSES, OUT * SIDE * SIDE),
    "fc.bias": (CLASSES,),
}
members = [{name: draw(*shape) / 4 for name, shape in shapes.items()} for _ in range(MEMBERS)]
pixels = torch.randint(0, 65, (SIZE, CHANNELS, SIDE, SIDE), generator=generator) / 64
labels = torch.tensor([2, 0])
mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (MEAN, STD))
x = (pixels - mean) / std
slope = gradient(members, x, labels)
assert slope.abs().min() > 1e-4  # no sign hangs on rounding
moved = (pixels + EPSILON * (slope / std).sign()).clamp(0, 1)

numbers = lambda tensor: tensor.flatten().tolist()
FILE.write_text(
    json.dumps(
        {
            "mean": MEAN,
            "std": STD,
            "epsilon": EPSILON,
            "members": [{name: numbers(value) for name, value in member.items()} for member in members],
            "images": numbers(x),
            "labels": labels.tolist(),
            "memberGradients": [numbers(gradient([member], x, labels)) for member in members],
            "ensembleGradient": numbers(slope),
            "fgsmPixels": numbers(moved),
        }
    )
    + "\n"
)
