"""The masks of dropout, written again from their description in docs/numerics.md: a function of (seed, node, sample, position)."""

import numpy as np
import torch


def scrambled(x):
    """The finalizer of MurmurHash3 on 32-bit numbers."""
    x = np.asarray(x, dtype=np.uint64) & 0xFFFFFFFF
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & np.uint64(0xFFFFFFFF)
    x = ((x ^ (x >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & np.uint64(0xFFFFFFFF)
    return x ^ (x >> np.uint64(16))


def chained(key, number):
    return scrambled(np.asarray(key, dtype=np.uint64) + np.asarray(number, dtype=np.uint64) + np.uint64(0x9E3779B9))


def mask(seed, node, shape, rate):
    """1 where something stays. `shape` (N, ...); a position counts a sample's numbers in row-major order."""
    key = chained(chained(chained(0, seed & 0xFFFFFFFF), seed >> 32), node)
    keys = chained(key, np.arange(shape[0]))
    positions = chained(0, np.arange(int(np.prod(shape[1:]))))
    drawn = scrambled(keys[:, None] ^ positions[None, :])
    return torch.from_numpy((drawn >= round(rate * 2**32)).reshape(shape))
