/** Written by scripts/build-wasm.mjs: the compiled kernels, a WebAssembly module in base64. */
export declare const kernels: string;
