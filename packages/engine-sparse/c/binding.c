// The Node-API side: checks what it is given, finds the pointers, calls the threads. Nothing here knows what an operation does.
#include <node_api.h>
#include <stdlib.h>

#include "threads.h"

#define VARIANT(name, test)                                        \
  int ft_tasks_##name(const int32_t *op, const ft_arena *arena);   \
  void ft_run_##name(const int32_t *op, int task, const ft_arena *arena); \
  static int supported_##name(void) { return test; }
#include "kernels.def"
#undef VARIANT
#define VARIANT(name, test) {#name, supported_##name, ft_tasks_##name, ft_run_##name},
static const ft_variant VARIANTS[] = {
#include "kernels.def"
};
enum { VARIANT_COUNT = sizeof VARIANTS / sizeof *VARIANTS };

static napi_value fail(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

// variants(): string[]  -- those this processor can run, best first
static napi_value variants(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value list, name;
  if (napi_create_array(env, &list) != napi_ok) return NULL;
  for (uint32_t i = 0, n = 0; i < VARIANT_COUNT; i++) {
    if (!VARIANTS[i].supported()) continue;
    if (napi_create_string_utf8(env, VARIANTS[i].name, NAPI_AUTO_LENGTH, &name) != napi_ok) return NULL;
    if (napi_set_element(env, list, n++, name) != napi_ok) return NULL;
  }
  return list;
}

typedef struct {
  ft_threads *threads;
  const ft_variant *variant;
} executor;

static const napi_type_tag EXECUTOR_TAG = {0x8f3a52c9d1e7460bULL, 0xb62d9075ce134fa8ULL};

static void destroy_executor(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  executor *e = data;
  ft_threads_destroy(e->threads);
  free(e);
}

// createExecutor(variant index in variants(), threads): external
static napi_value create_executor(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2], result;
  uint32_t index, threads;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 2 || napi_get_value_uint32(env, argv[0], &index) != napi_ok ||
      napi_get_value_uint32(env, argv[1], &threads) != napi_ok || threads < 1 || threads > 1024)
    return fail(env, "createExecutor(variant, threads): expected two numbers, threads from 1 to 1024");
  const ft_variant *variant = NULL;
  for (uint32_t i = 0, n = 0; i < VARIANT_COUNT; i++)
    if (VARIANTS[i].supported() && n++ == index) variant = &VARIANTS[i];
  if (!variant) return fail(env, "createExecutor: no such variant on this processor");
  executor *e = malloc(sizeof *e);
  if (e) e->threads = ft_threads_create((int)threads);
  if (!e || !e->threads) {
    free(e);
    napi_throw_error(env, NULL, "createExecutor: out of memory or threads");
    return NULL;
  }
  e->variant = variant;
  if (napi_create_external(env, e, destroy_executor, NULL, &result) != napi_ok) {
    destroy_executor(env, e, NULL);
    return NULL;
  }
  if (napi_type_tag_object(env, result, &EXECUTOR_TAG) != napi_ok) return NULL;  // the collector destroys it
  return result;
}

static int typed_array(napi_env env, napi_value value, napi_typedarray_type wanted, void **data, size_t *length) {
  bool is_typed_array;
  napi_typedarray_type type;
  return napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
         napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) == napi_ok && type == wanted;
}

// run(executor, ops: Int32Array, floats: Float32Array, ints: Int32Array, lanes, batch): void
static napi_value run(napi_env env, napi_callback_info info) {
  size_t argc = 6, ops_length, floats_length, ints_length;
  napi_value argv[6];
  bool tagged = false;
  void *data, *ops, *floats, *ints;
  ft_arena arena;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 6 ||
      napi_check_object_type_tag(env, argv[0], &EXECUTOR_TAG, &tagged) != napi_ok || !tagged ||
      napi_get_value_external(env, argv[0], &data) != napi_ok)
    return fail(env, "run: expected an executor first");
  if (!typed_array(env, argv[1], napi_int32_array, &ops, &ops_length) || ops_length % FT_FIELDS != 0 ||
      !typed_array(env, argv[2], napi_float32_array, &floats, &floats_length) ||
      !typed_array(env, argv[3], napi_int32_array, &ints, &ints_length))
    return fail(env, "run: expected whole operations (Int32Array), floats (Float32Array), integers (Int32Array)");
  if (ops_length > 0 && (floats_length == 0 || ints_length == 0)) return fail(env, "run: expected arrays that are neither empty nor detached");
  if (napi_get_value_int32(env, argv[4], &arena.lanes) != napi_ok || arena.lanes < 1 || arena.lanes > 128 ||
      (arena.lanes > FT_FULL && arena.lanes % FT_FULL != 0) ||
      napi_get_value_int32(env, argv[5], &arena.batch) != napi_ok || arena.batch < 1)
    return fail(env, "run: expected lanes (below 16, or a multiple of 16, at most 128) and a batch of at least 1");
  arena.f = floats;
  arena.i = ints;
  arena.blocks = (arena.batch - 1) / arena.lanes + 1;
  executor *e = data;
  ft_threads_run(e->threads, e->variant, ops, (int)(ops_length / FT_FIELDS), &arena);
  return NULL;
}

// misalignment(floats): number  -- bytes past a multiple of 64 at which the array lies in memory
static napi_value misalignment(napi_env env, napi_callback_info info) {
  size_t argc = 1, length;
  napi_value argv[1], result;
  void *data;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 1 ||
      !typed_array(env, argv[0], napi_float32_array, &data, &length))
    return fail(env, "misalignment: expected a Float32Array");
  if (napi_create_uint32(env, (uint32_t)((uintptr_t)data % 64), &result) != napi_ok) return NULL;
  return result;
}

NAPI_MODULE_INIT() {
  const struct { const char *name; napi_callback function; } functions[] = {
      {"variants", variants}, {"createExecutor", create_executor}, {"run", run}, {"misalignment", misalignment}};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
      return NULL;
  }
  napi_value layout;
  if (napi_create_string_utf8(env, FT_LAYOUT, NAPI_AUTO_LENGTH, &layout) != napi_ok ||
      napi_set_named_property(env, exports, "layout", layout) != napi_ok)
    return NULL;
  return exports;
}
