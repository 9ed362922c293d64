// Runs plans that scripts/sanitize.mjs writes to the standard input, in the best or every instruction set (first argument: best, every) and
// with the numbers of threads that the other arguments name. Built with sanitizers: the arena is of exactly the plan's size here, so that
// what reads or writes beyond it is found, which inside JavaScript's memory it is not; a plan may also name gaps between its parts that
// nobody may touch. Any number of threads must leave the same bits in the whole arena.
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../c/threads.h"

// The instruction sets: all, or those of another file.
#ifndef VARIANTS_FILE
#define VARIANTS_FILE "../c/kernels.def"
#endif
#define VARIANT(name, test)                                               \
  int ft_tasks_##name(const int32_t *op, const ft_arena *arena);          \
  void ft_run_##name(const int32_t *op, int task, const ft_arena *arena); \
  static int supported_##name(void) { return test; }
#include VARIANTS_FILE
#undef VARIANT
#define VARIANT(name, test) {#name, supported_##name, ft_tasks_##name, ft_run_##name},
static const ft_variant VARIANTS[] = {
#include VARIANTS_FILE
};
enum { VARIANT_COUNT = sizeof VARIANTS / sizeof *VARIANTS };

// Start and end of floats or integers that belong to no part; a part of the floats and what stands in it at first.
typedef struct { int32_t start, end; } gap;
typedef struct { int32_t start, count; const float *values; } part;
typedef struct { int32_t batch, count; const int32_t *records; } program;
typedef struct {
  char *name;
  int32_t lanes, floats, ints, float_gaps, int_gaps, parts, programs;
  gap *float_gap, *int_gap;
  part *part;
  const int32_t *values;
  program *program;
} plan;

static void fail(const char *what, const char *name) {
  fprintf(stderr, "run-plans: %s: %s\n", name, what);
  exit(1);
}

// Exactly so many bytes of the standard input, in memory of exactly that size.
static void *take(size_t bytes) {
  void *data = malloc(bytes > 0 ? bytes : 1);
  if (!data || fread(data, 1, bytes, stdin) != bytes) fail("the input ends within a plan", "standard input");
  return data;
}
static int32_t take_int(void) {
  int32_t *data = take(sizeof *data), value = *data;
  free(data);
  return value;
}

// 0 at the end of the input. In the order in which scripts/sanitize.mjs writes.
static int take_plan(plan *p) {
  int32_t length;
  if (fread(&length, sizeof length, 1, stdin) != 1) return 0;
  p->name = take((size_t)length);
  p->lanes = take_int();
  p->floats = take_int();
  p->ints = take_int();
  p->float_gap = take(sizeof(gap) * (size_t)(p->float_gaps = take_int()));
  p->int_gap = take(sizeof(gap) * (size_t)(p->int_gaps = take_int()));
  p->part = malloc(sizeof(part) * (size_t)((p->parts = take_int()) + 1));
  for (int i = 0; i < p->parts; i++) {
    p->part[i].start = take_int();
    p->part[i].values = take(sizeof(float) * (size_t)(p->part[i].count = take_int()));
  }
  p->values = take(sizeof(int32_t) * (size_t)p->ints);
  p->program = malloc(sizeof(program) * (size_t)((p->programs = take_int()) + 1));
  for (int i = 0; i < p->programs; i++) {
    p->program[i].batch = take_int();
    p->program[i].records = take(sizeof(int32_t) * FT_FIELDS * (size_t)(p->program[i].count = take_int()));
  }
  return 1;
}

static void free_plan(plan *p) {
  for (int i = 0; i < p->parts; i++) free((void *)p->part[i].values);
  for (int i = 0; i < p->programs; i++) free((void *)p->program[i].records);
  free(p->name);
  free(p->float_gap);
  free(p->int_gap);
  free(p->part);
  free((void *)p->values);
  free(p->program);
}

// The arena after all programs.
static float *run_plan(const plan *p, const ft_variant *variant, int threads) {
  size_t bytes = sizeof(float) * (size_t)p->floats;
  float *floats = aligned_alloc(64, bytes);
  ft_threads *pool = ft_threads_create(threads);
  if (!floats || !pool) fail("out of memory or threads", p->name);
  memset(floats, 0, bytes);
  for (int i = 0; i < p->parts; i++) memcpy(floats + p->part[i].start, p->part[i].values, sizeof(float) * (size_t)p->part[i].count);
  for (int i = 0; i < p->float_gaps; i++)
    ASAN_POISON_MEMORY_REGION(floats + p->float_gap[i].start, sizeof(float) * (size_t)(p->float_gap[i].end - p->float_gap[i].start));
  for (int i = 0; i < p->programs; i++) {
    int batch = p->program[i].batch;
    ft_arena arena = {floats, p->values, p->lanes, batch, (batch - 1) / p->lanes + 1};
    ft_threads_run(pool, variant, p->program[i].records, p->program[i].count, &arena);
  }
  ASAN_UNPOISON_MEMORY_REGION(floats, bytes);
  ft_threads_destroy(pool);
  return floats;
}

static void run_variant(const plan *p, const ft_variant *variant, int counts, char **threads) {
  size_t bytes = sizeof(float) * (size_t)p->floats;
  fprintf(stderr, "%s, %s\n", p->name, variant->name);
  float *first = run_plan(p, variant, atoi(threads[0]));
  for (int i = 1; i < counts; i++) {
    float *next = run_plan(p, variant, atoi(threads[i]));
    if (memcmp(first, next, bytes) != 0) fail("another number of threads leaves other bits", p->name);
    free(next);
  }
  free(first);
}

int main(int count, char **arguments) {
  if (count < 3) fail("expected best or every, then numbers of threads", "arguments");
  int most = strcmp(arguments[1], "best") == 0 ? 1 : VARIANT_COUNT;
  plan p;
  int plans = 0, runs = 0;
  for (; take_plan(&p); plans++) {
    for (int i = 0; i < p.int_gaps; i++)
      ASAN_POISON_MEMORY_REGION(p.values + p.int_gap[i].start, sizeof(int32_t) * (size_t)(p.int_gap[i].end - p.int_gap[i].start));
    for (int i = 0, met = 0; i < VARIANT_COUNT && met < most; i++) {
      if (!VARIANTS[i].supported()) continue;
      run_variant(&p, &VARIANTS[i], count - 2, arguments + 2);
      runs += count - 2;
      met++;
    }
    ASAN_UNPOISON_MEMORY_REGION(p.values, sizeof(int32_t) * (size_t)p.ints);
    free_plan(&p);
  }
  printf("%d %d\n", plans, runs);
  return 0;
}
