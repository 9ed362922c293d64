// Sums over one channel: biases and batch norms.
#pragma once
#include "vectors.h"

// Float vectors along a row, double vectors from row to row.
static inline void add_row(wide *sum, vec row) { *sum += __builtin_convertvector(row, wide); }
static inline double wide_total(const wide *v) {
  double sum = 0;
  for (int i = 0; i < VW; i++) sum += (*v)[i];
  return sum;
}

static void bias_gradient(const ft_bias_gradient *p, int channel, const ft_arena *a) {
  wide sum = {0};
  for (int block = 0; block < a->blocks; block++)
    for (int y = 0; y < p->height; y++) {
      const float *g = at(a, p->gradient, block, channel, y);
      vec row = splat(0);
      for (int e = 0; e < p->width * a->lanes; e += VW) row += load(g + e);
      add_row(&sum, row);
    }
  a->f[p->out + channel] = (float)wide_total(&sum);
}

// Sums over the batch of x - pivot and its square, leaving out the lanes beyond the batch.
static void moments(const ft_norm *p, int channel, const ft_arena *a, float pivot, double *first, double *second) {
  wide sum = {0}, squares = {0};
  double rest = 0, rest_squares = 0;
  for (int block = 0; block < a->blocks; block++) {
    int valid = valid_lanes(a, block), whole = valid / VW * VW;
    for (int y = 0; y < p->height; y++) {
      const float *x = at(a, p->in, block, channel, y);
      vec row = splat(0), row_squares = splat(0);
      for (int column = 0; column < p->width; column++, x += a->lanes) {
        for (int n = 0; n < whole; n += VW) {
          vec d = load(x + n) - pivot;
          row += d;
          row_squares += d * d;
        }
        for (int n = whole; n < valid; n++) {
          rest += x[n] - pivot;
          rest_squares += (double)(x[n] - pivot) * (x[n] - pivot);
        }
      }
      add_row(&sum, row);
      add_row(&squares, row_squares);
    }
  }
  *first = wide_total(&sum) + rest;
  *second = wide_total(&squares) + rest_squares;
}

// The mean of a few values: a pivot close to the mean of all, which keeps the difference of squares exact.
static float pivot_of(const ft_norm *p, int channel, const ft_arena *a) {
  const float *x = at(a, p->in, 0, channel, p->height / 2) + p->width / 2 * a->lanes;
  int valid = valid_lanes(a, 0);
  float sum = 0;
  for (int n = 0; n < valid; n++) sum += x[n];
  return sum / (float)valid;
}

// out = in * scale + shift, and where `rectify` not below 0, of one channel in one block.
static void scale_and_shift(const ft_arena *a, int block, int channel, ft_view in, ft_view out, int height, int width, float mean,
                            float scale, float shift, int rectify) {
  for (int y = 0; y < height; y++) {
    const float *x = at(a, in, block, channel, y);
    float *to = at(a, out, block, channel, y);
    for (int e = 0, n = width * a->lanes; e < n; e += VW) {
      vec v = (load(x + e) - mean) * scale + shift;
      put(to + e, rectify ? where_positive(v, v) : v, n - e, 0);
    }
  }
}

// The last part of norm_train: from the last block to the first, which is still in the cache.
static void norm_again(const ft_norm *p, int c, const ft_arena *a) {
  float scale = a->f[p->scale + c] * a->f[p->inverse + c];
  for (int block = a->blocks - 1; block >= 0; block--)
    scale_and_shift(a, block, c, p->in, p->out, p->height, p->width, a->f[p->mean + c], scale, a->f[p->shift + c], p->rectify);
}

// Batch norm with the batch's own statistics. A task is one channel.
static void norm_train(const ft_norm *p, int c, const ft_arena *a) {
  double count = (double)a->batch * p->height * p->width, sum, squares;
  float pivot = pivot_of(p, c, a);
  moments(p, c, a, pivot, &sum, &squares);
  squares -= sum * sum / count;
  if (squares < 0) squares = 0;
  float mean = (float)(pivot + sum / count), inverse = (float)(1 / sqrt(squares / count + a->f[p->eps]));
  a->f[p->mean + c] = mean;
  a->f[p->variance + c] = (float)(squares / (count > 1 ? count - 1 : 1));
  a->f[p->inverse + c] = inverse;
  norm_again(p, c, a);
}

// Batch norm with running statistics as one scale and one shift a channel.
static void fold(const ft_fold *p, const ft_arena *a) {
  for (int c = 0; c < p->channels; c++) {
    double scale = a->f[p->scale + c] / sqrt((double)a->f[p->variance + c] + a->f[p->eps]);
    a->f[p->out_scale + c] = (float)scale;
    a->f[p->out_shift + c] = (float)(a->f[p->shift + c] - a->f[p->mean + c] * scale);
  }
}

// A task is one (block, channel).
static void affine(const ft_affine *p, int task, const ft_arena *a) {
  int c = task % p->channels;
  scale_and_shift(a, task / p->channels, c, p->in, p->out, p->height, p->width, 0, a->f[p->scale + c], a->f[p->shift + c], p->rectify);
}

// The gradient that reaches the batch norm: with a ReLU in the same place, only where its output was above 0.
static inline vec norm_gradient(const ft_norm_backward *p, vec g, vec centred, float scale, float shift) {
  return p->rectify ? where_positive(centred * scale + shift, g) : g;
}

// With z = (x - mean) / deviation: d shift = sum g, d scale = sum g z, dx = scale / deviation * (g - mean(g) - z mean(g z)).
static void norm_backward(const ft_norm_backward *p, int c, const ft_arena *a) {
  float mean = a->f[p->mean + c], inverse = a->f[p->inverse + c], scale = a->f[p->scale + c] * inverse, shift = a->f[p->shift + c];
  wide sums = {0}, products = {0};
  for (int block = 0; block < a->blocks; block++)
    for (int y = 0; y < p->height; y++) {
      const float *g = at(a, p->gradient, block, c, y), *x = at(a, p->in, block, c, y);
      vec row = splat(0), row_products = splat(0);
      for (int e = 0; e < p->width * a->lanes; e += VW) {
        vec centred = load(x + e) - mean, passed = norm_gradient(p, load(g + e), centred, scale, shift);
        row += passed;
        row_products += passed * centred;
      }
      add_row(&sums, row);
      add_row(&products, row_products);
    }
  double sum = wide_total(&sums), product = wide_total(&products) * inverse, count = (double)a->batch * p->height * p->width;
  a->f[p->shift_gradient + c] = (float)sum;
  a->f[p->scale_gradient + c] = (float)product;
  float mean_g = (float)(sum / count), slope = (float)(product / count * inverse);
  // From the last row to the first: it is still in the cache.
  for (int block = a->blocks - 1; block >= 0; block--) {
    int valid = valid_lanes(a, block);
    for (int y = p->height - 1; y >= 0; y--) {
      const float *g = at(a, p->gradient, block, c, y), *x = at(a, p->in, block, c, y);
      const float *start = p->start.base < 0 ? NULL : at(a, p->start, block, c, y);
      float *out = at(a, p->out, block, c, y);
      for (int e = 0; e < p->width * a->lanes; e += VW) {
        vec centred = load(x + e) - mean, passed = norm_gradient(p, load(g + e), centred, scale, shift);
        vec d = (passed - mean_g - centred * slope) * scale;
        store(out + e, start ? load(start + e) + d : d);
      }
      if (valid < a->lanes)
        for (int column = 0; column < p->width; column++) memset(out + column * a->lanes + valid, 0, (a->lanes - valid) * sizeof(float));
    }
  }
}

static void running(const ft_running *p, const ft_arena *a) {
  float momentum = a->f[p->momentum];
  for (int c = 0; c < p->channels; c++) {
    float *mean = a->f + p->running_mean + c, *variance = a->f + p->running_variance + c;
    *mean = (1 - momentum) * *mean + momentum * a->f[p->mean + c];
    *variance = (1 - momentum) * *variance + momentum * a->f[p->variance + c];
  }
}
