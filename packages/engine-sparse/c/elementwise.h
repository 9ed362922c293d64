// Elementwise operations, pooling and changes of shape; a task is one (block, channel).
#pragma once
#include "norms.h"

#define ROWS(BODY)                                                                         \
  int c = task % p->channels, block = task / p->channels;                                  \
  for (int y = 0; y < p->height; y++) {                                                    \
    const float *u = at(a, p->a, block, c, y), *v = at(a, p->b, block, c, y);              \
    float *out = at(a, p->out, block, c, y);                                               \
    (void)v;                                                                               \
    for (int e = 0, n = p->width * a->lanes; e < n; e += VW) put(out + e, BODY, n - e, p->accumulate);                                \
  }

static void relu(const ft_elementwise *p, int task, const ft_arena *a) { ROWS(where_positive(load(u + e), load(u + e))) }
static void relu_backward(const ft_elementwise *p, int task, const ft_arena *a) { ROWS(where_positive(load(u + e), load(v + e))) }
static void add(const ft_elementwise *p, int task, const ft_arena *a) { ROWS(load(u + e) + load(v + e)) }
static void copy(const ft_elementwise *p, int task, const ft_arena *a) { ROWS(load(u + e)) }

// The finalizer of MurmurHash3. A chain of it keys a mask by (seed, node, sample); what it makes of key and position drops the position.
static inline uint32_t scrambled(uint32_t x) {
  x = (x ^ x >> 16) * 0x85ebca6bu;
  x = (x ^ x >> 13) * 0xc2b2ae35u;
  return x ^ x >> 16;
}
static inline uint32_t chained(uint32_t key, int32_t next) { return scrambled(key + (uint32_t)next + 0x9e3779b9u); }
typedef uint32_t bits __attribute__((vector_size(VW * 4)));
static inline vec dropout_factor(const uint32_t *key, uint32_t position, uint32_t threshold, float scale) {
  bits x;
  memcpy(&x, key, sizeof x);
  x ^= position;
  x = (x ^ x >> 16) * 0x85ebca6bu;
  x = (x ^ x >> 13) * 0xc2b2ae35u;
  x ^= x >> 16;
  return (vec)((mask)splat(scale) & (mask)(x >= threshold));
}

// out = in * (0 or scale), or in where nothing is to drop.
static void dropout(const ft_dropout *p, int task, const ft_arena *a) {
  int c = task % p->channels, block = task / p->channels;
  const int32_t *draw = a->i + p->draw;
  uint32_t keys[128], node = chained(chained(chained(0, draw[1]), draw[2]), p->node);
  for (int n = 0; n < 128; n++) keys[n] = n < a->lanes ? chained(node, draw[3] + block * a->lanes + n) : 0;
  for (int y = 0; y < p->height; y++) {
    const float *in = at(a, p->in, block, c, y);
    float *out = at(a, p->out, block, c, y);
    for (int e = 0, n = p->width * a->lanes; !draw[0] && e < n; e += VW) put(out + e, load(in + e), n - e, p->accumulate);
    for (int x = 0; draw[0] && x < p->width; x++, in += a->lanes, out += a->lanes) {
      uint32_t position = chained(0, (c * p->height + y) * p->width + x);
      for (int n = 0; n < a->lanes; n += VW) {
        vec factor = dropout_factor(keys + n, position, (uint32_t)p->threshold, a->f[p->scale]);
        put(out + n, load(in + n) * factor, a->lanes - n, p->accumulate);
      }
    }
  }
}

// out = in * scale[member of the sample]
static void member_scale(const ft_member_scale *p, int task, const ft_arena *a) {
  int c = task % p->channels, block = task / p->channels;
  float factors[128] = {0};
  for (int n = 0; n < a->lanes; n++)
    factors[n] = a->f[p->scale + (size_t)((a->i[p->first] + block * a->lanes + n) % p->members) * p->channels + c];
  for (int y = 0; y < p->height; y++) {
    const float *in = at(a, p->in, block, c, y);
    float *out = at(a, p->out, block, c, y);
    for (int x = 0; x < p->width; x++, in += a->lanes, out += a->lanes)
      for (int n = 0; n < a->lanes; n += VW) put(out + n, load(in + n) * load(factors + n), a->lanes - n, p->accumulate);
  }
}

// out[member] = sum of in * gradient over its samples. A task is one channel.
static void member_gradient(const ft_member_gradient *p, int c, const ft_arena *a) {
  for (int m = 0; m < p->members; m++) a->f[p->out + (size_t)m * p->channels + c] = 0;
  for (int block = 0; block < a->blocks; block++) {
    double sums[128] = {0};
    for (int y = 0; y < p->height; y++) {
      const float *in = at(a, p->in, block, c, y), *g = at(a, p->gradient, block, c, y);
      for (int x = 0; x < p->width; x++, in += a->lanes, g += a->lanes)
        for (int n = 0; n < a->lanes; n++) sums[n] += (double)in[n] * g[n];
    }
    for (int n = 0; n < valid_lanes(a, block); n++)
      a->f[p->out + (size_t)((block * a->lanes + n) % p->members) * p->channels + c] += (float)sums[n];
  }
}

static void border(const ft_border *p, int task, const ft_arena *a) {
  int c = task % p->channels, block = task / p->channels, row = p->out.row, left = p->low * a->lanes, right = p->width * a->lanes;
  for (int y = -p->low; y < p->height + p->high; y++) {
    float *out = at(a, p->out, block, c, y);
    if (y < 0 || y >= p->height) memset(out - left, 0, row * sizeof(float));
    else {
      memset(out - left, 0, left * sizeof(float));
      memset(out + right, 0, (row - left - right) * sizeof(float));
    }
  }
}

static void clear(const ft_pool *p, int block, int c, const ft_arena *a) {
  if (p->accumulate) return;
  for (int y = 0; y < p->in_height; y++) memset(at(a, p->out, block, c, y), 0, sizeof(float) * p->in_width * a->lanes);
}

// Calls BODY for every pixel (row v, column u) of the window of (y, x) that lies in the picture, in row order.
#define WINDOW(BODY)                                                                                                                  \
  for (int v = y * p->stride - p->pad; v < y * p->stride - p->pad + p->kernel_height; v++)                                            \
    for (int u = x * p->stride - p->pad; u < x * p->stride - p->pad + p->kernel_width; u++)                                           \
      if (v >= 0 && v < p->in_height && u >= 0 && u < p->in_width) BODY

// The larger of two, lane by lane; one that is not a number wins, so it is not hidden.
static inline vec larger(vec u, vec v) {
  mask take = (v > u) | (v != v);
  return (vec)(((mask)v & take) | ((mask)u & ~take));
}
static inline vec window_maximum(const ft_pool *p, const ft_arena *a, int block, int c, int y, int x, int n) {
  vec maximum = splat(-INFINITY);
  WINDOW(maximum = larger(maximum, load(at(a, p->in, block, c, v) + u * a->lanes + n));)
  return maximum;
}

// in -> out (`gradient` unused)
static void max_pool(const ft_pool *p, int task, const ft_arena *a) {
  int c = task % p->channels, block = task / p->channels;
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++)
      for (int n = 0; n < a->lanes; n += VW)
        put(at(a, p->out, block, c, y) + x * a->lanes + n, window_maximum(p, a, block, c, y, x, n), a->lanes - n, 0);
}

// The first pixel of a window that holds its maximum receives the gradient, as in PyTorch.
static void max_pool_backward(const ft_pool *p, int task, const ft_arena *a) {
  int c = task % p->channels, block = task / p->channels;
  clear(p, block, c, a);
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++)
      for (int n = 0; n < a->lanes; n += VW) {
        vec maximum = window_maximum(p, a, block, c, y, x, n);
        mask left = (mask)load(at(a, p->gradient, block, c, y) + x * a->lanes + n);  // bits of the gradients that have no receiver yet
        WINDOW({
          mask below = load(at(a, p->in, block, c, v) + u * a->lanes + n) < maximum;
          put(at(a, p->out, block, c, v) + u * a->lanes + n, (vec)(left & ~below), VW, 1);
          left &= below;
        })
      }
}

static void average_pool(const ft_pool *p, int task, const ft_arena *a) {
  int c = task % p->channels, block = task / p->channels, lanes = a->lanes;
  float share = 1.0f / (float)(p->kernel_height * p->kernel_width);
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      float *out = at(a, p->out, block, c, y) + x * lanes;
      for (int n = 0; n < lanes; n += VW) {
        vec sum = splat(0);
        WINDOW(sum += load(at(a, p->in, block, c, v) + u * lanes + n);)
        put(out + n, sum * share, lanes - n, 0);
      }
    }
}

static void average_pool_backward(const ft_pool *p, int task, const ft_arena *a) {
  int c = task % p->channels, block = task / p->channels, lanes = a->lanes;
  float share = 1.0f / (float)(p->kernel_height * p->kernel_width);
  clear(p, block, c, a);
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      const float *g = at(a, p->gradient, block, c, y) + x * lanes;
      WINDOW({
        float *out = at(a, p->out, block, c, v) + u * lanes;
        for (int n = 0; n < lanes; n += VW) store(out + n, load(out + n) + load(g + n) * share);
      })
    }
}

// Feature by feature between two shapes of equally many. A task is one block.
static void reshape(const ft_reshape *p, int block, const ft_arena *a) {
  int in_size = p->in_height * p->in_width, out_size = p->out_height * p->out_width;
  for (int f = 0; f < p->features; f++) {
    const float *in = at(a, p->in, block, f / in_size, f % in_size / p->in_width) + (size_t)(f % p->in_width) * a->lanes;
    float *out = at(a, p->out, block, f / out_size, f % out_size / p->out_width) + (size_t)(f % p->out_width) * a->lanes;
    for (int n = 0; n < a->lanes; n += VW) put(out + n, load(in + n), a->lanes - n, p->accumulate);
  }
}

// Columns first .. last - 1 of a phase: every s-th of a picture.
static inline void split_columns(const ft_arena *a, float *out, const float *in, int first, int last, int s) {
  switch (a->lanes) {
    case 1:
      if (s == 2) for (; last - first >= 8; first += 8) EIGHT(out + first) = EVEN(EIGHT(in + first * 2), EIGHT(in + first * 2 + 8));
      for (int k = first; k < last; k++) out[k] = in[k * s];
      break;
    case 2: for (int k = first; k < last; k++) memcpy(out + k * 2, in + k * s * 2, 8); break;
    case 4: for (int k = first; k < last; k++) memcpy(out + k * 4, in + k * s * 4, 16); break;
    case 8: for (int k = first; k < last; k++) memcpy(out + k * 8, in + k * s * 8, 32); break;
    default: for (int k = first; k < last; k++) memcpy(out + k * a->lanes, in + k * s * a->lanes, a->lanes * sizeof(float));
  }
}

// The phases of one channel, `ahead` columns on, into tensor or copy `offset` floats behind it.
static void split_channel(const ft_split *p, const ft_arena *a, int block, int c, int ahead, long offset) {
  for (int v0 = 0, s = p->stride; v0 < s; v0++)
    for (int u0 = 0; u0 < s; u0++) {
      // Columns from first to last lie in the picture.
      int u = u0 - p->low + ahead * s, first = u < 0 ? ceil_div(-u, s) : 0, last = least(p->phase_width, ceil_div(p->width - u, s));
      float *out = at(a, p->phases, block, (c * s + v0) * s + u0, 0) + offset;
      const float *in = at(a, p->whole, block, c, v0 - p->low) + u * a->lanes;
      for (int r = 0, v = v0 - p->low; r < p->phase_height; r++, v += s, out += p->phases.row, in += s * p->whole.row) {
        int inside = v >= 0 && v < p->height;
        if (inside) split_columns(a, out, in, first, last, s);
        for (int e = 0, n = (inside ? first : p->phase_width) * a->lanes; e < n; e++) out[e] = 0;
        for (int e = last * a->lanes; e < p->phase_width * a->lanes; e++) out[e] = 0;
      }
    }
}

static void split(const ft_split *p, int task, const ft_arena *a) {
  int c = task % p->channels, block = task / p->channels;
  split_channel(p, a, block, c, 0, 0);
  for (int ahead = p->shifts.first; ahead < p->shifts.first + p->shifts.count; ahead++)
    for (int residue = ahead == 0; residue < p->shifts.residues; residue++)
      split_channel(p, a, block, c, ahead, copy_at(p->shifts, ahead, residue));
}
