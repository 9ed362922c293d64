// Convolutions and linear layers by their live weights, for images that fill a vector.
#pragma once
#include "vectors.h"

// Live weights, stored in the order of their positions, in the order in which a loop nest meets them; zero where that meets a dead one.
static void pack(const ft_pack *p, int task, const ft_arena *a) {
  const int32_t *order = a->i + p->order;
  int end = least(p->count, (task + 1) * 16384);
  for (int k = task * 16384; k < end; k++) a->f[p->out + k] = order[k] < 0 ? 0 : a->f[p->source + order[k]];
}

// First float of a tile in each tensor of a gather, plane 0. What the operation has not is `out`, and not used.
typedef struct { const float *in, *start; float *out, *normed, *sums; } gather_at;
static inline gather_at ahead(gather_at t, long in, long out) {
  return (gather_at){t.in + in, t.start + out, t.out + out, t.normed + out, t.sums};
}
static gather_at gather_from(const ft_gather *p, const ft_arena *a, int block, int row) {
  int chunk = a->lanes < FT_FULL ? row / p->chunk_rows : 0;  // where blocks have tiles that are runs, there is one thread
  return (gather_at){at(a, p->in, block, 0, row), at(a, p->start.base < 0 ? p->out : p->start, block, 0, row), at(a, p->out, block, 0, row),
                     at(a, p->normed, block, 0, row), p->sums < 0 ? NULL : a->f + p->sums + (size_t)chunk * p->planes * FT_FLAT_FLOATS};
}

// What a plane's sums become after their last weight: scale and shift, then zero where they are not positive.
typedef struct { int any, raw, rectify; float scale, shift; } finish;
static inline finish finish_of(const ft_gather *p, const ft_arena *a, int plane, int last) {
  int norm = p->scale >= 0;
  return (finish){last && (norm || p->rectify), p->normed.base != p->out.base, p->rectify, norm ? a->f[p->scale + plane] : 1,
                  norm ? a->f[p->shift + plane] : 0};
}
static inline vec finished(finish f, vec sum) {
  vec v = sum * f.scale + f.shift;
  return f.rectify ? where_positive(v, v) : v;
}

#define EACH(YB, XB, NV) \
  UNROLL for (int y = 0; y < YB; y++) UNROLL for (int i = 0; i < XB; i++) UNROLL for (int j = 0; j < NV; j++)
// The next tile's part of a plane that is written or read at the steps of the output.
#define FETCH(POINTER, ROW, YB, XB) \
  for (int y = 0; y < YB; y++) for (int i = XB; i < 2 * XB; i++) \
    for (int e = 0; e < N; e += 16) __builtin_prefetch((POINTER) + y * (ROW) + i * O + e, 0, 2)

// The rows of input that the next tiles of two rows will read first (kernels of 3 rows): fetched line by line while this one is computed, a
// few a plane. step: rows of input from one output to the next.
typedef struct { int lines, step, next; float share, due; } ahead_of;
static inline ahead_of rows_ahead(int channels, int step, long floats, int visits) {
  int lines = (int)(floats / 16);
  return (ahead_of){lines, step, 0, (float)(channels * 2 * step * lines) / (float)visits, 0};
}
static inline void fetch_rows(ahead_of *f, const float *in, long plane, long stride) {
  f->due += f->share;
  for (; f->next < (int)f->due; f->next++) {
    int line = f->next % f->lines, row = f->next / f->lines, rows = 2 * f->step;
    __builtin_prefetch(in + (row / rows) * plane + (f->step + 2 + row % rows) * (stride / f->step) + line * 16, 0, 2);
  }
}

// Tiles of NV vectors while they fit into the N images of a column. I, O: floats from one column to the next of the input, of the output.
#define GATHER_TILES(TILE, NV) for (; N - n >= NV * VW; n += NV * VW) TILE(p, a, ahead(t, x * I + n, x * O + n), o0, o1, N, I, O)

#ifndef __wasm__
// One tile: YB rows x XB columns x NV vectors of images, planes o0 .. o1. N: images a column. A tile of two rows has much to read before
// its first sum, so the next one's is fetched meanwhile.
#define GATHER(NAME, YB, XB, NV)                                                                                                      \
  static inline __attribute__((always_inline)) void NAME(const ft_gather *p, const ft_arena *a, gather_at t, int o0, int o1,          \
                                                         const long N, const long I, const long O) { \
    const int32_t *taps = a->i + p->taps;                                                                                             \
    const float *weights = a->f + p->weights, *x[YB];                                                                                 \
    const long row_out = p->out.row, row_normed = p->normed.row;                                                                      \
    UNROLL for (int y = 0; y < YB; y++) x[y] = t.in + (long)y * p->in.row;                                                            \
    ahead_of rows = rows_ahead(p->channels, (int)(I / N), XB * I, p->channel_blocks * (o1 - o0));                                               \
    for (int c = 0; c < p->channel_blocks; c++) {                                                                                     \
      const int32_t *row = a->i + p->rows + (size_t)c * (p->planes + 1);                                                              \
      const int fresh = c == 0 && p->start.base < 0;                                                                                  \
      const long row_from = c > 0 || fresh ? p->out.row : p->start.row;                                                               \
      for (int o = o0; o < o1; o++) {                                                                                                 \
        int k = row[o], end = row[o + 1];                                                                                             \
        float *out = t.out + (size_t)o * p->out.plane;                                                                                \
        const float *from = c > 0 || fresh ? out : t.start + (size_t)o * p->start.plane;                                              \
        const finish f = finish_of(p, a, o, c + 1 == p->channel_blocks);                                                              \
        if (k == end && from == out && !fresh && !f.any) continue;                                                                    \
        if (YB > 1 && c == 0) {                                                                                                       \
          FETCH(out, row_out, YB, XB);                                                                                            \
          if (from != out) FETCH(from, row_from, YB, XB);                                                                         \
        }                                                                                                                             \
        if (YB > 1) fetch_rows(&rows, t.in, p->in.plane, p->in.row);                                                                  \
        vec sum[YB][XB][NV], bias = splat(c > 0 || p->bias < 0 ? 0 : a->f[p->bias + o]);                                              \
        EACH(YB, XB, NV) sum[y][i][j] = fresh ? bias : load(from + y * row_from + i * O + j * VW) + bias;                             \
        for (; k < end; k++) {                                                                                                        \
          const long tap = taps[k];                                                                                                   \
          vec w = splat(weights[k]);                                                                                                  \
          EACH(YB, XB, NV) sum[y][i][j] += w * load(x[y] + tap + i * I + j * VW);                                                     \
        }                                                                                                                             \
        if (!f.any || f.raw) EACH(YB, XB, NV) store(out + y * row_out + i * O + j * VW, sum[y][i][j]);                                \
        if (!f.any) continue;                                                                                                         \
        float *normed = t.normed + (size_t)o * p->normed.plane;                                                                       \
        EACH(YB, XB, NV) store(normed + y * row_normed + i * O + j * VW, finished(f, sum[y][i][j]));                                  \
      }                                                                                                                               \
    }                                                                                                                                 \
  }
GATHER(gather_2xWx2, 2, PAIR_COLUMNS, 2)
GATHER(gather_1x4x2, 1, 4, 2)
GATHER(gather_1x2x2, 1, 2, 2)
GATHER(gather_1x1x2, 1, 1, 2)
GATHER(gather_1x4x1, 1, 4, 1)
GATHER(gather_1x1x1, 1, 1, 1)
GATHER(gather_1x1x8, 1, 1, 8)

// All tiles of one image row from column x on. N, I and O are constants where it matters: addresses then fold into the instructions.
static inline __attribute__((always_inline)) void gather_row(const ft_gather *p, const ft_arena *a, gather_at t, int x, int o0, int o1,
                                                             const long N, const long I, const long O) {
  for (; p->width - x >= 4; x += 4) {
    long n = 0;
    GATHER_TILES(gather_1x4x2, 2);
    GATHER_TILES(gather_1x4x1, 1);
  }
  for (; p->width - x >= 2 && N % (2 * VW) == 0; x += 2) {
    long n = 0;
    GATHER_TILES(gather_1x2x2, 2);
  }
  for (; x < p->width; x++) {
    long n = 0;
    GATHER_TILES(gather_1x1x8, 8);
    GATHER_TILES(gather_1x1x2, 2);
    GATHER_TILES(gather_1x1x1, 1);
  }
}
// Two image rows, in tiles that span both, of blocks of 32 images.
static inline __attribute__((always_inline)) int gather_pair(const ft_gather *p, const ft_arena *a, gather_at t, int o0, int o1,
                                                             const long I, const long O) {
  const long N = 32;
  int x = 0;
  for (; p->width - x >= PAIR_COLUMNS; x += PAIR_COLUMNS) {
    long n = 0;
    GATHER_TILES(gather_2xWx2, 2);
  }
  return x;
}
#define GATHER_ROWS(NAME, N, I, O)                                                                                                    \
  static __attribute__((noinline)) void gather_row_##NAME(const ft_gather *p, const ft_arena *a, gather_at t, int x, int o0, int o1) { \
    gather_row(p, a, t, x, o0, o1, N, I, O);                                                                                          \
  }
#define GATHER_PAIRS(NAME, I, O)                                                                                                      \
  static __attribute__((noinline)) int gather_pair_##NAME(const ft_gather *p, const ft_arena *a, gather_at t, int o0, int o1) {       \
    return gather_pair(p, a, t, o0, o1, I, O);                                                                                        \
  }
GATHER_ROWS(128, 128, 128, 128)
GATHER_ROWS(any, a->lanes, (long)p->in_step * a->lanes, (long)p->out_step * a->lanes)
GATHER_ROWS(32, 32, 32, 32) GATHER_ROWS(32_in2, 32, 64, 32) GATHER_ROWS(32_out2, 32, 32, 64)
GATHER_PAIRS(32, 32, 32) GATHER_PAIRS(32_in2, 64, 32) GATHER_PAIRS(32_out2, 32, 64)

typedef struct {
  void (*row)(const ft_gather *, const ft_arena *, gather_at, int, int, int);
  int (*pair)(const ft_gather *, const ft_arena *, gather_at, int, int);
} gather_loops;
static gather_loops gather_loops_of(const ft_gather *p, const ft_arena *a) {
  int steps = p->in_step * p->out_step;  // one of them is 1
  if (a->lanes == 128 && steps == 1) return (gather_loops){gather_row_128, NULL};
  if (a->lanes != 32 || steps > 2) return (gather_loops){gather_row_any, NULL};
  if (p->in_step == 2) return (gather_loops){gather_row_32_in2, gather_pair_32_in2};
  if (p->out_step == 2) return (gather_loops){gather_row_32_out2, gather_pair_32_out2};
  return (gather_loops){gather_row_32, gather_pair_32};
}

static void gather_rows(const ft_gather *p, const ft_arena *a, int block, int y0, int y1, int o0, int o1) {
  const gather_loops loops = gather_loops_of(p, a);
  for (int y = y0, done = 0; y < y1; y++) {
    gather_at t = gather_from(p, a, block, y);
    if (p->pairs && loops.pair && (y - y0) % 2 == 0 && y + 1 < y1) done = loops.pair(p, a, t, o0, o1);
    else if ((y - y0) % 2 == 0) done = 0;
    loops.row(p, a, t, done, o0, o1);
  }
}
#endif
