"""What people write themselves: FastAPI, uvicorn, onnxruntime; JSON, no batches. python fastapi_server.py MODEL.onnx PORT"""

import sys

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from onnx_model import OnnxModel

model = OnnxModel(sys.argv[1])
app = FastAPI()


@app.get("/v2/models/m/ready")
async def ready():
    return Response()


@app.post("/v2/models/m/infer")
async def infer(request: Request):
    outputs = await run_in_threadpool(model.answer, orjson.loads(await request.body()))
    body = orjson.dumps({"model_name": "m", "model_version": "1", "outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json")


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
