// The plan's operations, as src/encode.ts writes them: one record of FT_FIELDS 32-bit integers each.
// Offsets count floats (or integers, where marked) from the start of the arena.
//
// An activation lies in blocks of `lanes` images, innermost: [block][channel][row][column][image]. A view of one is four numbers:
// base (of channel 0, row 0, column 0, image 0; a border of zeros may lie around it), block, plane and row stride; columns are `lanes`
// apart. What stands in lanes beyond the batch is unspecified in activations and exactly zero in gradients.
#pragma once
#include <stdint.h>

// FT_PARTIAL: floats kept for one partial weight gradient. FT_FULL: images of a block whose columns are whole vectors; of fewer, which only
// predictions have, a whole plane is one run of floats.
// FT_TILE_PLANES: planes whose weights a dense layer has side by side. FT_FLAT_FLOATS: floats of the longest tile that is a run.
enum { FT_FIELDS = 40, FT_PARTIAL = 16, FT_FULL = 16, FT_TILE_PLANES = 4, FT_FLAT_FLOATS = 320 };

enum {
  FT_LOAD = 1, FT_PACK, FT_GATHER, FT_DENSE, FT_WEIGHT_GRADIENT, FT_REDUCE, FT_DENSE_GRADIENT, FT_BIAS_GRADIENT,
  FT_NORM_TRAIN, FT_NORM_AGAIN, FT_NORM_BACKWARD, FT_FOLD, FT_AFFINE, FT_RUNNING,
  FT_RELU, FT_RELU_BACKWARD, FT_MAX_POOL, FT_MAX_POOL_BACKWARD, FT_AVERAGE_POOL, FT_AVERAGE_POOL_BACKWARD,
  FT_ADD, FT_COPY, FT_BORDER, FT_RESHAPE, FT_SHIFT, FT_SPLIT, FT_LOSS, FT_STORE, FT_SGD,
  FT_ADAMW, FT_CLIP, FT_DROPOUT, FT_MEMBER_SCALE, FT_MEMBER_GRADIENT, FT_UNLOAD, FT_MARK
};

typedef struct { int32_t base, block, plane, row; } ft_view;
// Of few images: copies of a tensor whose columns are shifted (src/ops.ts). Copy (s, r), `count` shifts s from `first` on, lies
// (s * residues + r) * size + r * FT_FULL / 2 floats behind the tensor itself, which is copy (0, 0); count 0: none.
typedef struct { int32_t first, count, residues, size; } ft_shifts;

typedef struct { int32_t op; int32_t source; ft_view out; int32_t channels, height, width; } ft_load;
typedef struct { int32_t op; int32_t out, source, order /* int */, count; } ft_pack;
// out[o] = start[o] + bias[o] + sum over k in row o of weight[k] * in[tap[k] ...]; `start` may be `out`. Rows are kept per block of input
// channels: row[c * (planes + 1) + o] is the first k of row o in block c. With `scale` or `rectify`, normed[o] = out[o] * scale[o] +
// shift[o], where rectified not below 0; `normed` may be `out`, which is then not written otherwise. `pairs`: tiles span two rows.
// Of one image and one output pixel the weights of FT_FULL rows lie side by side (gather_beside).
// Dense: every plane has the same `rows` taps; weight[tap][FT_TILE_PLANES] of as many planes at a time, weight[tap] of those left over.
// in_step: columns (and, by its view, rows) of the input from one output to the next. out_step s above 1: the gradient of such an input,
// which falls apart into s * s phases, pixels (s y + v, s x + u) for each (v, u). Each is a sum of its own, with rows[phase][c][...], or,
// dense, the taps from rows[phase] up to rows[phase + 1]; height and width are those of the whole.
typedef struct {
  int32_t op; ft_view in, out, start, normed; int32_t planes, height, width, rows /* int */, taps /* int */, weights, channel_blocks, bias,
      scale, shift, rectify, chunk_planes, chunk_rows, pairs, channels, in_step, out_step;
  ft_shifts shifts;  // of what is written last
  int32_t sums;  // where tiles are runs: (chunks of rows, planes, FT_FLAT_FLOATS), what they hold between two blocks of channels
} ft_gather;
// partial[group][k][lane] = sum of in[tap[k] ...] * gradient[o]
typedef struct {
  int32_t op; ft_view in, gradient; int32_t planes, height, width, rows /* int */, taps /* int */, channel_blocks, partial, count, groups,
      chunk_planes, pairs, channels, in_step;
} ft_weight_gradient;
typedef struct { int32_t op; int32_t out, partial, count, groups, order /* int */; } ft_reduce;
// out[o][t] = sum of in[tap[t] ...] * gradient[o]: the same `count` taps for every plane o.
typedef struct { int32_t op; ft_view in, gradient; int32_t planes, height, width, taps /* int */, count, out, in_step; } ft_dense_gradient;
typedef struct { int32_t op; ft_view gradient; int32_t channels, height, width, out; } ft_bias_gradient;
typedef struct {
  int32_t op; ft_view in, out; int32_t channels, height, width, scale, shift, mean, variance, inverse, eps, rectify;
} ft_norm;  // train: mean, variance (unbiased) and inverse deviation are written; again: mean and inverse are read
typedef struct { int32_t op; int32_t channels, scale, shift, mean, variance, eps, out_scale, out_shift; } ft_fold;
typedef struct { int32_t op; ft_view in, out; int32_t channels, height, width, scale, shift, rectify; } ft_affine;
typedef struct {
  int32_t op; ft_view in, gradient, out, start; int32_t channels, height, width, scale, shift, mean, inverse, scale_gradient,
      shift_gradient, rectify;
} ft_norm_backward;
typedef struct { int32_t op; int32_t channels, running_mean, running_variance, mean, variance, momentum; } ft_running;
typedef struct { int32_t op; ft_view a, b, out; int32_t channels, height, width, accumulate; } ft_elementwise;
typedef struct { int32_t op; ft_view out; int32_t channels, height, width, low, high; } ft_border;  // zeros around a picture
typedef struct {
  int32_t op; ft_view in, gradient, out; int32_t channels, height, width /* of the pooled side */, in_height, in_width, kernel_height,
      kernel_width, stride, pad, accumulate;
} ft_pool;
typedef struct {
  int32_t op; ft_view in, out; int32_t in_height, in_width, out_height, out_width, features, accumulate;
} ft_reshape;
// Split: out[(c * stride + v % stride) * stride + u % stride][v / stride][u / stride] = in[c][v - low][u - low], zero beyond the picture.
typedef struct { int32_t op; ft_view out; int32_t channels, height, width; ft_shifts shifts; } ft_shift;
typedef struct {
  int32_t op; ft_view whole, phases; int32_t channels, height, width, phase_height, phase_width, stride, low;
  ft_shifts shifts;  // of the phases
} ft_split;
// labels and mixed (batch, heads), shares (batch): the second label's share of the loss. `sum`: heads are added, else averaged.
typedef struct {
  int32_t op; ft_view logits, gradient; int32_t classes, heads, labels /* int */, mixed /* int */, shares, smoothing, sum, loss, correct;
} ft_loss;
typedef struct { int32_t op; ft_view logits; int32_t classes, out; } ft_store;
typedef struct {
  int32_t op; int32_t values, momentum, gradients, count, hyper /* learning rate, momentum, weight decay */, nesterov, factor;
} ft_sgd;
typedef struct { int32_t op; int32_t values, momentum, second_moments, gradients, count, hyper /* src/update.ts */, factor; } ft_adamw;
typedef struct { int32_t op; int32_t gradients, count, limit, factor; } ft_clip;
// draw: whether to drop at all, the seed's low and high 32 bits, which sample the first image is.
typedef struct {
  int32_t op; ft_view in, out; int32_t channels, height, width, draw /* int */, node, threshold, scale, accumulate;
} ft_dropout;
// Sample n belongs to member n % members; scale (members, channels).
typedef struct {
  int32_t op; ft_view in, out; int32_t channels, height, width, scale, members, first /* int */, accumulate;
} ft_member_scale;
typedef struct { int32_t op; ft_view in, gradient; int32_t channels, height, width, out, members; } ft_member_gradient;
typedef struct { int32_t op; ft_view in; int32_t channels, height, width, out; } ft_unload;
// out: one bit per float of `in`, the lowest of a 32-bit integer first: 1 where its magnitude is not below `least`, or it is no number.
typedef struct { int32_t op; int32_t in, count, least, out; } ft_mark;

typedef struct {
  float *f;
  const int32_t *i;
  int32_t lanes, batch, blocks;
} ft_arena;

typedef struct {
  const char *name;
  int (*supported)(void);
  int (*tasks)(const int32_t *op, const ft_arena *arena);
  void (*run)(const int32_t *op, int task, const ft_arena *arena);
} ft_variant;
