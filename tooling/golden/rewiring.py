"""The rewiring run: every fourth step, after the optimiser's, each sparse layer drops its smallest weights and grows as many others.

Rule: R = ceil(fraction * live) live weights with the smallest |w| die, then of all that are dead the R with the largest |gradient| of
this mini-batch come alive; ties go to the lower index. Grown weights start at value and momentum 0; a weight that was dropped and
grown in the same rewiring keeps both.
"""

import math

import torch

from training import Training, endpoint, learning_rates, see_top_gap

STEPS, EVERY, REWIRINGS, FRACTION = 15, 4, 3, 0.3


def run_rewiring(case, data, masks, values, dtype, margins=None):
    training = Training(case, masks, values, dtype, margins)
    out, losses = {}, []
    for k, rate in enumerate(learning_rates(case, STEPS), 1):
        logits, loss, gradients = training.step(data["images"][k - 1], data["labels"][k - 1], rate)
        losses.append(loss)
        see_top_gap(margins, logits)
        if k % EVERY == 0 and k // EVERY <= REWIRINGS:
            out |= rewire(training, gradients, f"rewiring{k // EVERY}", margins)
    return out | {"losses": torch.stack(losses)} | endpoint(training, data)


def rewire(training, gradients, label, margins):
    """Changes masks, values and momentum in place; returns what was decided and from which weights and gradients."""
    out = {}
    momentum = training.momentum()
    for name, mask in training.masks.items():
        weight, gradient = training.values[name].detach().flatten(), gradients[name].flatten()
        out |= {f"{label}/weight/{name}": weight.reshape(mask.shape).clone(), f"{label}/gradient/{name}": gradients[name]}
        before = mask.flatten().bool()
        count = math.ceil(FRACTION * int(before.sum()))
        dead = pick(weight.abs(), before, count, margins)
        kept = before.clone()
        kept[dead] = False
        grown = pick(-gradient.abs(), ~kept, count, margins)
        after = kept.clone()
        after[grown] = True
        changed = before != after
        for tensor in (training.values[name].detach(), momentum[name]):
            tensor.view(-1)[changed] = 0
        training.masks[name] = after.reshape(mask.shape).to(torch.uint8)
        out[f"{label}/dropped/{name}"] = (before & ~after).nonzero().flatten().int()
        out[f"{label}/grown/{name}"] = (after & ~before).nonzero().flatten().int()
        out[f"{label}/mask/{name}"] = training.masks[name].clone()
    return out


def pick(scores, candidates, count, margins):
    """Indices of the `count` candidates with the smallest scores, lower index first; a close decision counts as a small margin."""
    indices = candidates.nonzero().flatten()
    order = indices[torch.argsort(scores[indices], stable=True)]
    if margins is not None:
        margins.smallest = min(margins.smallest, (scores[order[count]] - scores[order[count - 1]]).item())
    return order[:count]
