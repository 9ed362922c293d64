"""Dense training on real pictures with data loading, for the comparison of whole runs.

Pictures are padded by 4, cropped and mirrored, as our own training does it. `memory` does that for a whole batch at once on tensors that
lie in memory; `workers` is PyTorch's DataLoader with two worker processes, a picture at a time.
"""

import numpy
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from protocol import Clock
from torch_network import Network

PAD = 4


class Pictures(Dataset):
    def __init__(self, pixels, labels):
        self.pixels, self.labels = pixels, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        padded = F.pad(self.pixels[index], (PAD,) * 4)
        top, left = torch.randint(2 * PAD + 1, (2,)).tolist()
        height, width = self.pixels.shape[2:]
        picture = padded[:, top : top + height, left : left + width]
        if torch.rand(()) < 0.5:
            picture = picture.flip(2)
        return picture.float().div_(127.5).sub_(1), self.labels[index]


def in_memory(pixels, labels, batch_size):
    height, width = pixels.shape[2:]
    rows, columns = torch.arange(height), torch.arange(width)
    for picked in torch.randperm(len(labels)).split(batch_size):
        padded = F.pad(pixels[picked], (PAD,) * 4)
        n = len(picked)
        y = torch.randint(2 * PAD + 1, (n, 1)) + rows
        x = torch.randint(2 * PAD + 1, (n, 1)) + columns
        x = torch.where(torch.rand(n, 1) < 0.5, x.flip(1), x)
        cropped = padded[torch.arange(n)[:, None, None], :, y[:, :, None], x[:, None, :]]  # (n, height, width, channels)
        yield cropped.permute(0, 3, 1, 2).float().div_(127.5).sub_(1), labels[picked]


def prepare_epoch(task):
    """`pictures` names a file with the bytes (images, channels, height, width), `labels` one with a byte for each."""
    shape = task["spec"]["input"]["shape"]
    pixels = torch.from_numpy(numpy.fromfile(task["pictures"], dtype=numpy.uint8)).view(-1, *shape)
    labels = torch.from_numpy(numpy.fromfile(task["labels"], dtype=numpy.uint8)).long()
    network = Network(task["spec"]).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    size = task["batchSize"]
    workers = DataLoader(Pictures(pixels, labels), size, shuffle=True, num_workers=2, persistent_workers=True) if task["loader"] == "workers" else None

    def run():
        clock = Clock()
        for images, wanted in workers if workers is not None else in_memory(pixels, labels, size):
            optimizer.zero_grad()
            loss = F.cross_entropy(network(images.to(memory_format=torch.channels_last)), wanted)
            loss.backward()
            optimizer.step()
        return {"epoch": clock()}

    return run
