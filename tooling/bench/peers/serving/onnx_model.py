"""What all servers in Python run: one ONNX file by onnxruntime, with one thread, as FreeTickets' workers have it here."""

import numpy as np
import onnxruntime as ort

DATATYPES = {"tensor(float)": "FP32", "tensor(int64)": "INT64"}


class OnnxModel:
    def __init__(self, path):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = [t.name for t in self.session.get_inputs()]
        self.outputs = [t.name for t in self.session.get_outputs()]
        self.datatypes = {t.name: DATATYPES[t.type] for t in self.session.get_outputs()}

    def run(self, feeds, wanted=None):
        """Arrays by input name -> arrays by output name."""
        wanted = wanted or self.outputs
        return dict(zip(wanted, self.session.run(wanted, feeds)))

    def answer(self, request):
        """One request of the Open Inference Protocol in JSON, as dictionaries."""
        feeds = {t["name"]: np.asarray(t["data"], np.float32).reshape(t["shape"]) for t in request["inputs"]}
        results = self.run(feeds, [t["name"] for t in request.get("outputs", [])])
        return [
            {"name": name, "datatype": self.datatypes[name], "shape": list(a.shape), "data": a.ravel()} for name, a in results.items()
        ]
