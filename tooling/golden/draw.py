"""Random inputs of a case: images, labels, parameters, masks. numpy's generator, so that the draw is the same on every machine."""

import zlib

import numpy as np
import torch

from interpreter import parameters


def draw(case, attempt, steps):
    """Float32-exact values as float64 tensors. Images are odd multiples of 1/128 in [-2, 2], stored as bytes u: (2u - 255) / 128."""
    random = np.random.default_rng([zlib.crc32(case.name.encode()), attempt])
    spec = case.spec
    heads = spec.get("heads", 1)
    shape, classes = spec["input"]["shape"], next(node["out"] for node in spec["nodes"] if node["id"] == spec["output"]) // heads
    labels = (steps, case.batch) if heads == 1 else (steps, case.batch, heads)
    data = {
        "images": bell_bytes(random, (steps, case.batch, *shape)),
        "labels": torch.from_numpy(random.integers(0, classes, labels, dtype=np.int32)),
        "images_eval": bell_bytes(random, (7, *shape)),
    }
    masks, values = {}, {}
    for name, (kind, shape) in parameters(spec).items():
        density = 1.0
        if kind == "weight":
            density = 1 - case.sparsities.get(name, case.sparsity)
            if density < 1 or name in case.dead_rows:
                masks[name] = draw_mask(random, shape, density, case.dead_rows.get(name, []))
        values[name] = draw_values(random, kind, shape, density)
        if name in masks:
            values[name] *= masks[name]
    if case.mixed:
        data["mixed_labels"] = torch.from_numpy(random.integers(0, classes, labels, dtype=np.int32))
        data["shares"] = torch.from_numpy(random.choice([0, 0.25, 0.375, 1], (steps, case.batch)))
    return data, masks, values


def bell_bytes(random, shape):
    return torch.from_numpy(np.clip(np.rint(127.5 + 40 * random.standard_normal(shape)), 0, 255).astype(np.uint8))


def pixels(bytes_, dtype):
    return (2 * bytes_.to(dtype) - 255) / 128


def draw_mask(random, shape, density, dead_rows):
    size, row = int(np.prod(shape)), int(np.prod(shape[1:]))
    allowed = [k for k in range(size) if k // row not in dead_rows]
    mask = np.zeros(size, dtype=np.uint8)
    mask[random.choice(allowed, min(round(density * size), len(allowed)), replace=False)] = 1
    return torch.from_numpy(mask.reshape(shape))


def draw_values(random, kind, shape, density):
    """Weights of unit gain over their live inputs; running statistics that are not those of the data, so that a mix-up shows."""
    if kind.endswith("weight"):
        drawn = random.standard_normal(shape) * np.sqrt(2 / max(1, density * np.prod(shape[1:])))
    elif kind in ("scale", "variance", "factor"):
        drawn = random.uniform(0.5, 1.5, shape)
    else:
        drawn = random.uniform(-0.5, 0.5, shape)
    return torch.from_numpy(drawn.astype(np.float32)).double()
