// The optimiser, and what a rewiring looks for.
#pragma once
#include "vectors.h"

// The same with a factor of the gradients, or with Nesterov's step.
static void sgd_any(const ft_sgd *p, int task, const ft_arena *a) {
  const float *hyper = a->f + p->hyper, *gradient = a->f + p->gradients;
  float *value = a->f + p->values, *buffer = a->f + p->momentum;
  float rate = hyper[0], momentum = hyper[1], decay = hyper[2], factor = p->factor < 0 ? 1 : a->f[p->factor];
  int end = least(p->count, (task + 1) * 16384);
  for (int k = task * 16384; k < end; k++) {
    float g = factor * gradient[k] + decay * value[k];
    buffer[k] = momentum * buffer[k] + g;
    value[k] -= rate * (p->nesterov ? g + momentum * buffer[k] : buffer[k]);
  }
}

// buffer = momentum * buffer + gradient + decay * value; value -= rate * buffer
static void sgd(const ft_sgd *p, int task, const ft_arena *a) {
  if (p->nesterov || p->factor >= 0) {
    sgd_any(p, task, a);
    return;
  }
  const float *hyper = a->f + p->hyper, *gradient = a->f + p->gradients;
  float *value = a->f + p->values, *buffer = a->f + p->momentum;
  float rate = hyper[0], momentum = hyper[1], decay = hyper[2];
  int end = least(p->count, (task + 1) * 16384);
  for (int k = task * 16384; k < end; k++) {
    buffer[k] = momentum * buffer[k] + (gradient[k] + decay * value[k]);
    value[k] -= rate * buffer[k];
  }
}

// value = keep * value - rate * first / (root * sqrt(second) + eps), first and second being averages of gradients and their squares
static void adamw(const ft_adamw *p, int task, const ft_arena *a) {
  const float *hyper = a->f + p->hyper, *gradient = a->f + p->gradients;
  float *value = a->f + p->values, *first = a->f + p->momentum, *second = a->f + p->second_moments;
  float keep = hyper[0], rate = hyper[1], root = hyper[2], beta1 = hyper[3], rest1 = hyper[4], beta2 = hyper[5], rest2 = hyper[6];
  float eps = hyper[7], factor = p->factor < 0 ? 1 : a->f[p->factor];
  int end = least(p->count, (task + 1) * 16384);
  for (int k = task * 16384; k < end; k++) {
    float g = factor * gradient[k];
    first[k] = beta1 * first[k] + rest1 * g;
    second[k] = beta2 * second[k] + rest2 * (g * g);
    value[k] = keep * value[k] - rate * first[k] / (root * sqrtf(second[k]) + eps);
  }
}

// One task: the sum has one order.
static void clip(const ft_clip *p, const ft_arena *a) {
  const float *g = a->f + p->gradients;
  wide sums = {0};
  double sum = 0;
  int k = 0;
  for (; k + VW <= p->count; k += VW) {
    wide v = __builtin_convertvector(load(g + k), wide);
    sums += v * v;
  }
  for (; k < p->count; k++) sum += (double)g[k] * g[k];
  double factor = a->f[p->limit] / (sqrt(sum + wide_total(&sums)) + 1e-6);
  a->f[p->factor] = factor > 1 ? 1 : (float)factor;
}

// ---- what a rewiring looks for ----

// Floats of a task: fewer take less time than to wake a thread.
enum { MARK_TASK = 1 << 20 };

// Magnitudes compare as their bits do, and what is no number has higher bits than any.
static void mark(const ft_mark *p, int task, const ft_arena *a) {
  typedef int32_t __attribute__((may_alias)) bits;
  const bits *in = (const bits *)(a->f + p->in), least_bits = *(const bits *)(a->f + p->least);
  bits *out = (bits *)(a->f + p->out);
  int end = least(p->count, (task + 1) * MARK_TASK);
  for (int k = task * MARK_TASK; k < end; k += 32) {
    uint32_t marks = 0;
    if (end - k >= 32)
      for (int i = 0; i < 32; i++) marks |= (uint32_t)((in[k + i] & INT32_MAX) >= least_bits) << i;
    else
      for (int i = 0; i < end - k; i++) marks |= (uint32_t)((in[k + i] & INT32_MAX) >= least_bits) << i;
    out[k / 32] = (int32_t)marks;
  }
}
