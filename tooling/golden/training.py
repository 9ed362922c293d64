"""Ten steps of masked SGD by PyTorch: what an engine has to reproduce."""

import torch
import torch.nn.functional as F

from draw import pixels
from interpreter import forward

STEPS = 10


def learning_rates(case, steps=STEPS):
    """The rate falls in mid-run: formulas that fold it into the momentum buffer then differ from PyTorch's."""
    return [case.learning_rate if k < steps // 2 else case.learning_rate / 5 for k in range(steps)]


class Training:
    """Parameters, PyTorch's SGD and the masks, at one precision. `values` are the live tensors, by name."""

    def __init__(self, case, masks, values, dtype, margins=None):
        self.case, self.masks, self.dtype, self.margins = case, dict(masks), dtype, margins
        self.values = {name: value.to(dtype).clone() for name, value in values.items()}
        self.trained = [name for name in values if not name.endswith(("running_mean", "running_var"))]
        for name in self.trained:
            self.values[name].requires_grad_()
        self.optimizer = make_optimizer(optimizer_of(case), case.spec, {name: self.values[name] for name in self.trained})

    def logits(self, images, training=False, seed=None):
        with torch.set_grad_enabled(training):
            return forward(self.case.spec, self.values, pixels(images, self.dtype), training, self.margins if training else None, seed)

    def step(self, images, labels, learning_rate, seed=None, mixed=None):
        """Logits, loss and the dense gradients of all trained parameters; then one step on the live weights. `mixed`: labels and shares."""
        logits = self.logits(images, training=True, seed=seed)
        loss = loss_of(self.case, logits, labels, mixed)
        self.optimizer.zero_grad()
        loss.backward()
        gradients = {name: self.values[name].grad.clone() for name in self.trained}
        for name, mask in self.masks.items():
            self.values[name].grad *= mask
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group["rate"]
        if "clipNorm" in self.case.optimizer:
            torch.nn.utils.clip_grad_norm_([self.values[name] for name in self.trained], self.case.optimizer["clipNorm"])
        self.optimizer.step()
        for name, mask in self.masks.items():
            assert (self.values[name][mask == 0] == 0).all(), "a dead weight moved"
        return logits.detach(), loss.detach(), gradients

    def momentum(self):
        """PyTorch's buffers by name; none where the case's momentum is 0."""
        return self._buffers("momentum_buffer") | self._buffers("exp_avg")

    def second_moments(self):
        return self._buffers("exp_avg_sq")

    def _buffers(self, key):
        buffers = {name: self.optimizer.state[self.values[name]].get(key) for name in self.trained}
        return {name: buffer for name, buffer in buffers.items() if buffer is not None}


def optimizer_of(case):
    """In the words of `OptimizerSpec`."""
    if case.optimizer.get("kind") == "adamw":
        return case.optimizer
    return {"kind": "sgd", "momentum": case.momentum, "weightDecay": case.weight_decay, **case.optimizer}


def make_optimizer(given, spec, values):
    """Each parameter is a group of its own, with the rate and decay of its kind."""
    groups = []
    for name, value in values.items():
        kind = kind_of(spec, name)
        decay = given["weightDecay"] if kind in given.get("decays", [kind]) else 0.0
        groups.append({"params": [value], "weight_decay": decay, "rate": given.get("rates", {}).get(kind, 1.0)})
    if given["kind"] == "sgd":
        return torch.optim.SGD(groups, lr=1.0, momentum=given["momentum"], nesterov=given.get("nesterov", False))
    return torch.optim.AdamW(groups, lr=1.0, betas=(given.get("beta1", 0.9), given.get("beta2", 0.999)), eps=given.get("eps", 1e-8))


def kind_of(spec, name):
    """As `ParamKind` has it."""
    node, _, key = name.rpartition(".")
    op = next(other["op"] for other in spec["nodes"] if other["id"] == node)
    return {"batchNorm": {"weight": "scale", "bias": "shift"}, "memberScale": {"weight": "memberScale"}}.get(op, {}).get(key, key)


def loss_of(case, logits, labels, mixed=None):
    heads = case.spec.get("heads", 1)
    rows = logits.reshape(len(logits) * heads, -1)
    smoothing = case.loss.get("labelSmoothing", 0.0)
    entropy = lambda targets: F.cross_entropy(rows, targets.long().reshape(-1), label_smoothing=smoothing, reduction="none").reshape(-1, heads)
    losses = entropy(labels)
    if mixed is not None:
        share = mixed[1].to(logits.dtype).reshape(-1, 1)
        losses = (1 - share) * losses + share * entropy(mixed[0])
    return (losses.sum(1) if case.loss.get("heads") == "sum" else losses.mean(1)).mean()


def right_answers(case, logits, labels):
    """A sample of several heads counts by the share of them that are right."""
    heads = case.spec.get("heads", 1)
    right = logits.reshape(len(logits), heads, -1).argmax(2) == labels.reshape(len(logits), heads)
    return right.sum().int() if heads == 1 else right.double().mean(1).sum()


def images_gradient(case, data, values, dtype, margins):
    """Of the first mini-batch, with running statistics and without dropout."""
    images = pixels(data["images"][0], dtype).requires_grad_()
    logits = forward(case.spec, {name: value.to(dtype) for name, value in values.items()}, images, False, margins)
    loss_of(case, logits, data["labels"][0]).backward()
    return images.grad


def run_case(case, data, masks, values, dtype, margins=None):
    """Everything that the golden file holds besides the inputs, at precision `dtype`."""
    out = {"logits_initial": Training(case, masks, values, dtype).logits(data["images"][0])}
    training = Training(case, masks, values, dtype, margins)
    losses, correct = [], []
    for k, rate in enumerate(learning_rates(case)):
        mixed = (data["mixed_labels"][k], data["shares"][k]) if case.mixed else None
        seed = None if case.dropout_seed is None else case.dropout_seed + k
        logits, loss, gradients = training.step(data["images"][k], data["labels"][k], rate, seed, mixed)
        if k == 0:
            out["logits_train"] = logits
            out |= {f"gradient/{name}": gradient for name, gradient in gradients.items()}
        losses.append(loss)
        correct.append(right_answers(case, logits, data["labels"][k]))
        see_top_gap(margins, logits.reshape(len(logits) * case.spec.get("heads", 1), -1))
    out |= {"losses": torch.stack(losses), "correct": torch.stack(correct)}
    if case.images_gradient:
        out["images_gradient"] = images_gradient(case, data, values, dtype, margins)
    if case.dropout_seed is not None:
        out["logits_dropped"] = training.logits(data["images_eval"], seed=case.dropout_seed)
    return out | endpoint(training, data)


def endpoint(training, data):
    out = {"logits_eval": training.logits(data["images_eval"])}
    out |= {f"final/{name}": value.detach().clone() for name, value in training.values.items()}
    out |= {f"momentum/{name}": buffer.detach().clone() for name, buffer in training.momentum().items()}
    return out | {f"second_moment/{name}": buffer.detach().clone() for name, buffer in training.second_moments().items()}


def see_top_gap(margins, logits):
    """The winner must be plain, or the count of correct answers is not: the gap is weighed ten times smaller than it is."""
    if margins is not None:
        top = logits.topk(2, dim=1).values
        margins.smallest = min(margins.smallest, (top[:, 0] - top[:, 1]).min().item() / 10)
