// The same for fewer images than a vector holds: vectors run along the plane; in WebAssembly always, along a row. And a layer of one pixel for one
// image, where vectors are of planes. Then the tasks of all of them.
#pragma once
#include "gather.h"

// Rows of input and output are equally long, and every column that a tap may want has a copy of the input that begins with it: so a tap is a
// constant offset along the whole plane, and where rows are whole vectors (or half ones) an aligned one. What is computed between the
// last column and the end of a row, and behind the last row, is overwritten with zeros afterwards.
static inline __attribute__((always_inline)) void flat_start(const ft_gather *p, const ft_arena *a, gather_at t, int o, vec *sum, int count) {
  const float *from = t.start + (size_t)o * p->start.plane;
  const vec bias = splat(p->bias < 0 ? 0 : a->f[p->bias + o]);
  if (p->start.base < 0) UNROLL for (int j = 0; j < count; j++) sum[j] = bias;
  else UNROLL for (int j = 0; j < count; j++) sum[j] = load(from + j * VW) + bias;
}
// Of few vectors there are several sums, each of every so many weights: a weight need not wait for the sum of the one before.
#define FLAT(NV)                                                                                                                      \
  static __attribute__((noinline)) void flat_##NV(const ft_gather *p, const ft_arena *a, gather_at t, int o0, int o1) {               \
    const int32_t *taps = a->i + p->taps;                                                                                             \
    const float *weights = a->f + p->weights;                                                                                         \
    for (int c = 0; c < p->channel_blocks; c++) {                                                                                     \
      const int32_t *row = a->i + p->rows + (size_t)c * (p->planes + 1);                                                              \
      const int last = c + 1 == p->channel_blocks;                                                                                    \
      for (int o = o0, k = row[o0]; o < o1; o++) {                                                                                    \
        float *partial = t.sums + (size_t)o * FT_FLAT_FLOATS;                                                                 \
        enum { CHAINS = NV == 1 ? 4 : NV <= 3 ? 2 : 1 };                                                                              \
        vec sum[NV], more[CHAINS][NV];                                                                                                \
        if (c > 0) UNROLL for (int j = 0; j < NV; j++) sum[j] = load(partial + j * VW);                                               \
        else flat_start(p, a, t, o, sum, NV);                                                                                         \
        UNROLL for (int u = 1; u < CHAINS; u++) UNROLL for (int j = 0; j < NV; j++) more[u][j] = splat(0);                            \
        const int end = row[o + 1];                                                                                                   \
        for (; CHAINS > 1 && k + CHAINS <= end; k += CHAINS)                                                                          \
          UNROLL for (int u = 0; u < CHAINS; u++) UNROLL for (int j = 0; j < NV; j++)                                                 \
            *(u ? &more[u][j] : &sum[j]) += splat(weights[k + u]) * load(t.in + taps[k + u] + j * VW);                                \
        UNROLL for (int u = 1; u < CHAINS; u++) UNROLL for (int j = 0; j < NV; j++) sum[j] += more[u][j];                             \
        for (; k < end; k++) {                                                                                                        \
          const float *in = t.in + taps[k];                                                                                           \
          const vec w = splat(weights[k]);                                                                                            \
          UNROLL for (int j = 0; j < NV; j++) sum[j] += w * load(in + j * VW);                                                        \
        }                                                                                                                             \
        if (!last) {                                                                                                                  \
          UNROLL for (int j = 0; j < NV; j++) store(partial + j * VW, sum[j]);                                                        \
          continue;                                                                                                                   \
        }                                                                                                                             \
        float *out = t.out + (size_t)o * p->out.plane, *normed = t.normed + (size_t)o * p->normed.plane;                                                                       \
        const finish f = finish_of(p, a, o, 1);                                                                                       \
        if (!f.any || f.raw) UNROLL for (int j = 0; j < NV; j++) store(out + j * VW, sum[j]);                                         \
        if (f.any) UNROLL for (int j = 0; j < NV; j++) store(normed + j * VW, finished(f, sum[j]));                                   \
      }                                                                                                                               \
    }                                                                                                                                 \
  }
// Compilers of WebAssembly know 15 registers, and that of Node 20 loads all inputs of a tile before the first product: without a fused
// multiply-add, which newer ones bring with them, twice as many registers as sums are needed.
#if defined(__wasm__) && !defined(__wasm_relaxed_simd__)
#define FEW_REGISTERS 1
#else
#define FEW_REGISTERS 0
#endif
FLAT(1) FLAT(2) FLAT(3) FLAT(4) FLAT(5) FLAT(6) FLAT(7)
#if !FEW_REGISTERS
FLAT(8) FLAT(9) FLAT(10) FLAT(11) FLAT(12)
#endif
#if VW == 16
FLAT(13) FLAT(14) FLAT(15) FLAT(16) FLAT(17) FLAT(18) FLAT(19) FLAT(20)
#endif
static void (*const FLAT_TILES[])(const ft_gather *, const ft_arena *, gather_at, int, int) = {
    flat_1, flat_2, flat_3, flat_4, flat_5, flat_6, flat_7,
#if !FEW_REGISTERS
    flat_8, flat_9, flat_10, flat_11, flat_12,
#endif
#if VW == 16
    flat_13, flat_14, flat_15, flat_16, flat_17, flat_18, flat_19, flat_20,
#endif
};
enum { MOST_FLAT = sizeof FLAT_TILES / sizeof *FLAT_TILES };

// What vectors have written between two rows, and behind the last up to float `written` of the plane.
static void clear_gaps(const ft_arena *a, ft_view v, int o0, int o1, int y0, int y1, int width, int written) {
  for (int o = o0; o < o1; o++)
    for (int y = y0; y < y1; y++) {
      float *row = at(a, v, 0, o, y);
      for (int e = width * a->lanes, end = y + 1 < y1 ? v.row : written - y * v.row; e < end; e++) row[e] = 0;
    }
}

static long copy_at(ft_shifts s, int shift, int residue) { return (long)(shift * s.residues + residue) * s.size + residue * (FT_FULL / 2); }

// Rows moved by some floats. What has no column becomes zero: lanes of the first or the last vector of every `period` floats where rows are
// whole vectors or vectors whole rows, else (period 0) float by float.
typedef struct { int floats, row, period, edge; mask keep; } shift_rows;
static shift_rows shift_by(int floats, int row) {
  int zeros = floats < 0 ? -floats : floats, n = least(row, VW);
  shift_rows s = {floats, row, row < VW ? VW : row, 0, ~(mask){0}};
  if (s.period % row || s.period % VW || zeros > n) s.period = 0;
  s.edge = floats < 0 ? 0 : s.period - VW;
  for (int e = 0; e < VW; e++)
    if (floats < 0 ? e % n < zeros : e % n >= n - zeros) s.keep[e] = 0;
  return s;
}
static void shift_floats(const shift_rows *s, float *to, const float *from, int e, int end) {
  for (; e < end; e++) {
    int column = e % s->row + s->floats;
    to[e] = column >= 0 && column < s->row ? from[e + s->floats] : 0;
  }
}
// Whole rows. `guarded`: others may be writing the rows before and behind, which are then not even looked at.
static void shift_plane(const shift_rows *s, float *to, const float *from, int rows, int guarded) {
  int end = rows * s->row, first = guarded && s->floats < 0 ? VW : 0, last = end - (guarded && s->floats > 0 ? VW : 0);
  if (s->period == 0) first = last = 0;
  shift_floats(s, to, from, 0, first);
  int e = first, phase = s->period == VW ? 0 : first;
  for (; e + VW <= last; e += VW, phase = phase + VW == s->period ? 0 : phase + VW) {
    vec v = load(from + s->floats + e);
    store(to + e, phase == s->edge ? (vec)((mask)v & s->keep) : v);
  }
  shift_floats(s, to, from, e, end);
}

// Rows y0 .. y1 - 1 of planes o0 .. o1 - 1 into all copies.
static void shift_planes(const ft_arena *a, ft_view v, ft_shifts s, int o0, int o1, int y0, int y1, int height) {
  for (int shift = s.first; shift < s.first + s.count; shift++) {
    const shift_rows rows = shift_by(shift * a->lanes, v.row);
    for (int residue = shift == 0; residue < s.residues; residue++)
      for (int o = o0; o < o1; o++) {
        float *plane = at(a, v, 0, o, y0);
        shift_plane(&rows, plane + copy_at(s, shift, residue), plane, y1 - y0, y1 - y0 < height);
      }
  }
}

static void shift(const ft_shift *p, int channel, const ft_arena *a) {
  shift_planes(a, p->out, p->shifts, channel, channel + 1, 0, p->height, p->height);
}

static int flat_vectors(const ft_gather *p, const ft_arena *a, int rows) {
  return ceil_div((rows - 1) * p->out.row + p->width * a->lanes, VW);
}
// Tiles of about equal length.
static void gather_run(const ft_gather *p, const ft_arena *a, gather_at t, int vectors, int o0, int o1) {
  int step = ceil_div(vectors, ceil_div(vectors, MOST_FLAT));
  for (int v = 0; v < vectors; v += step) FLAT_TILES[least(step, vectors - v) - 1](p, a, ahead(t, v * VW, v * VW), o0, o1);
}

#ifdef __wasm__
static void gather_rows(const ft_gather *p, const ft_arena *a, int block, int y0, int y1, int o0, int o1) {
  int steps = p->in_step * p->out_step, run = steps == 1 ? p->width : 1;  // columns that lie side by side
  long in = (long)p->in_step * a->lanes, out = (long)p->out_step * a->lanes;
  for (int y = y0; y < y1; y++)
    for (int x = 0; x < p->width; x += run)
      gather_run(p, a, ahead(gather_from(p, a, block, y), x * in, x * out), run * a->lanes / VW, o0, o1);
}
#endif


static void shift_result(const ft_gather *p, const ft_arena *a, int y0, int y1, int o0, int o1) {
  if (p->shifts.count > 0) shift_planes(a, p->scale >= 0 || p->rectify ? p->normed : p->out, p->shifts, o0, o1, y0, y1, p->height);
}

// What follows the sums of a plane of few images.
static void finish_flat(const ft_gather *p, const ft_arena *a, int y0, int y1, int o0, int o1) {
  int written = y0 * p->out.row + flat_vectors(p, a, y1 - y0) * VW;
  clear_gaps(a, p->out, o0, o1, y0, y1, p->width, written);
  if (p->normed.base != p->out.base) clear_gaps(a, p->normed, o0, o1, y0, y1, p->width, written);
  shift_result(p, a, y0, y1, o0, o1);
}

// ---- one image, one pixel: vectors are of planes ----

// Weights of one row, in four sums.
static float row_part(const float *in, const int32_t *taps, const float *weights, int count) {
  float sum[4] = {0};
  int k = 0;
  for (; k + 4 <= count; k += 4) UNROLL for (int u = 0; u < 4; u++) sum[u] += weights[k + u] * in[taps[k + u]];
  for (; k < count; k++) sum[0] += weights[k] * in[taps[k]];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// Of FT_FULL rows the weights lie side by side as far as all rows reach, the rest of each row behind them; of fewer rows one after the other.
// Rows of equal length, as constant fan-in and N:M have them, leave no rest.
static __attribute__((noinline)) void gather_beside(const ft_gather *p, const ft_arena *a, int o0, int o1) {
  const int32_t *row = a->i + p->rows, *taps = a->i + p->taps;
  const float *weights = a->f + p->weights, *in = at(a, p->in, 0, 0, 0);
  for (int o = o0; o < o1; o += FT_FULL) {
    int count = least(FT_FULL, o1 - o), k = row[o], common = count < FT_FULL ? 0 : row[o + 1] - k;
    for (int e = 1; e < count; e++) common = least(common, row[o + e + 1] - row[o + e]);
    union { vec v[FT_FULL / VW]; float lane[FT_FULL]; } sum = {0};
    for (const int end = k + common * FT_FULL; k < end; k += FT_FULL)
      UNROLL for (int j = 0; j < FT_FULL; j += VW) {
        vec x = splat(0);
        UNROLL for (int e = 0; e < VW; e++) x[e] = in[taps[k + j + e]];
        sum.v[j / VW] += load(weights + k + j) * x;
      }
    for (int e = 0; e < count; e++) {
      const int rest = row[o + e + 1] - row[o + e] - common;
      const finish f = finish_of(p, a, o + e, 1);
      float value = sum.lane[e] + row_part(in, taps + k, weights + k, rest) + (p->bias < 0 ? 0 : a->f[p->bias + o + e]);
      if (p->start.base >= 0) value += *at(a, p->start, 0, o + e, 0);
      k += rest;
      if (!f.any || f.raw) *at(a, p->out, 0, o + e, 0) = value;
      if (f.any) *at(a, p->normed, 0, o + e, 0) = finished(f, splat(value))[0];
    }
  }
}

// A task is one (block, chunk of rows, chunk of planes); of a dense layer, chunks of planes begin at multiples of FT_TILE_PLANES.
typedef struct { int block, y0, y1, o0, o1; } gather_task;
static gather_task gather_part(const ft_gather *p, int task) {
  int height = ceil_div(p->height, p->out_step), chunks_o = ceil_div(p->planes, p->chunk_planes), chunks_y = ceil_div(height, p->chunk_rows);
  int o0 = task % chunks_o * p->chunk_planes, y0 = task / chunks_o % chunks_y * p->chunk_rows;
  return (gather_task){task / chunks_o / chunks_y, y0, least(height, y0 + p->chunk_rows), o0, least(p->planes, o0 + p->chunk_planes)};
}

static ft_view phase_view(ft_view v, const ft_arena *a, int step, int first_row, int first_column) {
  if (v.base < 0) return v;
  return (ft_view){v.base + first_row * v.row + first_column * a->lanes, v.block, v.plane, step * v.row};
}
// The operation for one phase alone.
static ft_gather phase_of(const ft_gather *p, const ft_arena *a, int v, int u) {
  ft_gather q = *p;
  int s = p->out_step, phase = v * s + u;
  q.out = phase_view(p->out, a, s, v, u);
  q.start = phase_view(p->start, a, s, v, u);
  q.normed = q.out;
  q.height = (p->height - v + s - 1) / s;
  q.width = (p->width - u + s - 1) / s;
  if (p->op == FT_DENSE) {
    const int32_t *first = a->i + p->rows + phase;
    q.rows = first[1] - first[0];
    q.taps += first[0];
    q.weights += first[0] * p->planes;
  } else q.rows += phase * p->channel_blocks * (p->planes + 1);
  return q;
}
// Calls BODY with an operation q and rows y .. y1 - 1 of it: two rows of every phase in turn, so that what they read is in the cache.
#define PHASES(BODY)                                                                                                                  \
  for (int s = p->out_step, y = part.y0; y < part.y1; y += 2)                                                                         \
    for (int phase = 0; phase < s * s; phase++) {                                                                                     \
      const ft_gather q = phase_of(p, a, phase / s, phase % s);                                                                       \
      const int y1 = least(least(part.y1, y + 2), q.height);                                                                          \
      BODY                                                                                                                            \
    }

static void gather(const ft_gather *p, int task, const ft_arena *a) {
  gather_task part = gather_part(p, task);
  if (p->out_step > 1) {
    PHASES(gather_rows(&q, a, part.block, y, y1, part.o0, part.o1);)
    return;
  }
  if (a->lanes >= FT_FULL) {
    gather_rows(p, a, part.block, part.y0, part.y1, part.o0, part.o1);
    return;
  }
  if (a->lanes * p->height * p->width == 1) {
    gather_beside(p, a, part.o0, part.o1);
    shift_result(p, a, 0, 1, part.o0, part.o1);
    return;
  }
  gather_run(p, a, gather_from(p, a, 0, part.y0), flat_vectors(p, a, part.y1 - part.y0), part.o0, part.o1);
  finish_flat(p, a, part.y0, part.y1, part.o0, part.o1);
}
