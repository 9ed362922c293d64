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
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "ops.h"

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float memory_vec __attribute__((vector_size(VW * 4), aligned(4), may_alias));
typedef int32_t mask __attribute__((vector_size(VW * 4)));
typedef double wide __attribute__((vector_size(VW * 8)));
static inline vec splat(float x) { return x - (vec){0}; }
static inline vec load(const float *p) { return *(const memory_vec *)p; }
static inline void store(float *p, vec v) { *(memory_vec *)p = v; }
// Only `count` floats: where fewer images than a vector holds lie side by side.
static inline vec load_part(const float *p, int count) {
  vec v = splat(0);
  memcpy(&v, p, (size_t)count * sizeof(float));
  return v;
}
static inline void store_part(float *p, vec v, int count) { memcpy(p, &v, (size_t)count * sizeof(float)); }
// A vector, or the `left` floats that are left of a row.
static inline void put(float *p, vec v, int left, int accumulate) {
  if (left >= VW) store(p, accumulate ? v + load(p) : v);
  else store_part(p, accumulate ? v + load_part(p, left) : v, left);
}
// x where the condition is above 0, else 0; a condition that is not a number lets x pass, so it is not hidden.
static inline vec where_positive(vec condition, vec x) { return (vec)((mask)x & ~(condition <= 0)); }
typedef float quad __attribute__((vector_size(16)));
typedef double quad_double __attribute__((vector_size(32), aligned(8), may_alias));
// Sum of all lanes.
static inline float total(vec v) {
  union { vec all; quad part[VW / 4]; } u = {v};
  quad sum = u.part[0];
  UNROLL for (int i = 1; i < VW / 4; i++) sum += u.part[i];
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}
// `total` of each of four vectors, with the same bits.
static inline quad totals(vec a, vec b, vec c, vec d) {
#if VW == 16
#define LANES(A, B, I, J, K, L) \
  __builtin_shufflevector(A, B, I, I + 1, I + 2, I + 3, J, J + 1, J + 2, J + 3, K, K + 1, K + 2, K + 3, L, L + 1, L + 2, L + 3)
  vec ab = LANES(a, b, 0, 4, 16, 20), cd = LANES(c, d, 0, 4, 16, 20), ab_high = LANES(a, b, 8, 12, 24, 28), cd_high = LANES(c, d, 8, 12, 24, 28);
  vec sum = LANES(ab, cd, 0, 8, 16, 24) + LANES(ab, cd, 4, 12, 20, 28);
  sum = (sum + LANES(ab_high, cd_high, 0, 8, 16, 24)) + LANES(ab_high, cd_high, 4, 12, 20, 28);
  sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  sum += __builtin_shufflevector(sum, sum, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return __builtin_shufflevector(sum, sum, 0, 4, 8, 12);
#undef LANES
#else
  return (quad){total(a), total(b), total(c), total(d)};
#endif
}
// Columns of a tile of two rows, vectors of a tile of a dense layer: as many as leave registers over.
enum { PAIR_COLUMNS = VW == 16 ? 4 : 2, DENSE_VECTORS = VW == 16 ? 2 : 1, FLAT_DENSE = VW == 16 ? 4 : 2 };

// Every other lane of two vectors, from the first on.
#define EVEN(A, B) __builtin_shufflevector(A, B, 0, 2, 4, 6, 8, 10, 12, 14)
typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));
#define EIGHT(P) (*(eight *)(P))

static inline int least(int a, int b) { return a < b ? a : b; }
static inline int ceil_div(int a, int b) { return (a + b - 1) / b; }

// First float of (block, channel, row) of a view.
static inline float *at(const ft_arena *a, ft_view v, int block, int channel, int row) {
  return a->f + v.base + (size_t)block * v.block + (size_t)channel * v.plane + (ptrdiff_t)row * v.row;
}
// Images of a block that belong to the batch.
static inline int valid_lanes(const ft_arena *a, int block) { return least(a->lanes, a->batch - block * a->lanes); }

// ---- images in, logits out ----

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

// ---- convolutions and linear layers ----

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

// ---- fewer images than a vector holds: vectors run along the plane; in WebAssembly always, along a row ----

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

// ---- layers without dead weights: each input is read once for several planes ----

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

// ---- the gradient of the weights ----

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

// ---- sums over one channel ----

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

// ---- elementwise and pooling; a task is one (block, channel) ----

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

// ---- the optimiser ----

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

// ---- dispatch ----

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
