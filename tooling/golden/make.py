"""Writes what PyTorch computes, for the engines to reproduce: test/golden/*.safetensors here, the rest by the programs of OTHERS. Run: pnpm golden

The truth is computed in float64 and stored as float32. A draw is kept only if no activation comes near a kink or tie, and if float32
PyTorch stays well within the bounds that engines are held to; else the next seed is tried. See test/golden/README.md.
"""

import json
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save

from by_hand import MODULES, check_by_hand
from cases import all_cases, rewiring_case
from draw import draw
from interpreter import Margins
from rewiring import EVERY, FRACTION, REWIRINGS, STEPS as REWIRING_STEPS, run_rewiring
from training import STEPS, learning_rates, optimizer_of, run_case

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
# They need the same requirements and run on their own as well.
OTHERS = ("erk.py", "make_networks.py", "make_training.py", "make_attacks.py", "tiny_onnx.py")
SMALLEST_MARGIN = 1e-5
ATTEMPTS = 400
# What engines are held to, relative to the largest magnitude of the tensor (of 0.01 where all are smaller); float32 PyTorch must reach half.
BOUNDS = {"logits_initial": 1e-5, "logits_train": 1e-5}
OTHER_BOUND = 1e-4
SMALLEST_SCALE = 0.01


def relative_error(found, truth):
    scale = max(truth.abs().max().item(), SMALLEST_SCALE) if truth.numel() else 1.0
    return (found.double() - truth).abs().max().item() / scale if truth.numel() else 0.0


def float32_share(single, truth):
    """Largest error of float32 PyTorch as a share of the bound; infinite when a decision differs."""
    worst = relative_error(single["losses"][:1], truth["losses"][:1]) / 1e-5
    for name, value in truth.items():
        if not value.is_floating_point():
            worst = worst if torch.equal(value, single[name]) else float("inf")
        else:
            worst = max(worst, relative_error(single[name], value) / BOUNDS.get(name, OTHER_BOUND))
    return worst


def search(case, run, steps):
    """The first draw that is far enough from kinks and well conditioned."""
    for attempt in range(ATTEMPTS):
        data, masks, values = draw(case, attempt, steps)
        margins = Margins(case.exact_ties)
        truth = run(case, data, masks, values, torch.float64, margins)
        if margins.smallest < SMALLEST_MARGIN:
            continue
        share = float32_share(run(case, data, masks, values, torch.float32), truth)
        if share <= 0.5:
            return attempt, margins.smallest, share, data, masks, values, truth
    sys.exit(f"{case.name}: no draw out of {ATTEMPTS} keeps away from kinks and ties")


def write(case, run, steps, extra):
    attempt, margin, share, data, masks, values, truth = search(case, run, steps)
    if case.name in MODULES:
        check_by_hand(case, data, values, truth)
    tensors = data | {f"mask/{name}": mask for name, mask in masks.items()} | {f"param/{name}": value for name, value in values.items()} | truth
    stored = {name: (value.float() if value.is_floating_point() else value).contiguous() for name, value in tensors.items()}
    described = {
        "about": case.about,
        "torch": torch.__version__.partition("+")[0],
        "seed": attempt,
        "batchSize": case.batch,
        "optimizer": optimizer_of(case),
        "learningRates": learning_rates(case, steps),
        **({"loss": case.loss} if case.loss else {}),
        **({} if case.dropout_seed is None else {"dropoutSeed": case.dropout_seed}),
        **extra,
        "spec": case.spec,
    }
    # One metadata key only: the library writes several in no fixed order, and the same run must give the same bytes.
    content = save(stored, {"case": json.dumps(described, separators=(",", ":"))})
    (FOLDER / f"{case.name}.safetensors").write_bytes(content)
    by_hand = ", equal to the module written by hand" if case.name in MODULES else ""
    print(f"{case.name:24} {len(content) / 1000:5.1f} kB  seed {attempt:3}  margin {margin:.1e}  float32 at {share:4.0%} of the bounds{by_hand}", flush=True)
    return len(content)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.safetensors"):
        old.unlink()
    total = sum(write(case, run_case, STEPS, {}) for case in all_cases())
    rewirings = {"rewirings": REWIRINGS, "every": EVERY, "fraction": FRACTION}
    total += write(rewiring_case(), run_rewiring, REWIRING_STEPS, rewirings)
    print(f"{total / 1000:.0f} kB in all", flush=True)
    for program in OTHERS:
        subprocess.run([sys.executable, Path(__file__).with_name(program)], check=True)


if __name__ == "__main__":
    main()
