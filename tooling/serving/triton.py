"""A real Triton server (2.51, Python backend) without a container and without a GPU, from the PyPI wheel nvidia-pytriton.

The wheel holds the server's binary. Its Python backend starts a stub for one Python version, which has to lie beside it and needs that
version's shared libpython; the stub takes its packages from the environment that is first on PATH, and needs numpy 1 there: with numpy 2 the
server answers 200 with the right shape and no bytes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
from pathlib import Path

WHEEL = "nvidia-pytriton==0.7.0"
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"

# Runs the model.onnx beside it; strings are bytes for Triton and str for onnxruntime.
BACKEND = '''
import json, os
import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        path = os.path.join(os.path.dirname(__file__), "model.onnx")
        self.session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.inputs = [t["name"] for t in config["input"]]
        self.outputs = [t["name"] for t in config["output"]]

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        feeds = {name: pb.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
        feeds = {name: np.array([b.decode() for b in a.ravel()], object).reshape(a.shape) if a.dtype == object else a for name, a in feeds.items()}
        wanted = [name for name in self.outputs if name in request.requested_output_names()]
        results = self.session.run(wanted, feeds)
        encode = lambda a: np.array([s.encode() for s in a.ravel()], object).reshape(a.shape) if a.dtype == object else a
        return pb.InferenceResponse([pb.Tensor(name, encode(a)) for name, a in zip(wanted, results)])
'''


def install(folder):
    """The server's folder inside `folder`, unpacked there the first time."""
    server = folder / "wheel" / "pytriton" / "tritonserver"
    if not server.exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder / "wheel", WHEEL], check=True)
    shutil.copy(server / "python_backend_stubs" / VERSION / "triton_python_backend_stub", server / "backends" / "python")
    return server


def libpython_folder():
    name = f"libpython{VERSION}.so.1.0"
    library = Path(sysconfig.get_config_var("LIBDIR"))
    places = [library, library / (sysconfig.get_config_var("MULTIARCH") or "")]
    found = next((place for place in places if (place / name).exists()), None)
    if found is None:
        sys.exit(f"{name} is not in {places[0]}: run this with a Python that was built with --enable-shared")
    return found


def make_repository(models, target):
    """A copy of the models whose backend is Python with onnxruntime."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(models, target)
    for config in target.glob("*/config.pbtxt"):
        config.write_text(re.sub(r'^(backend|platform): ".*"', 'backend: "python"', config.read_text(), flags=re.M))
        (config.parent / "1" / "model.py").write_text(BACKEND)


class Triton:
    """`with Triton(folder, models) as triton:` a server on the ports triton.http and triton.grpc of 127.0.0.1, ready."""

    http, grpc, metrics = 18700, 18701, 18702

    def __init__(self, folder, models):
        self.folder = Path(folder).resolve()
        self.models = models

    def __enter__(self):
        server = install(self.folder)
        make_repository(self.models, self.folder / "models")
        environment = dict(os.environ)
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        environment["LD_LIBRARY_PATH"] = str(libpython_folder())
        command = [server / "bin" / "tritonserver", f"--model-repository={self.folder / 'models'}"]
        command += ["--model-control-mode=explicit", "--load-model=*", f"--backend-directory={server / 'backends'}", "--exit-timeout-secs=5"]
        for surface, port in (("http", self.http), ("grpc", self.grpc), ("metrics", self.metrics)):
            command += [f"--{surface}-address=127.0.0.1", f"--{surface}-port={port}"]
        self.log = open(self.folder / "triton.log", "wb")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        self.wait()
        return self

    def wait(self):
        for _ in range(600):
            if self.process.poll() is not None:
                sys.exit(f"tritonserver ended; see {self.folder / 'triton.log'}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.http}/v2/health/ready", timeout=1)
                return
            except OSError:
                time.sleep(0.2)
        sys.exit("tritonserver did not become ready in two minutes")

    @property
    def version(self):
        return json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.http}/v2"))["version"]

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
