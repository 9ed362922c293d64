// Vectors of VW floats, sums over them, and where activations lie: what every kernel is written in.
#pragma once
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
