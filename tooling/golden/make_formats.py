"""Writes test/golden/formats: tiny .npy and .mat files by numpy and scipy, for the readers of data sets. Values follow from their place,
so tests can write them down. Run: pip install -r requirements-corruptions.txt; python3 make_formats.py
"""

from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from scipy.io import savemat

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden" / "formats"
RAMP = np.arange(6).reshape(2, 3)


def write_npy():
    """Six numbers 1.25 apart, from -2 where there are negative ones, their fractions cut off where there are none."""
    for name in ("u1", "i4", "i8", "f4", "f8"):
        values = RAMP * 1.25 + (0 if name == "u1" else -2)
        np.save(FOLDER / f"{name}.npy", values.astype(f"<{name}"))
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(FOLDER / f"version-{version[0]}.npy", "wb") as file:
            npy.write_array(file, RAMP.astype("<i4"), version=version)
    np.save(FOLDER / "scalar.npy", np.float64(2.5))
    np.save(FOLDER / "vector.npy", np.arange(5, dtype="<i8"))
    np.save(FOLDER / "fortran.npy", np.asfortranarray(RAMP.astype("<f4")))
    np.save(FOLDER / "big-endian.npy", RAMP.astype(">f4"))
    np.save(FOLDER / "complex.npy", RAMP.astype("<c8"))
    np.save(FOLDER / "structure.npy", np.zeros(2, dtype=[("a", "<i4")]))


def write_mat():
    """Like SVHN: X[row, column, channel, n] = row + 2 column + 64 channel + 20 n modulo 256, y from 1 to 10."""
    row, column, channel, n = np.indices((32, 32, 3, 3))
    arrays = {
        "X": ((row + 2 * column + 64 * channel + 20 * n) % 256).astype(np.uint8),
        "y": np.array([[1], [10], [7]], dtype=np.uint8),
        # Things that a reader has to step over or to refuse.
        "name": "a text",
        "complex": np.array([1 + 2j]),
        "double": np.array([[1.5, -2.0], [3.25, 4.0]]),
    }
    FOLDER.joinpath("packed").mkdir(exist_ok=True)
    FOLDER.joinpath("plain").mkdir(exist_ok=True)
    for folder, packed in (("packed", True), ("plain", False)):
        path = FOLDER / folder / "test_32x32.mat"
        savemat(path, arrays, do_compression=packed)
        # Without the date, so that the same run gives the same bytes.
        path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(116) + path.read_bytes()[116:])


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_npy()
    write_mat()
    print(f"{sum(file.stat().st_size for file in FOLDER.rglob('*.*')) / 1000:.0f} kB")
