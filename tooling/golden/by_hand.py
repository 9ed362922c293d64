"""Three of the networks written as ordinary modules, the way PyTorch users write them: a check of the interpreter and of the specs."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from draw import pixels


def conv(inputs, out, kernel=3, stride=1):
    return nn.Conv2d(inputs, out, kernel, stride, kernel // 2, bias=False)


class WideBlock(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, out, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(out), conv(out, out)
        self.convShortcut = None if inputs == out else conv(inputs, out, 1, stride)

    def forward(self, x):
        active = F.relu(self.bn1(x))
        out = self.conv2(F.relu(self.bn2(self.conv1(active))))
        return out + (x if self.convShortcut is None else self.convShortcut(active))


class WideResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv(3, 4)
        self.group1 = nn.Sequential(WideBlock(4, 4, 1))
        self.group2 = nn.Sequential(WideBlock(4, 5, 2))
        self.group3 = nn.Sequential(WideBlock(5, 6, 2))
        self.bn, self.fc = nn.BatchNorm2d(6), nn.Linear(6, 10)

    def forward(self, x):
        x = self.group3(self.group2(self.group1(self.conv1(x))))
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.bn(x)), 1).flatten(1))


class BasicBlock(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, out, 3, stride), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = conv(out, out), nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential() if stride == 1 else nn.Sequential(conv(inputs, out, 1, stride), nn.BatchNorm2d(out))

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 4), nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(BasicBlock(4, 4, 1))
        self.layer2 = nn.Sequential(BasicBlock(4, 5, 2))
        self.layer3 = nn.Sequential(BasicBlock(5, 6, 2))
        self.fc = nn.Linear(6, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def lenet5():
    layers = OrderedDict(conv1=nn.Conv2d(1, 4, 5), relu1=nn.ReLU(), pool1=nn.MaxPool2d(2))
    layers |= OrderedDict(conv2=nn.Conv2d(4, 6, 5), relu2=nn.ReLU(), pool2=nn.MaxPool2d(2), flatten=nn.Flatten())
    return nn.Sequential(layers | OrderedDict(fc1=nn.Linear(24, 12), relu3=nn.ReLU(), fc2=nn.Linear(12, 10)))


MODULES = {"lenet5": lenet5, "wrn-10-1": WideResNet, "resnet-8": ResNet}


def check_by_hand(case, data, values, truth):
    """First step of the module equal to the interpreter's (float64, 1e-12): logits before and in training, loss, every gradient."""
    module = MODULES[case.name]().double()
    missing, unexpected = module.load_state_dict(values, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    images = pixels(data["images"][0], torch.float64)
    close = lambda a, b: torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    close(module.eval()(images), truth["logits_initial"])
    logits = module.train()(images)
    close(logits, truth["logits_train"])
    loss = F.cross_entropy(logits, data["labels"][0].long())
    close(loss, truth["losses"][0])
    loss.backward()
    for name, parameter in module.named_parameters():
        close(parameter.grad, truth[f"gradient/{name}"])
