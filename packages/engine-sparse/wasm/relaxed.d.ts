/** Written by scripts/build-wasm.mjs: the compiled kernels with relaxed SIMD, a WebAssembly module in base64. */
export declare const kernels: string;
