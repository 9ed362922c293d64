// Every operation of a plan, in plain C with vectors of VW floats. Compiled once per instruction set (kernels.def): -DVARIANT=... -DVW=...
//
// A convolution is a sum of shifted planes. Images are innermost, so a tap (input channel, dy, dx) is one constant offset into the
// input, and for a whole tile of outputs at once
//     out[o] = sum over live weights k of row o:  weight[k] * in[tap[k] ...]
// With the transposed topology the same loop nest (`gather`) is the gradient of the input; its twin `weight_gradient` multiplies the same
// inputs with the output's gradient. A linear layer is a plane of one pixel. A tile stays in registers while the live weights of one
// output pass by: one load and one FMA per vector and weight.
//
// No allocation, no globals, no errors: sizes are checked where the plan is made. A task writes what no other task writes, and tasks are
// cut by a rule that does not know the number of threads, so any number of threads gives the same bits.
#include "vectors.h"
#include "images.h"
#include "gather.h"
#include "gather-few.h"
#include "dense.h"
#include "weights.h"
#include "norms.h"
#include "elementwise.h"
#include "update.h"

int JOIN(ft_tasks_, VARIANT)(const int32_t *op, const ft_arena *a) {
  switch (*op) {
    case FT_LOAD: { const ft_load *p = (const void *)op; return a->blocks * p->channels * p->height; }
    case FT_PACK: return ceil_div(((const ft_pack *)op)->count, 16384);
    case FT_GATHER: case FT_DENSE: {
      const ft_gather *p = (const void *)op;
      return a->blocks * ceil_div(p->planes, p->chunk_planes) * ceil_div(ceil_div(p->height, p->out_step), p->chunk_rows);
    }
    case FT_WEIGHT_GRADIENT: { const ft_weight_gradient *p = (const void *)op; return p->groups * ceil_div(p->planes, p->chunk_planes); }
    case FT_REDUCE: return ceil_div(((const ft_reduce *)op)->count, 2048);
    case FT_DENSE_GRADIENT: {
      const ft_dense_gradient *p = (const void *)op;
      return ceil_div(p->planes, dense_group(p)) * ceil_div(p->count, DENSE_CHUNK);
    }
    case FT_BIAS_GRADIENT: return ((const ft_bias_gradient *)op)->channels;
    case FT_NORM_TRAIN: case FT_NORM_AGAIN: return ((const ft_norm *)op)->channels;
    case FT_AFFINE: { const ft_affine *p = (const void *)op; return a->blocks * p->channels; }
    case FT_NORM_BACKWARD: return ((const ft_norm_backward *)op)->channels;
    case FT_RUNNING: case FT_FOLD: return 1;
    case FT_RELU: case FT_RELU_BACKWARD: case FT_ADD: case FT_COPY: return a->blocks * ((const ft_elementwise *)op)->channels;
    case FT_MAX_POOL: case FT_MAX_POOL_BACKWARD: case FT_AVERAGE_POOL: case FT_AVERAGE_POOL_BACKWARD:
      return a->blocks * ((const ft_pool *)op)->channels;
    case FT_BORDER: return a->blocks * ((const ft_border *)op)->channels;
    case FT_SHIFT: return ((const ft_shift *)op)->channels;
    case FT_SPLIT: return a->blocks * ((const ft_split *)op)->channels;
    case FT_RESHAPE: case FT_LOSS: case FT_STORE: return a->blocks;
    case FT_SGD: return ceil_div(((const ft_sgd *)op)->count, 16384);
    case FT_ADAMW: return ceil_div(((const ft_adamw *)op)->count, 16384);
    case FT_CLIP: return 1;
    case FT_MARK: return ceil_div(((const ft_mark *)op)->count, MARK_TASK);
    case FT_DROPOUT: return a->blocks * ((const ft_dropout *)op)->channels;
    case FT_MEMBER_SCALE: return a->blocks * ((const ft_member_scale *)op)->channels;
    case FT_MEMBER_GRADIENT: return ((const ft_member_gradient *)op)->channels;
    case FT_UNLOAD: { const ft_unload *p = (const void *)op; return a->blocks * p->channels * p->height; }
    default: return 0;
  }
}

void JOIN(ft_run_, VARIANT)(const int32_t *op, int task, const ft_arena *a) {
  const void *p = op;
  switch (*op) {
    case FT_LOAD: load_images(p, task, a); break;
    case FT_PACK: pack(p, task, a); break;
    case FT_GATHER: gather(p, task, a); break;
    case FT_DENSE: dense(p, task, a); break;
    case FT_WEIGHT_GRADIENT: weight_gradient(p, task, a); break;
    case FT_REDUCE: reduce(p, task, a); break;
    case FT_DENSE_GRADIENT: dense_gradient(p, task, a); break;
    case FT_BIAS_GRADIENT: bias_gradient(p, task, a); break;
    case FT_NORM_TRAIN: norm_train(p, task, a); break;
    case FT_NORM_AGAIN: norm_again(p, task, a); break;
    case FT_FOLD: fold(p, a); break;
    case FT_AFFINE: affine(p, task, a); break;
    case FT_NORM_BACKWARD: norm_backward(p, task, a); break;
    case FT_RUNNING: running(p, a); break;
    case FT_RELU: relu(p, task, a); break;
    case FT_RELU_BACKWARD: relu_backward(p, task, a); break;
    case FT_MAX_POOL: max_pool(p, task, a); break;
    case FT_MAX_POOL_BACKWARD: max_pool_backward(p, task, a); break;
    case FT_AVERAGE_POOL: average_pool(p, task, a); break;
    case FT_AVERAGE_POOL_BACKWARD: average_pool_backward(p, task, a); break;
    case FT_ADD: add(p, task, a); break;
    case FT_COPY: copy(p, task, a); break;
    case FT_BORDER: border(p, task, a); break;
    case FT_RESHAPE: reshape(p, task, a); break;
    case FT_SHIFT: shift(p, task, a); break;
    case FT_SPLIT: split(p, task, a); break;
    case FT_LOSS: loss(p, task, a); break;
    case FT_STORE: store_logits(p, task, a); break;
    case FT_SGD: sgd(p, task, a); break;
    case FT_ADAMW: adamw(p, task, a); break;
    case FT_CLIP: clip(p, a); break;
    case FT_DROPOUT: dropout(p, task, a); break;
    case FT_MEMBER_SCALE: member_scale(p, task, a); break;
    case FT_MEMBER_GRADIENT: member_gradient(p, task, a); break;
    case FT_UNLOAD: unload(p, task, a); break;
    case FT_MARK: mark(p, task, a); break;
  }
}
