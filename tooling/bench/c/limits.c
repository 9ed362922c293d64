// What this machine can do at most, as JSON: multiply-adds of one thread out of registers, and bytes between a core (or all) and memory.
//   cc -O3 -march=native -ffp-contract=fast -pthread limits.c -o limits && ./limits [threads] [repeats]
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Ten independent sums hide the latency of a multiply-add and leave registers free on every instruction set.
#define SUMS 10
#define ROUNDS 2000000L
#define FMA_RATE(BYTES)                                                           \
  typedef float vector##BYTES __attribute__((vector_size(BYTES)));                \
  static double fma_rate_##BYTES(float factor) {                                  \
    vector##BYTES sum[SUMS], by, add;                                             \
    for (int lane = 0; lane < BYTES / 4; lane++) by[lane] = factor, add[lane] = 1e-3f; \
    for (int s = 0; s < SUMS; s++) sum[s] = by * (float)s;                        \
    double start = seconds();                                                     \
    for (long round = 0; round < ROUNDS; round++)                                 \
      for (int s = 0; s < SUMS; s++) sum[s] = sum[s] * by + add;                  \
    double took = seconds() - start;                                              \
    for (int s = 1; s < SUMS; s++) sum[0] += sum[s];                              \
    volatile float keep = sum[0][0];                                              \
    (void)keep;                                                                   \
    return 2e-9 * SUMS * (BYTES / 4) * (double)ROUNDS / took;                     \
  }

FMA_RATE(16)
FMA_RATE(32)
FMA_RATE(64)

// Larger than any cache.
#define FLOATS (64L * 1024 * 1024)
typedef float wide __attribute__((vector_size(64)));

struct part {
  wide *from, *to;
  long count;
  int copy;
};

static void *move(void *argument) {
  struct part *p = argument;
  if (p->copy) {
    for (long k = 0; k < p->count; k++) p->to[k] = p->from[k];
  } else {
    wide sums[8] = {{0}};
    for (long k = 0; k + 8 <= p->count; k += 8)
      for (int s = 0; s < 8; s++) sums[s] += p->from[k + s];
    for (int s = 1; s < 8; s++) sums[0] += sums[s];
    p->to[0] = sums[0];
  }
  return NULL;
}

// GB/s over all threads; a copy counts what it reads and what it writes.
static double bandwidth(wide *from, wide *to, int threads, int copy) {
  pthread_t thread[64];
  struct part part[64];
  long each = FLOATS / 16 / threads;
  double start = seconds();
  for (int t = 0; t < threads; t++) {
    part[t] = (struct part){from + t * each, to + t * each, each, copy};
    pthread_create(&thread[t], NULL, move, &part[t]);
  }
  for (int t = 0; t < threads; t++) pthread_join(thread[t], NULL);
  return 1e-9 * 4 * (double)FLOATS * (copy ? 2 : 1) / (seconds() - start);
}

static double greater(double a, double b) { return a > b ? a : b; }

int main(int count, char **argument) {
  int threads = count > 1 ? atoi(argument[1]) : 1, repeats = count > 2 ? atoi(argument[2]) : 5;
  if (threads < 1 || threads > 64 || repeats < 1) return 2;
  float factor = 0.999f;
  double rate[3] = {0, 0, 0}, read_one = 0, copy_one = 0, read_all = 0, copy_all = 0;
  wide *from = aligned_alloc(64, 4 * FLOATS), *to = aligned_alloc(64, 4 * FLOATS);
  if (!from || !to) return 1;
  for (long k = 0; k < FLOATS / 16; k++) from[k] = (wide){1}, to[k] = (wide){2};
  for (int r = 0; r < repeats; r++) {
    rate[0] = greater(rate[0], fma_rate_16(factor));
    rate[1] = greater(rate[1], fma_rate_32(factor));
    rate[2] = greater(rate[2], fma_rate_64(factor));
    read_one = greater(read_one, bandwidth(from, to, 1, 0));
    copy_one = greater(copy_one, bandwidth(from, to, 1, 1));
    read_all = greater(read_all, bandwidth(from, to, threads, 0));
    copy_all = greater(copy_all, bandwidth(from, to, threads, 1));
  }
  printf("{\"fmaGflops\":{\"128\":%.1f,\"256\":%.1f,\"512\":%.1f},", rate[0], rate[1], rate[2]);
  printf("\"bandwidthGBs\":{\"threads\":%d,\"readOne\":%.1f,\"copyOne\":%.1f,\"readAll\":%.1f,\"copyAll\":%.1f}}\n", threads, read_one, copy_one,
         read_all, copy_all);
  return 0;
}
