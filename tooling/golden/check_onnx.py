"""Checks ONNX files with ONNX's own checker, shapes and types included: python3 check_onnx.py FILE..."""
import sys

import onnx

if len(sys.argv) < 2:
    sys.exit(__doc__)
for path in sys.argv[1:]:
    try:
        onnx.checker.check_model(onnx.load(path), full_check=True)
    except Exception as error:  # the checker, the shape inference and the parser each have classes of their own
        sys.exit(f"{path}: {error}")
    print(f"{path}: ok")
