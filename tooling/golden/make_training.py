"""Writes test/golden/training.json: losses of ten training steps of full-size sparse networks, computed by PyTorch in float64.

Weights, masks, images and labels come from formulas (`uniform` of make_networks.py), so that the file holds nothing but losses. A learning rate
is kept only if float32 PyTorch stays within half of what engines are held to. Run: python3 tooling/golden/make_training.py
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

from make_networks import FOLDER, NETWORKS, formula, uniform

STEPS = 10
BOUND = 1e-4
"""Of every loss, relative."""

# network, shape of the images, batch, sparsity, learning rate, factors by the end of a parameter's name. Residual branches begin quiet, as they
# do in practice: at full size ten steps of ResNet-50 turn rounding into percents of the loss, in PyTorch's float32 as anywhere.
RUNS = [
    ("wrn-16-2", (3, 32, 32), 4, 0.8, 0.02, {}),
    ("resnet-50", (3, 64, 48), 4, 0.8, 0.005, {"bn3.weight": 0.0625}),
]
OPTIMIZER = {"kind": "sgd", "momentum": 0.9, "weightDecay": 5e-4}


def parameters(model, sparsity, factors):
    """Unit gain over the live weights; masks of everything with more than one dimension."""
    masks = {}
    state = model.state_dict()
    for name, value in state.items():
        if not value.is_floating_point():
            continue
        values = formula(name, tuple(value.shape)) * next((factor for end, factor in factors.items() if name.endswith(end)), 1)
        if value.dim() > 1:
            mask = torch.from_numpy((uniform(f"mask of {name}", value.numel()) >= sparsity).reshape(tuple(value.shape)))
            masks[name] = mask
            values = (values.double() / np.sqrt(1 - sparsity)).float() * mask
        state[name] = values
    model.load_state_dict(state, strict=True)
    return masks


def batch_of(step, size, shape, classes):
    images = (2 * uniform(f"images {step}", size * int(np.prod(shape))) - 1).astype(np.float32).reshape(size, *shape)
    return torch.from_numpy(images), torch.from_numpy((uniform(f"labels {step}", size) * classes).astype(np.int64))


def train(name, shape, size, sparsity, rate, factors, dtype):
    model = NETWORKS[name][0]()
    masks = parameters(model, sparsity, factors)
    model = model.to(dtype).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=OPTIMIZER["momentum"], weight_decay=OPTIMIZER["weightDecay"])
    losses = []
    for step in range(STEPS):
        images, labels = batch_of(step, size, shape, model.fc.out_features)
        loss = F.cross_entropy(model(images.to(dtype)), labels)
        optimizer.zero_grad()
        loss.backward()
        for key, parameter in model.named_parameters():
            if key in masks:
                parameter.grad *= masks[key]
        optimizer.step()
        losses.append(loss.item())
    return losses


def main():
    torch.set_num_threads(1)
    rows = {}
    for row in RUNS:
        name, shape, size, sparsity, rate, factors = row
        truth, single = train(*row, torch.float64), train(*row, torch.float32)
        error = max(abs(a - b) / b for a, b in zip(single, truth))
        print(f"{name:12} losses {truth[0]:.4f} to {truth[-1]:.4f}, float32 within {error:.1e}", flush=True)
        if not error <= BOUND / 2:
            sys.exit(f"{name}: float32 PyTorch is further than half of {BOUND} from float64")
        run = {"input": list(shape), "batchSize": size, "sparsity": sparsity, "learningRate": rate, "factors": factors, "optimizer": OPTIMIZER}
        rows[name] = run | {"losses": [float(f"{loss:.9g}") for loss in truth]}
    text = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in rows.items())
    (FOLDER / "training.json").write_text(f'{{\n"torch": "{torch.__version__.partition("+")[0]}",\n"runs": {{\n{text}\n}}\n}}\n')


if __name__ == "__main__":
    main()
