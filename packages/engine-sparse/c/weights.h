// The gradient of the weights: of the live ones, and of all where a rewiring asks for it.
#pragma once
#include "gather-few.h"

// First float of a tile of inputs and of the output's gradient, plane 0; the partial sums (count, FT_PARTIAL).
typedef struct { const float *in, *gradient; float *partial; } weights_at;
static inline weights_at along(weights_at t, long in, long gradient) { return (weights_at){t.in + in, t.gradient + gradient, t.partial}; }

// One tile of the output's gradient stays in registers while the live weights of its plane pass by.
#define WEIGHT_GRADIENT(NAME, YB, XB, NV)                                                                                             \
  static inline __attribute__((always_inline)) void NAME(const ft_weight_gradient *p, const ft_arena *a, weights_at t, int o0, int o1, \
                                                         const long N, const long I) {                                                \
    const long O = N;  /* of the gradient */                                                                                          \
    const int32_t *taps = a->i + p->taps;                                                                                             \
    const float *x[YB];                                                                                                               \
    UNROLL for (int y = 0; y < YB; y++) x[y] = t.in + (long)y * p->in.row;                                                            \
    ahead_of rows = rows_ahead(p->channels, (int)(I / N), XB * I, p->channel_blocks * (o1 - o0)); \
    for (int c = 0; c < p->channel_blocks; c++) {                                                                                     \
      const int32_t *row = a->i + p->rows + (size_t)c * (p->planes + 1);                                                              \
      for (int o = o0; o < o1; o++) {                                                                                                 \
        int k = row[o], end = row[o + 1];                                                                                             \
        if (k == end) continue;                                                                                                       \
        const float *q = t.gradient + (size_t)o * p->gradient.plane; \
        if (YB > 1 && c == 0) FETCH(q, p->gradient.row, YB, XB); \
        if (YB > 1) fetch_rows(&rows, t.in, p->in.plane, p->in.row);                                                                  \
        vec g[YB][XB][NV];                                                                                                            \
        EACH(YB, XB, NV) g[y][i][j] = load(q + (long)y * p->gradient.row + i * N + j * VW);                                           \
        for (; k < end; k++) {                                                                                                        \
          const long tap = taps[k];                                                                                                   \
          float *out = t.partial + (size_t)k * FT_PARTIAL;                                                                            \
          vec sum[4] = {load(out), splat(0), splat(0), splat(0)};                                                                     \
          EACH(YB, XB, NV) sum[((y * XB + i) * NV + j) & 3] += g[y][i][j] * load(x[y] + tap + i * I + j * VW);                        \
          store(out, (sum[0] + sum[1]) + (sum[2] + sum[3]));                                                                          \
        }                                                                                                                             \
      }                                                                                                                               \
    }                                                                                                                                 \
  }
WEIGHT_GRADIENT(weight_gradient_2xWx2, 2, PAIR_COLUMNS, 2)
WEIGHT_GRADIENT(weight_gradient_1x4x2, 1, 4, 2)
WEIGHT_GRADIENT(weight_gradient_1x2x2, 1, 2, 2)
WEIGHT_GRADIENT(weight_gradient_1x1x2, 1, 1, 2)
WEIGHT_GRADIENT(weight_gradient_1x4x1, 1, 4, 1)
WEIGHT_GRADIENT(weight_gradient_1x1x1, 1, 1, 1)
WEIGHT_GRADIENT(weight_gradient_1x1x8, 1, 1, 8)
#define WEIGHT_TILES(TILE, NV) for (; N - n >= NV * VW; n += NV * VW) TILE(p, a, along(t, x * I + n, x * N + n), o0, o1, N, I)

static inline __attribute__((always_inline)) void weight_gradient_row(const ft_weight_gradient *p, const ft_arena *a, weights_at t, int x,
                                                                      int o0, int o1, const long N, const long I) {
  for (; p->width - x >= 4; x += 4) {
    long n = 0;
    WEIGHT_TILES(weight_gradient_1x4x2, 2);
    WEIGHT_TILES(weight_gradient_1x4x1, 1);
  }
  for (; p->width - x >= 2 && N % (2 * VW) == 0; x += 2) {
    long n = 0;
    WEIGHT_TILES(weight_gradient_1x2x2, 2);
  }
  for (; x < p->width; x++) {
    long n = 0;
    WEIGHT_TILES(weight_gradient_1x1x8, 8);
    WEIGHT_TILES(weight_gradient_1x1x2, 2);
    WEIGHT_TILES(weight_gradient_1x1x1, 1);
  }
}
static inline __attribute__((always_inline)) int weight_gradient_pair(const ft_weight_gradient *p, const ft_arena *a, weights_at t, int o0,
                                                                      int o1, const long I) {
  const long N = 32;
  int x = 0;
  for (; p->width - x >= PAIR_COLUMNS; x += PAIR_COLUMNS) {
    long n = 0;
    WEIGHT_TILES(weight_gradient_2xWx2, 2);
  }
  return x;
}
#define WEIGHT_ROWS(NAME, N, I)                                                                                                       \
  static __attribute__((noinline)) void weight_gradient_row_##NAME(const ft_weight_gradient *p, const ft_arena *a, weights_at t, int x, \
                                                                   int o0, int o1) {                                                  \
    weight_gradient_row(p, a, t, x, o0, o1, N, I);                                                                                    \
  }
#define WEIGHT_PAIRS(NAME, I)                                                                                                         \
  static __attribute__((noinline)) int weight_gradient_pair_##NAME(const ft_weight_gradient *p, const ft_arena *a, weights_at t, int o0, \
                                                                   int o1) {                                                          \
    return weight_gradient_pair(p, a, t, o0, o1, I);                                                                                  \
  }
WEIGHT_ROWS(any, a->lanes, (long)p->in_step * a->lanes)
WEIGHT_ROWS(32, 32, 32) WEIGHT_ROWS(32_in2, 32, 64)
WEIGHT_PAIRS(32, 32) WEIGHT_PAIRS(32_in2, 64)

typedef struct {
  void (*row)(const ft_weight_gradient *, const ft_arena *, weights_at, int, int, int);
  int (*pair)(const ft_weight_gradient *, const ft_arena *, weights_at, int, int);
} weight_loops;
static weight_loops weight_loops_of(const ft_weight_gradient *p, const ft_arena *a) {
  if (a->lanes != 32 || p->in_step > 2) return (weight_loops){weight_gradient_row_any, NULL};
  if (p->in_step == 2) return (weight_loops){weight_gradient_row_32_in2, weight_gradient_pair_32_in2};
  return (weight_loops){weight_gradient_row_32, weight_gradient_pair_32};
}

// A task is one (group of blocks, chunk of planes); its share of the partial sums is its own.
static void weight_gradient(const ft_weight_gradient *p, int task, const ft_arena *a) {
  int chunks = ceil_div(p->planes, p->chunk_planes), group = task / chunks;
  int o0 = task % chunks * p->chunk_planes, o1 = least(p->planes, o0 + p->chunk_planes);
  float *partial = a->f + p->partial + (size_t)group * p->count * FT_PARTIAL;
  for (int c = 0; c < p->channel_blocks; c++) {
    const int32_t *row = a->i + p->rows + (size_t)c * (p->planes + 1);
    memset(partial + (size_t)row[o0] * FT_PARTIAL, 0, (size_t)(row[o1] - row[o0]) * FT_PARTIAL * sizeof(float));
  }
  const weight_loops loops = weight_loops_of(p, a);
  for (int block = a->blocks * group / p->groups; block < a->blocks * (group + 1) / p->groups; block++)
    for (int y = 0, done = 0; y < p->height; y++) {
      weights_at t = {at(a, p->in, block, 0, y), at(a, p->gradient, block, 0, y), partial};
      if (p->pairs && loops.pair && y % 2 == 0 && y + 1 < p->height) done = loops.pair(p, a, t, o0, o1);
      else if (y % 2 == 0) done = 0;
      loops.row(p, a, t, done, o0, o1);
    }
}

// out[order[k]] = the sum of all partial sums of k, groups and lanes in a fixed order.
static void reduce(const ft_reduce *p, int task, const ft_arena *a) {
  int end = least(p->count, (task + 1) * 2048);
  for (int k = task * 2048; k < end; k++) {
    vec sum = splat(0);
    for (int g = 0; g < p->groups; g++) sum += load(a->f + p->partial + ((size_t)g * p->count + k) * FT_PARTIAL);
    a->f[p->out + a->i[p->order + k]] = total(sum);
  }
}

// A task is one (chunk of taps, group of planes); neighbouring tasks share their taps. Some rows pass at a time, about DENSE_FLOATS floats of
// a plane: the inputs of a tile of DENSE_TAPS x DENSE_PLANES sums then stay in the first cache, those of all taps in the second.
enum { DENSE_TAPS = VW == 16 ? 8 : 4, DENSE_PLANES = 3, DENSE_GROUP = 8 * DENSE_PLANES, DENSE_CHUNK = 64, DENSE_FLOATS = 1024, DENSE_TASKS = 6 };

// Planes of a task: many, as each group reads all inputs, but so few that there are enough tasks.
static int dense_group(const ft_dense_gradient *p) {
  int group = DENSE_GROUP;
  while (group > DENSE_PLANES && ceil_div(p->planes, group) * ceil_div(p->count, DENSE_CHUNK) < DENSE_TASKS) group /= 2;
  return group;
}

// What a task adds up: vectors over the rows of one block, then their totals over all blocks.
typedef struct {
  vec rows[DENSE_GROUP][DENSE_CHUNK];
  double totals[DENSE_GROUP][DENSE_CHUNK];
} dense_sums;

// Adds rows y0 .. y1 - 1 of a block to the tile of planes o .. and taps t ..; `tap` and `plane` are the first ones. Beyond the last tap or plane the
// last one is computed again, and not used.
static inline __attribute__((always_inline)) void dense_gradient_tile(const ft_dense_gradient *p, const ft_arena *a, int block, int y0, int y1,
                                                                      const int32_t *tap, int taps, int t, int plane, int planes, int o,
                                                                      dense_sums *all, const long N) {
  vec sum[DENSE_TAPS][DENSE_PLANES];
  UNROLL for (int i = 0; i < DENSE_TAPS; i++) UNROLL for (int j = 0; j < DENSE_PLANES; j++) sum[i][j] = y0 ? all->rows[o + j][t + i] : splat(0);
  for (int y = y0; y < y1; y++) {
    const float *in = at(a, p->in, block, 0, y), *x[DENSE_TAPS], *g[DENSE_PLANES];
    UNROLL for (int i = 0; i < DENSE_TAPS; i++) x[i] = in + tap[least(t + i, taps - 1)];
    UNROLL for (int j = 0; j < DENSE_PLANES; j++) g[j] = at(a, p->gradient, block, plane + least(o + j, planes - 1), y);
    for (long column = 0, from = 0, to = 0; column < p->width; column++, from += p->in_step * N, to += N)
      for (long n = 0; n < N; n += VW)
        UNROLL for (int i = 0; i < DENSE_TAPS; i++) UNROLL for (int j = 0; j < DENSE_PLANES; j++)
          sum[i][j] += load(x[i] + from + n) * load(g[j] + to + n);
  }
  UNROLL for (int j = 0; j < DENSE_PLANES; j++) {
    if (y1 < p->height) UNROLL for (int i = 0; i < DENSE_TAPS; i++) all->rows[o + j][t + i] = sum[i][j];
    else UNROLL for (int i = 0; i < DENSE_TAPS; i += 4) {
      quad found = totals(sum[i][j], sum[i + 1][j], sum[i + 2][j], sum[i + 3][j]);
      *(quad_double *)&all->totals[o + j][t + i] += __builtin_convertvector(found, quad_double);
    }
  }
}
static __attribute__((noinline)) void dense_gradient_tile_32(const ft_dense_gradient *p, const ft_arena *a, int block, int y0, int y1,
                                                             const int32_t *tap, int taps, int t, int plane, int planes, int o,
                                                             dense_sums *all) {
  dense_gradient_tile(p, a, block, y0, y1, tap, taps, t, plane, planes, o, all, 32);
}
static __attribute__((noinline)) void dense_gradient_tile_any(const ft_dense_gradient *p, const ft_arena *a, int block, int y0, int y1,
                                                              const int32_t *tap, int taps, int t, int plane, int planes, int o,
                                                              dense_sums *all) {
  dense_gradient_tile(p, a, block, y0, y1, tap, taps, t, plane, planes, o, all, a->lanes);
}

static void dense_gradient(const ft_dense_gradient *p, int task, const ft_arena *a) {
  int group = dense_group(p), groups = ceil_div(p->planes, group), o0 = task % groups * group, t0 = task / groups * DENSE_CHUNK;
  int planes = least(group, p->planes - o0), taps = least(DENSE_CHUNK, p->count - t0);
  int rows = ceil_div(DENSE_FLOATS, p->width * a->lanes);
  const int32_t *tap = a->i + p->taps + t0;
  dense_sums all;
  memset(all.totals, 0, sizeof all.totals);
  for (int block = 0; block < a->blocks; block++)
    for (int y = 0; y < p->height; y += rows)
      for (int t = 0; t < taps; t += DENSE_TAPS)
        for (int o = 0; o < planes; o += DENSE_PLANES)
          (a->lanes == 32 ? dense_gradient_tile_32 : dense_gradient_tile_any)(p, a, block, y, least(p->height, y + rows), tap, taps, t, o0, planes,
                                                                              o, &all);
  for (int o = 0; o < planes; o++)
    for (int t = 0; t < taps; t++) a->f[p->out + (size_t)(o0 + o) * p->count + t0 + t] = (float)all.totals[o][t];
}
