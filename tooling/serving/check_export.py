"""Loads a repository that `freetickets export --triton` wrote into real Triton, and compares its answers with those of this server.

Run: python tooling/serving/check_export.py FOLDER REPOSITORY GRPC_PORT, in the environment of record.py, with freetickets-inference serving
REPOSITORY on that port. Triton's wheel has no onnxruntime backend: what is Triton's here is the configuration and everything around the
model, which its Python backend computes with onnxruntime. Inputs are drawn with a fixed seed; the largest differences are printed.
"""

import sys
from pathlib import Path

import numpy as np
import tritonclient.grpc as client
from triton import Triton

ROWS = 8


def ask(port, model):
    """Each output of a model, and its three best classes where it has class names."""
    server = client.InferenceServerClient(f"127.0.0.1:{port}")
    described = server.get_model_config(model).config
    random = np.random.default_rng(0)
    inputs = []
    for declared in described.input:
        shape = [ROWS, *(size if size > 0 else 2 for size in declared.dims)]
        one = client.InferInput(declared.name, shape, "FP32")
        one.set_data_from_numpy(random.normal(size=shape).astype(np.float32))
        inputs.append(one)
    names = [declared.name for declared in described.output]
    result = server.infer(model, inputs, outputs=[client.InferRequestedOutput(name) for name in names])
    labelled = [declared.name for declared in described.output if declared.label_filename]
    classes = server.infer(model, inputs, outputs=[client.InferRequestedOutput(name, class_count=3) for name in labelled])
    return {name: result.as_numpy(name) for name in names}, {name: classes.as_numpy(name) for name in labelled}


def main(folder, repository, port):
    models = sorted(path.parent.name for path in repository.glob("*/config.pbtxt"))
    with Triton(folder, repository) as triton:
        tritons = {model: ask(triton.grpc, model) for model in models}
    for model in models:
        (numbers, classes), (own_numbers, own_classes) = tritons[model], ask(port, model)
        for name, values in numbers.items():
            print(f"{model} {name} {values.shape}: differs by at most {np.abs(values - own_numbers[name]).max():.1e}")
        for name, texts in classes.items():
            index = lambda array: [text.decode().split(":")[1:] for text in array.ravel()]  # the values differ in the last digit
            print(f"{model} {name}: {'the same' if index(texts) == index(own_classes[name]) else 'OTHER'} best classes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
