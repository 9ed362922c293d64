#!/usr/bin/env bash
# Collects the parts that pack.mjs made, and runs the benchmark from them:
#   run.sh add PART...        keeps parts, for a machine to which they come one by one
#   run.sh bench [options]    unpacks what was kept and runs it; options are those of dist/gpu.js
# Needs bash and tar, and xz or Python. What it finds of CUDA and of PyTorch it uses: libraries of CUDA 13 and cuDNN 9 where the loader, a
# CUDA toolkit or Python's packages (nvidia-*, as PyTorch brings them) have them.
set -euo pipefail
place=${FREETICKETS_GPU:-/tmp/freetickets-gpu-bench}
mkdir -p "$place"

case ${1:-} in
  add)
    shift
    cp "$@" "$place"
    ls -l "$place"
    exit
    ;;
  bench) shift ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac

if [ ! -x "$place/freetickets-gpu/node" ]; then
  if command -v xz >/dev/null; then
    cat "$place"/pack.tar.xz.* | tar -xJ -C "$place"
  else
    cat "$place"/pack.tar.xz.* | python3 -c 'import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode="r|xz").extractall(sys.argv[1])' "$place"
  fi
fi

# Every folder that holds one of the libraries; the loader takes them in this order, after what LD_LIBRARY_PATH had.
site=$(python3 -c 'import site, sysconfig; print(*{*site.getsitepackages(), sysconfig.get_path("purelib")}, sep="\n")' 2>/dev/null || true)
folders=
for folder in /usr/local/cuda*/lib64 /usr/local/nvidia/lib64 $(for s in $site; do ls -d "$s"/nvidia/*/lib 2>/dev/null || true; done); do
  if ls "$folder" 2>/dev/null | grep -qE '^lib(cublasLt|cublas|cudart|curand|cufft|cudnn|nvrtc|nvJitLink|cuda)\.so'; then folders=$folders:$folder; fi
done
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}$folders
for name in libcuda.so.1 libcudart.so.13 libcublas.so.13 libcublasLt.so.13 libcudnn.so.9 libcufft.so.12 libcurand.so.10 libnvrtc.so.13; do
  found=$( (ldconfig -p 2>/dev/null | sed -n "s/.*$name.* => //p"; IFS=:; for f in $LD_LIBRARY_PATH; do ls "$f/$name" 2>/dev/null || true; done) | head -n 1)
  echo "$name: ${found:-missing}" >&2
done
python3 -c 'import torch; print("PyTorch", torch.__version__, "CUDA" if torch.cuda.is_available() else "without a GPU")' >&2 2>/dev/null || echo 'PyTorch: missing' >&2
exec "$place/freetickets-gpu/node" "$place/freetickets-gpu/dist/gpu.js" "$@"
