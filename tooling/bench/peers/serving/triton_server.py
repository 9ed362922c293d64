"""A real Triton (2.51) whose Python backend runs onnxruntime, a whole dynamic batch in one call. python triton_server.py MODEL.onnx PORT FOLDER"""

import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parents[2] / "serving"), str(HERE)]
import triton  # noqa: E402
from onnx_model import OnnxModel  # noqa: E402

triton.BACKEND = f'''
import sys
sys.path.append({str(HERE)!r})
import os
import numpy as np
import triton_python_backend_utils as pb
from onnx_model import OnnxModel


class TritonPythonModel:
    def initialize(self, args):
        self.model = OnnxModel(os.path.join(os.path.dirname(__file__), "model.onnx"))

    def execute(self, requests):
        feeds = [{{n: pb.get_input_tensor_by_name(r, n).as_numpy() for n in self.model.inputs}} for r in requests]
        whole = {{n: np.concatenate([feed[n] for feed in feeds]) for n in self.model.inputs}}
        results = self.model.run(whole)
        ends = np.cumsum([len(feed[self.model.inputs[0]]) for feed in feeds])[:-1]
        parts = {{n: np.split(a, ends) for n, a in results.items()}}
        return [pb.InferenceResponse([pb.Tensor(n, parts[n][k]) for n in self.model.outputs]) for k in range(len(requests))]
'''

path, port, folder = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
model = OnnxModel(str(path))


def tensors(list_):
    kinds = {"tensor(float)": "TYPE_FP32", "tensor(int64)": "TYPE_INT64"}
    dims = lambda t: [d if isinstance(d, int) else -1 for d in t.shape[1:]]
    return ", ".join(f'{{ name: "{t.name}" data_type: {kinds[t.type]} dims: {dims(t)} }}' for t in list_)


with tempfile.TemporaryDirectory() as models:
    version = Path(models, "m", "1")
    version.mkdir(parents=True)
    shutil.copy(path, version / "model.onnx")
    Path(models, "m", "config.pbtxt").write_text(
        f'name: "m"\nbackend: "python"\nmax_batch_size: 64\ndynamic_batching {{}}\n'
        f"input [{tensors(model.session.get_inputs())}]\noutput [{tensors(model.session.get_outputs())}]\n"
        "instance_group [{ kind: KIND_CPU count: 1 }]\n"
    )
    triton.Triton.http, triton.Triton.grpc, triton.Triton.metrics = port, port + 1, port + 2
    with triton.Triton(folder, Path(models)):
        sys.stdin.read()  # until whoever began this is done
