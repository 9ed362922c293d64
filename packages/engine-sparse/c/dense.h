// Layers without dead weights: each input is read once for several planes.
#pragma once
#include "gather-few.h"

// One tile: XB columns x NV vectors of images x planes o .. o + OB - 1, for taps k0 .. k1. weights: of these planes.
#define DENSE_TILE(NAME, XB, NV, OB)                                                                                                  \
  static inline __attribute__((always_inline)) void NAME(const ft_gather *p, const ft_arena *a, gather_at t, int o, int k0, int k1,   \
                                                         const float *weights, const long N, const long I, const long O) {            \
    const int32_t *taps = a->i + p->taps;                                                                                             \
    const int fresh = k0 == 0 && p->start.base < 0;                                                                                   \
    vec sum[OB][XB][NV];                                                                                                              \
    UNROLL for (int b = 0; b < OB; b++) {                                                                                             \
      const float *from = k0 > 0 || fresh ? t.out + (size_t)(o + b) * p->out.plane : t.start + (size_t)(o + b) * p->start.plane;      \
      if (k0 == 0) FETCH(t.out + (size_t)(o + b) * p->out.plane, 0, 1, XB);                                                       \
      if (k0 == 0 && !fresh) FETCH(from, 0, 1, XB);                                                                               \
      const vec bias = splat(k0 > 0 || p->bias < 0 ? 0 : a->f[p->bias + o + b]);                                                      \
      UNROLL for (int i = 0; i < XB; i++) UNROLL for (int j = 0; j < NV; j++)                                                         \
        sum[b][i][j] = fresh ? bias : load(from + i * O + j * VW) + bias;                                                             \
    }                                                                                                                                 \
    for (int k = k0; k < k1; k++) {                                                                                                   \
      const float *in = t.in + taps[k];                                                                                               \
      vec value[XB][NV];                                                                                                              \
      UNROLL for (int i = 0; i < XB; i++) UNROLL for (int j = 0; j < NV; j++) value[i][j] = load(in + i * I + j * VW);                \
      UNROLL for (int b = 0; b < OB; b++) {                                                                                           \
        const vec w = splat(weights[(size_t)k * OB + b]);                                                                             \
        UNROLL for (int i = 0; i < XB; i++) UNROLL for (int j = 0; j < NV; j++) sum[b][i][j] += w * value[i][j];                      \
      }                                                                                                                               \
    }                                                                                                                                 \
    UNROLL for (int b = 0; b < OB; b++) {                                                                                             \
      const finish f = finish_of(p, a, o + b, k1 == p->rows);                                                                         \
      float *out = t.out + (size_t)(o + b) * p->out.plane, *normed = t.normed + (size_t)(o + b) * p->normed.plane;                    \
      if (!f.any || f.raw) UNROLL for (int i = 0; i < XB; i++) UNROLL for (int j = 0; j < NV; j++) store(out + i * O + j * VW, sum[b][i][j]); \
      if (!f.any) continue;                                                                                                           \
      UNROLL for (int i = 0; i < XB; i++) UNROLL for (int j = 0; j < NV; j++) store(normed + i * O + j * VW, finished(f, sum[b][i][j])); \
    }                                                                                                                                 \
  }
#define DENSE(NAME, XB, NV)                                                                                                           \
  DENSE_TILE(NAME##_planes, XB, NV, FT_TILE_PLANES)                                                                                   \
  DENSE_TILE(NAME##_plane, XB, NV, 1)                                                                                                 \
  static inline __attribute__((always_inline)) void NAME(const ft_gather *p, const ft_arena *a, gather_at t, int o0, int o1,          \
                                                         const long N, const long I, const long O) {                                  \
    const float *weights = a->f + p->weights;                                                                                         \
    int whole = p->planes - p->planes % FT_TILE_PLANES, block = ceil_div(p->rows, p->channel_blocks);                                 \
    int k0 = 0;                                                                                                                       \
    do {                                                                                                                              \
      int k1 = least(p->rows, k0 + block), o = o0;                                                                                    \
      for (; o < least(o1, whole); o += FT_TILE_PLANES) NAME##_planes(p, a, t, o, k0, k1, weights + (size_t)o * p->rows, N, I, O); \
      for (; o < o1; o++) NAME##_plane(p, a, t, o, k0, k1, weights + (size_t)o * p->rows, N, I, O);                                   \
    } while ((k0 += block) < p->rows);                                                                                                \
  }
DENSE(dense_2x2, 2, DENSE_VECTORS)
DENSE(dense_1x2, 1, 2)
DENSE(dense_1x1, 1, 1)
DENSE(dense_flat_wide, 1, FLAT_DENSE)

static inline __attribute__((always_inline)) void dense_row(const ft_gather *p, const ft_arena *a, gather_at t, int o0, int o1,
                                                            const long N, const long I, const long O) {
  int x = 0;
  for (; p->width - x >= 2 && N % (DENSE_VECTORS * VW) == 0; x += 2) {
    long n = 0;
    GATHER_TILES(dense_2x2, DENSE_VECTORS);
  }
  for (; x < p->width; x++) {
    long n = 0;
    GATHER_TILES(dense_1x2, 2);
    GATHER_TILES(dense_1x1, 1);
  }
}
static __attribute__((noinline)) void dense_row_32(const ft_gather *p, const ft_arena *a, gather_at t, int o0, int o1) {
  dense_row(p, a, t, o0, o1, 32, 32, 32);
}
static __attribute__((noinline)) void dense_row_any(const ft_gather *p, const ft_arena *a, gather_at t, int o0, int o1) {
  dense_row(p, a, t, o0, o1, a->lanes, (long)p->in_step * a->lanes, (long)p->out_step * a->lanes);
}
static void dense_rows(const ft_gather *p, const ft_arena *a, int block, int y0, int y1, int o0, int o1) {
  for (int y = y0; y < y1; y++) {
    gather_at t = gather_from(p, a, block, y);
    if (a->lanes == 32 && p->in_step * p->out_step == 1) dense_row_32(p, a, t, o0, o1);
    else dense_row_any(p, a, t, o0, o1);
  }
}

static __attribute__((noinline)) void dense_flat(const ft_gather *p, const ft_arena *a, int y0, int y1, int o0, int o1) {
  const int vectors = flat_vectors(p, a, y1 - y0);
  gather_at t = gather_from(p, a, 0, y0);
  int v = 0;
  for (; vectors - v >= FLAT_DENSE; v += FLAT_DENSE) dense_flat_wide(p, a, ahead(t, v * VW, v * VW), o0, o1, 0, 0, 0);
  for (; v < vectors; v++) dense_1x1(p, a, ahead(t, v * VW, v * VW), o0, o1, 0, 0, 0);
}

static void dense(const ft_gather *p, int task, const ft_arena *a) {
  gather_task part = gather_part(p, task);
  if (p->out_step > 1) {
    PHASES(dense_rows(&q, a, part.block, y, y1, part.o0, part.o1);)
  } else if (a->lanes >= FT_FULL) dense_rows(p, a, part.block, part.y0, part.y1, part.o0, part.o1);
  else {
    dense_flat(p, a, part.y0, part.y1, part.o0, part.o1);
    finish_flat(p, a, part.y0, part.y1, part.o0, part.o1);
  }
}
