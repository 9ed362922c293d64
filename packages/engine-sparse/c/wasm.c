// The WebAssembly side, compiled together with kernels.c: runs operations one after the other on one thread, and borrows from JavaScript
// what a C library would bring. Addresses and sizes come from src/wasm.ts, which has checked them.
#include "ops.h"

int ft_tasks_wasm(const int32_t *op, const ft_arena *arena);
void ft_run_wasm(const int32_t *op, int task, const ft_arena *arena);

// ops (count records of FT_FIELDS) over the arena of floats and ints; lanes: images of one block.
__attribute__((export_name("run"))) void run(const int32_t *ops, int count, float *floats, const int32_t *ints, int lanes, int batch) {
  const ft_arena arena = {floats, ints, lanes, batch, (batch + lanes - 1) / lanes};
  for (int i = 0; i < count; i++, ops += FT_FIELDS)
    for (int task = 0, tasks = ft_tasks_wasm(ops, &arena); task < tasks; task++) ft_run_wasm(ops, task, &arena);
}

__attribute__((import_module("Math"), import_name("exp"))) double math_exp(double);
__attribute__((import_module("Math"), import_name("log"))) double math_log(double);
double exp(double x) { return math_exp(x); }
double log(double x) { return math_log(x); }
