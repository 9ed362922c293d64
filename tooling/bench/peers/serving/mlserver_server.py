"""MLServer with adaptive batching and one inference process. python mlserver_server.py MODEL.onnx PORT"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
RUNTIME = '''
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse, ResponseOutput
from onnx_model import OnnxModel


class Runtime(MLModel):
    async def load(self):
        self.model = OnnxModel(self.settings.parameters.uri)
        return True

    async def predict(self, payload):
        feeds = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        results = self.model.run(feeds, [tensor.name for tensor in payload.outputs or []])
        outputs = [ResponseOutput(name=n, shape=list(a.shape), datatype=self.model.datatypes[n], data=a.ravel().tolist()) for n, a in results.items()]
        return InferenceResponse(id=payload.id, model_name=self.name, model_version=self.version, outputs=outputs)
'''

model, port = Path(sys.argv[1]).resolve(), int(sys.argv[2])
with tempfile.TemporaryDirectory() as folder:
    settings = {"host": "127.0.0.1", "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2, "parallel_workers": 1, "debug": False}
    parameters = {"version": "1", "uri": str(model)}
    own = {"name": "m", "implementation": "runtime.Runtime", "max_batch_size": 64, "max_batch_time": 0.0005, "parameters": parameters}
    Path(folder, "settings.json").write_text(json.dumps(settings))
    Path(folder, "model-settings.json").write_text(json.dumps(own))
    Path(folder, "runtime.py").write_text(RUNTIME)
    environment = os.environ | {"PYTHONPATH": f"{HERE}:{folder}"}
    server = subprocess.Popen([Path(sys.executable).parent / "mlserver", "start", folder], cwd=folder, env=environment)
    try:
        sys.stdin.read()  # until whoever began this is done
    finally:
        server.terminate()
        server.wait()
