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
        parameters = [self.values[name] for name in self.trained]
        self.optimizer = torch.optim.SGD(parameters, lr=1.0, momentum=case.momentum, weight_decay=case.weight_decay)

    def logits(self, images, training=False):
        with torch.set_grad_enabled(training):
            return forward(self.case.spec, self.values, pixels(images, self.dtype), training, self.margins if training else None)

    def step(self, images, labels, learning_rate):
        """Logits, loss and the dense gradients of all trained parameters; then one step on the live weights."""
        logits = self.logits(images, training=True)
        loss = F.cross_entropy(logits, labels.long())
        self.optimizer.zero_grad()
        loss.backward()
        gradients = {name: self.values[name].grad.clone() for name in self.trained}
        for name, mask in self.masks.items():
            self.values[name].grad *= mask
        self.optimizer.param_groups[0]["lr"] = learning_rate
        self.optimizer.step()
        for name, mask in self.masks.items():
            assert (self.values[name][mask == 0] == 0).all(), "a dead weight moved"
        return logits.detach(), loss.detach(), gradients

    def momentum(self):
        """PyTorch's buffers by name; none where the case's momentum is 0."""
        buffers = {name: self.optimizer.state[self.values[name]].get("momentum_buffer") for name in self.trained}
        return {name: buffer for name, buffer in buffers.items() if buffer is not None}


def run_case(case, data, masks, values, dtype, margins=None):
    """Everything that the golden file holds besides the inputs, at precision `dtype`."""
    out = {"logits_initial": Training(case, masks, values, dtype).logits(data["images"][0])}
    training = Training(case, masks, values, dtype, margins)
    losses, correct = [], []
    for k, rate in enumerate(learning_rates(case)):
        logits, loss, gradients = training.step(data["images"][k], data["labels"][k], rate)
        if k == 0:
            out["logits_train"] = logits
            out |= {f"gradient/{name}": gradient for name, gradient in gradients.items()}
        losses.append(loss)
        correct.append((logits.argmax(1) == data["labels"][k]).sum().int())
        see_top_gap(margins, logits)
    out |= {"losses": torch.stack(losses), "correct": torch.stack(correct)}
    return out | endpoint(training, data)


def endpoint(training, data):
    out = {"logits_eval": training.logits(data["images_eval"])}
    out |= {f"final/{name}": value.detach().clone() for name, value in training.values.items()}
    return out | {f"momentum/{name}": buffer.detach().clone() for name, buffer in training.momentum().items()}


def see_top_gap(margins, logits):
    """The winner must be plain, or the count of correct answers is not: the gap is weighed ten times smaller than it is."""
    if margins is not None:
        top = logits.topk(2, dim=1).values
        margins.smallest = min(margins.smallest, (top[:, 0] - top[:, 1]).min().item() / 10)
