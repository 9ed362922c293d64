#include "threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

// Who waits looks this often first (some tens of microseconds), then sleeps until woken.
enum { SPINS = 4000 };

struct ft_threads {
  int helpers;
  pthread_t *handles;
  pthread_mutex_t mutex;  // guards sleeping and waking only
  pthread_cond_t changed;
  atomic_int sleepers;
  atomic_int stop;
  // The operation on offer, in one word: number of the offer, end and begin of the tasks that nobody has taken. A task is taken by
  // compare-and-swap, which fails if the offer has changed since the fields below were read. The caller takes the first, helpers take the
  // last: neighbouring tasks of one operation after the other then meet the same cache.
  _Atomic uint64_t offer;
  _Atomic(const ft_variant *) variant;
  _Atomic(const int32_t *) op;
  _Atomic(const ft_arena *) arena;
  atomic_int left;  // tasks that are not done
};

enum { TASK_BITS = 21, MOST_TASKS = (1 << TASK_BITS) - 1 };
static inline int begin_of(uint64_t offer) { return (int)(offer & MOST_TASKS); }
static inline int end_of(uint64_t offer) { return (int)(offer >> TASK_BITS & MOST_TASKS); }
static inline uint32_t number_of(uint64_t offer) { return (uint32_t)(offer >> 2 * TASK_BITS); }

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int offered(ft_threads *p, uint32_t old) { return number_of(atomic_load(&p->offer)) != old; }
static int finished(ft_threads *p, uint32_t unused) { return (void)unused, atomic_load(&p->left) == 0; }

static void wait_until(ft_threads *p, int (*condition)(ft_threads *, uint32_t), uint32_t argument) {
  for (int i = 0; i < SPINS; i++) {
    if (condition(p, argument)) return;
    relax();
  }
  pthread_mutex_lock(&p->mutex);
  atomic_fetch_add(&p->sleepers, 1);
  while (!condition(p, argument)) pthread_cond_wait(&p->changed, &p->mutex);
  atomic_fetch_sub(&p->sleepers, 1);
  pthread_mutex_unlock(&p->mutex);
}

// After a change. A sleeper counts itself before it looks a last time, so either it sees the change or it is seen here.
static void wake(ft_threads *p) {
  if (atomic_load(&p->sleepers) == 0) return;
  pthread_mutex_lock(&p->mutex);
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->mutex);
}

static void help(ft_threads *p, int first) {
  for (;;) {
    uint64_t offer = atomic_load(&p->offer);
    const ft_variant *variant = atomic_load(&p->variant);
    const int32_t *op = atomic_load(&p->op);
    const ft_arena *arena = atomic_load(&p->arena);
    int begin = begin_of(offer), end = end_of(offer);
    if (begin == end) return;
    if (!atomic_compare_exchange_weak(&p->offer, &offer, first ? offer + 1 : offer - ((uint64_t)1 << TASK_BITS))) continue;
    variant->run(op, first ? begin : end - 1, arena);
    if (atomic_fetch_sub(&p->left, 1) == 1) wake(p);
  }
}

static void *helper(void *argument) {
  ft_threads *p = argument;
  for (uint32_t seen = 0;;) {
    wait_until(p, offered, seen);
    if (atomic_load(&p->stop)) return NULL;
    seen = number_of(atomic_load(&p->offer));
    help(p, 0);
  }
}

static void offer_tasks(ft_threads *p, const int32_t *op, int tasks) {
  atomic_store(&p->op, op);
  atomic_store(&p->left, tasks);
  atomic_store(&p->offer, (uint64_t)(number_of(atomic_load(&p->offer)) + 1) << 2 * TASK_BITS | (uint64_t)tasks << TASK_BITS);
  wake(p);
}

ft_threads *ft_threads_create(int threads) {
  ft_threads *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  pthread_mutex_init(&p->mutex, NULL);
  pthread_cond_init(&p->changed, NULL);
  p->handles = calloc((size_t)threads, sizeof *p->handles);
  while (p->handles && p->helpers < threads - 1 && pthread_create(&p->handles[p->helpers], NULL, helper, p) == 0) p->helpers++;
  if (p->handles && p->helpers == threads - 1) return p;
  ft_threads_destroy(p);
  return NULL;
}

void ft_threads_destroy(ft_threads *p) {
  atomic_store(&p->stop, 1);
  atomic_fetch_add(&p->offer, (uint64_t)1 << 2 * TASK_BITS);
  wake(p);
  for (int i = 0; i < p->helpers; i++) pthread_join(p->handles[i], NULL);
  pthread_mutex_destroy(&p->mutex);
  pthread_cond_destroy(&p->changed);
  free(p->handles);
  free(p);
}

void ft_threads_run(ft_threads *p, const ft_variant *variant, const int32_t *ops, int count, const ft_arena *arena) {
  atomic_store(&p->variant, variant);
  atomic_store(&p->arena, arena);
  for (int i = 0; i < count; i++) {
    const int32_t *op = ops + (size_t)i * FT_FIELDS;
    int tasks = variant->tasks(op, arena);
    if (p->helpers == 0 || tasks < 2 || tasks > MOST_TASKS) {
      for (int task = 0; task < tasks; task++) variant->run(op, task, arena);
      continue;
    }
    offer_tasks(p, op, tasks);
    help(p, 1);
    wait_until(p, finished, 0);
  }
}
