"""Writes test/golden/corruptions/corruptions.safetensors: two tiny pictures under all corruptions but frost, by numpy, scipy, scikit-image, OpenCV
and Pillow, from noise that is stored beside them. Run: pip install -r requirements-corruptions.txt; python3 make_corruptions.py

Settings are those published for CIFAR-10-C. Randomness is an input here, as it is in the package, so results can be compared value by value.
Pictures are (3, H, W) in the file and (H, W, 3) in here.
"""

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from safetensors.numpy import save
from scipy import ndimage
from scipy.signal import windows
from skimage import color, filters, util

FILE = Path(__file__).resolve().parents[2] / "test" / "golden" / "corruptions" / "corruptions.safetensors"
SIDE = 16
GREY = np.array([0.299, 0.587, 0.114])


def pictures(random):
    """One smooth and colourful, one of blocks with hard edges and noise."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    smooth = np.stack([0.5 + 0.5 * np.sin(5 * x + y), x * y, 0.9 - 0.8 * y], axis=-1)
    blocks = np.kron(random.uniform(size=(4, 4, 3)), np.ones((SIDE // 4, SIDE // 4, 1)))
    blocks = np.clip(blocks + 0.05 * random.standard_normal(blocks.shape), 0, 1)
    return [(255 * each).astype(np.uint8) for each in (smooth, blocks)]


def draw(random):
    """Noise by name, float32 so that the file holds exactly what was used."""
    noise = {
        "normal": random.standard_normal((SIDE, SIDE, 3)),
        "whether": random.uniform(size=(SIDE, SIDE, 3)),
        "which": random.uniform(size=(SIDE, SIDE, 3)),
        "flakes": random.standard_normal((SIDE, SIDE)),
        "plasma": random.uniform(-1, 1, SIDE * SIDE - 1),
        "right": random.uniform(-1, 1, (SIDE, SIDE)),
        "down": random.uniform(-1, 1, (SIDE, SIDE)),
        "points": random.uniform(-1, 1, (3, 2)),
        "degrees": random.uniform(-45, 45, 1),
        "fall": random.uniform(-135, -45, 1),
        "offsets": random.integers(-1, 1, (2, SIDE - 2, SIDE - 2, 2)),
    }
    return {name: values.astype(np.float32) for name, values in noise.items()}


def gaussian_noise(x, c, noise):
    return x + c * noise["normal"]


def speckle_noise(x, c, noise):
    return x + x * c * noise["normal"]


def impulse_noise(x, c, noise):
    # What skimage.util.random_noise does with these numbers in place of its own.
    flipped, salted = noise["whether"] <= c, noise["which"] <= 0.5
    return np.where(flipped, np.where(salted, 1.0, 0.0), x)


def defocus_blur(x, c, noise):
    radius, edge = c
    grid = np.arange(-8, 9)
    disk = ((grid[:, None] ** 2 + grid[None, :] ** 2) <= radius**2).astype(np.float64)
    kernel = cv2.GaussianBlur(disk / disk.sum(), (3, 3), sigmaX=edge)
    return np.stack([ndimage.correlate(x[..., k], kernel, mode="mirror") for k in range(3)], axis=-1)


def gaussian_blur(x, c, noise):
    return filters.gaussian(x, sigma=c, channel_axis=-1)


def glass_blur(x, c, noise):
    sigma, reach, rounds = c
    x = (255 * filters.gaussian(x, sigma=sigma, channel_axis=-1) + 1e-6).astype(np.uint8)
    for r in range(rounds):
        for i, h in enumerate(range(SIDE - reach, reach, -1)):
            for j, w in enumerate(range(SIDE - reach, reach, -1)):
                dx, dy = noise["offsets"][r, i, j].astype(int)
                # Both right-hand sides are views, so the neighbour ends up in both places: how the public files were made.
                x[h, w], x[h + dy, w + dx] = x[h + dy, w + dx], x[h, w]
    return filters.gaussian(x / 255.0, sigma=sigma, channel_axis=-1)


def motion_kernel(radius, sigma, degrees):
    """ImageMagick's steps as a picture: a half Gaussian laid along one direction."""
    steps = np.arange(2 * radius + 1)
    weights = windows.gaussian(4 * radius + 1, sigma)[2 * radius :]
    angle = np.deg2rad(np.float64(degrees))
    kernel = np.zeros((4 * radius + 3, 4 * radius + 3))
    columns = np.ceil(steps * np.cos(angle) - 0.5).astype(int)
    rows = np.ceil(steps * np.sin(angle) - 0.5).astype(int)
    np.add.at(kernel, (rows + 2 * radius + 1, columns + 2 * radius + 1), weights / weights.sum())
    return kernel


def through_bytes(x):
    return np.round(255 * np.clip(x, 0, 1)) / 255


def motion_blur(x, c, noise):
    kernel = motion_kernel(*c, noise["degrees"][0])
    return through_bytes(np.stack([ndimage.correlate(x[..., k], kernel, mode="nearest") for k in range(3)], axis=-1))


def zoomed(plane, factor):
    crop = int(np.ceil(SIDE / factor))
    top = (SIDE - crop) // 2
    # "nearest" only matters where rounding puts the last place a hair outside.
    large = ndimage.zoom(plane[top : top + crop, top : top + crop], factor, order=1, mode="nearest")
    trim = (large.shape[0] - SIDE) // 2
    return large[trim : trim + SIDE, trim : trim + SIDE]


def zoom_blur(x, c, noise):
    factors = np.arange(*c)
    out = sum(np.stack([zoomed(x[..., k], f) for k in range(3)], axis=-1) for f in factors)
    return (x + out) / (len(factors) + 1)


def snow(x, c, noise):
    mean, sigma, zoom, threshold, radius, blur, keep = c
    layer = zoomed(mean + sigma * noise["flakes"].astype(np.float64), zoom)
    layer[layer < threshold] = 0
    layer = np.floor(255 * np.clip(layer, 0, 1)) / 255
    layer = through_bytes(ndimage.correlate(layer, motion_kernel(radius, blur, noise["fall"][0]), mode="nearest"))[..., None]
    x = keep * x + (1 - keep) * np.maximum(x, (x @ GREY)[..., None] * 1.5 + 0.5)
    return x + layer + np.rot90(layer, k=2)


def plasma(decay, values):
    """Diamond-square with rolled arrays."""
    values = iter(values.astype(np.float64))
    grid = np.zeros((SIDE, SIDE))
    step, size = SIDE, 100.0
    while step >= 2:
        half = step // 2

        def noisy(total):
            wobble = np.array([next(values) for _ in range(total.size)]).reshape(total.shape)
            return total / 4 + size * size * wobble

        corners = grid[::step, ::step]
        pairs = corners + np.roll(corners, -1, axis=0)
        grid[half::step, half::step] = noisy(pairs + np.roll(pairs, -1, axis=1))
        centres, corners = grid[half::step, half::step], grid[::step, ::step]
        grid[::step, half::step] = noisy(centres + np.roll(centres, 1, axis=0) + corners + np.roll(corners, -1, axis=1))
        grid[half::step, ::step] = noisy(centres + np.roll(centres, 1, axis=1) + corners + np.roll(corners, -1, axis=0))
        step, size = half, size / decay
    grid -= grid.min()
    return grid / grid.max()


def fog(x, c, noise):
    brightest = x.max()
    return (x + c[0] * plasma(c[1], noise["plasma"])[..., None]) * brightest / (brightest + c[0])


def brightness(x, c, noise):
    hsv = color.rgb2hsv(x)
    hsv[..., 2] = np.clip(hsv[..., 2] + c, 0, 1)
    return color.hsv2rgb(hsv)


def saturate(x, c, noise):
    hsv = color.rgb2hsv(x)
    hsv[..., 1] = np.clip(hsv[..., 1] * c[0] + c[1], 0, 1)
    return color.hsv2rgb(hsv)


def contrast(x, c, noise):
    means = x.mean(axis=(0, 1), keepdims=True)
    return (x - means) * c + means


def elastic_transform(x, c, noise):
    strength, smoothness, jitter = (SIDE * value for value in c)
    middle, third = SIDE // 2, SIDE // 3
    corners = np.array([[middle + third, middle + third], [middle + third, middle - third], [middle - third, middle - third]], dtype=np.float64)
    moved = corners + jitter * noise["points"].astype(np.float64)
    # The affine map from moved corners to corners, by linear equations; OpenCV's warp would round places to 1/32 of a pixel.
    back = np.linalg.solve(np.c_[moved, np.ones(3)], corners)
    y, x_ = np.mgrid[0:SIDE, 0:SIDE]
    from_x, from_y = np.moveaxis(np.stack([x_, y, np.ones_like(y)], axis=-1) @ back, -1, 0)
    x = np.stack([ndimage.map_coordinates(x[..., k], [from_y, from_x], order=1, mode="mirror") for k in range(3)], axis=-1)

    def smooth(drawn):
        return strength * filters.gaussian(drawn.astype(np.float64), smoothness, mode="reflect", truncate=3)

    places = [y + smooth(noise["down"]), x_ + smooth(noise["right"])]
    return np.stack([ndimage.map_coordinates(x[..., k], places, order=1, mode="reflect") for k in range(3)], axis=-1)


def as_image(x):
    return Image.fromarray(np.round(255 * x).astype(np.uint8))


def pixelate(x, c, noise):
    small = as_image(x).resize((int(SIDE * c), int(SIDE * c)), Image.BOX)
    return np.asarray(small.resize((SIDE, SIDE), Image.BOX)) / 255


def jpeg_compression(x, c, noise):
    file = io.BytesIO()
    as_image(x).save(file, "JPEG", quality=c)
    return np.asarray(Image.open(file)) / 255


def spatter(x, c, noise):
    mean, sigma, blur, threshold, strength, mud = c
    layer = filters.gaussian(mean + sigma * noise["flakes"].astype(np.float64), sigma=blur)
    layer[layer < threshold] = 0
    if mud:
        cover = filters.gaussian((layer > threshold).astype(np.float64), sigma=strength)
        cover[cover < 0.8] = 0
        return x * (1 - cover[..., None]) + np.array([63, 42, 20]) / 255 * cover[..., None]
    layer = (255 * layer).astype(np.uint8)
    distance = cv2.distanceTransform(255 - cv2.Canny(layer, 50, 150), cv2.DIST_L2, 5)
    _, distance = cv2.threshold(distance, 20, 20, cv2.THRESH_TRUNC)
    distance = cv2.equalizeHist(cv2.blur(distance, (3, 3)).astype(np.uint8))
    relief = cv2.filter2D(distance, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]], dtype=np.float32))
    water = layer * cv2.blur(relief, (3, 3)).astype(np.float64)
    assert water.max() > 0, "no drop fell: take another seed"
    return x + strength * (water / water.max())[..., None] * np.array([175, 238, 238]) / 255


CORRUPTIONS = {
    gaussian_noise: [0.04, 0.06, 0.08, 0.09, 0.10],
    speckle_noise: [0.06, 0.1, 0.12, 0.16, 0.2],
    impulse_noise: [0.01, 0.02, 0.03, 0.05, 0.07],
    defocus_blur: [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
    gaussian_blur: [0.4, 0.6, 0.7, 0.8, 1],
    glass_blur: [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)],
    motion_blur: [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)],
    zoom_blur: [(1, 1.06, 0.01), (1, 1.11, 0.01), (1, 1.16, 0.01), (1, 1.21, 0.01), (1, 1.26, 0.01)],
    snow: [
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    ],
    fog: [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)],
    brightness: [0.05, 0.1, 0.15, 0.2, 0.3],
    contrast: [0.75, 0.5, 0.4, 0.3, 0.15],
    elastic_transform: [(0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)],
    pixelate: [0.95, 0.9, 0.85, 0.75, 0.65],
    jpeg_compression: [80, 65, 58, 50, 40],
    spatter: [(0.62, 0.1, 0.7, 0.7, 0.5, 0), (0.65, 0.1, 0.8, 0.7, 0.5, 0), (0.65, 0.3, 1, 0.69, 0.5, 0), (0.65, 0.1, 0.7, 0.69, 0.6, 1), (0.65, 0.1, 0.5, 0.68, 0.6, 1)],
    saturate: [(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)],
}


def planes_first(array):
    return np.ascontiguousarray(np.moveaxis(array, -1, 0)) if array.ndim == 3 else array


def check(x, noise):
    """The impulse noise above is scikit-image's: the same shares of salt and pepper."""
    theirs = util.random_noise(np.full((200, 200, 3), 0.5), mode="s&p", amount=0.07, rng=0)
    assert abs((theirs == 1).mean() - 0.035) < 0.002 and abs((theirs == 0).mean() - 0.035) < 0.002


def main():
    random = np.random.default_rng(6)
    tensors = {}
    for number, picture in enumerate(pictures(random)):
        noise = draw(random)
        check(picture, noise)
        tensors[f"{number}/picture"] = planes_first(picture)
        tensors |= {f"{number}/drawn/{name}": planes_first(values) for name, values in noise.items() if name != "offsets"}
        tensors[f"{number}/drawn/offsets"] = noise["offsets"].reshape(-1)
        for corrupt, settings in CORRUPTIONS.items():
            made = [np.clip(corrupt(picture / 255, setting, noise), 0, 1) for setting in settings]
            # 16 bits are finer than any difference that matters, and half as large as float32.
            tensors[f"{number}/{corrupt.__name__}"] = np.stack([planes_first(np.round(65535 * each).astype(np.uint16)) for each in made])
    FILE.parent.mkdir(parents=True, exist_ok=True)
    content = save(tensors)
    FILE.write_bytes(content)
    print(f"{FILE.name}: {len(content) / 1000:.0f} kB")


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
