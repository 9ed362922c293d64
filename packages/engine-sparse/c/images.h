// Images in, logits out, and the loss between.
#pragma once
#include "vectors.h"

// source (batch, channels, height, width); lanes beyond the batch become 0. A task is one (block, channel, row).
static void load_images(const ft_load *p, int task, const ft_arena *a) {
  int row = task % p->height, channel = task / p->height % p->channels, block = task / p->height / p->channels;
  int valid = valid_lanes(a, block);
  size_t image = (size_t)p->channels * p->height * p->width;
  const float *source = a->f + p->source + (size_t)block * a->lanes * image + ((size_t)channel * p->height + row) * p->width;
  float *out = at(a, p->out, block, channel, row);
  for (int x = 0; x < p->width; x++, out += a->lanes) {
    for (int n = 0; n < valid; n++) out[n] = source[n * image + x];
    for (int n = valid; n < a->lanes; n++) out[n] = 0;
  }
}

// out (batch, channels, height, width). A task is one (block, channel, row).
static void unload(const ft_unload *p, int task, const ft_arena *a) {
  int row = task % p->height, channel = task / p->height % p->channels, block = task / p->height / p->channels;
  size_t image = (size_t)p->channels * p->height * p->width;
  float *out = a->f + p->out + (size_t)block * a->lanes * image + ((size_t)channel * p->height + row) * p->width;
  const float *in = at(a, p->in, block, channel, row);
  for (int x = 0; x < p->width; x++)
    for (int n = 0; n < valid_lanes(a, block); n++) out[n * image + x] = in[x * a->lanes + n];
}

// out (batch, classes). A task is one block.
static void store_logits(const ft_store *p, int block, const ft_arena *a) {
  for (int n = 0; n < valid_lanes(a, block); n++)
    for (int k = 0; k < p->classes; k++)
      a->f[p->out + (size_t)(block * a->lanes + n) * p->classes + k] = at(a, p->logits, block, k, 0)[n];
}

// One head of one image: its loss, and the gradient (softmax - target) / batch. Adds 1 to `right` if the (first) label is on top.
static double head_loss(const ft_loss *p, const ft_arena *a, const float *logits, float *gradient, int image, int head, int *right) {
  int at_label = image * p->heads + head, label = a->i[p->labels + at_label], mixed = a->i[p->mixed + at_label], top = 0;
  size_t plane = p->logits.plane;
  for (int k = 1; k < p->classes; k++)
    if (logits[k * plane] > logits[top * plane]) top = k;
  double share = a->f[p->shares + image], smoothing = a->f[p->smoothing], even = smoothing / p->classes;
  double first = (1 - smoothing) * (1 - share), second = (1 - smoothing) * share, weight = p->sum ? 1 : 1.0 / p->heads;
  double largest = logits[top * plane], sum = 0, all = 0;
  for (int k = 0; k < p->classes; k++) sum += exp(logits[k * plane] - largest);
  for (int k = 0; k < p->classes; k++) {
    double target = (k == label) * first + (k == mixed) * second + even;
    gradient[(size_t)k * p->gradient.plane] = (float)((exp(logits[k * plane] - largest) / sum - target) / a->batch * weight);
    all += logits[k * plane];
  }
  *right += top == label;
  double loss = log(sum) + largest - first * logits[label * plane];
  if (share > 0) loss -= second * logits[mixed * plane];
  if (smoothing > 0) loss -= even * all;
  return loss * weight;
}

// Cross-entropy of all heads of each image, the share of heads that are right, and the gradient. A task is one block.
static void loss(const ft_loss *p, int block, const ft_arena *a) {
  int valid = valid_lanes(a, block);
  for (int n = 0; n < valid; n++) {
    int image = block * a->lanes + n, right = 0;
    double sum = 0;
    for (int h = 0; h < p->heads; h++)
      sum += head_loss(p, a, at(a, p->logits, block, h * p->classes, 0) + n, at(a, p->gradient, block, h * p->classes, 0) + n, image, h,
                       &right);
    a->f[p->loss + image] = (float)sum;
    a->f[p->correct + image] = (float)right / (float)p->heads;
  }
  for (int k = 0; k < p->classes * p->heads; k++)
    for (int n = valid; n < a->lanes; n++) at(a, p->gradient, block, k, 0)[n] = 0;
}
