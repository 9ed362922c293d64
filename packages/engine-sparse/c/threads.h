// Threads that help the caller with one operation of a plan after the other. The caller alone leads: it offers an operation's tasks, takes
// tasks itself, and goes on when all are done. A helper that the system has put aside is not waited for unless it holds a task.
#pragma once
#include "ops.h"

typedef struct ft_threads ft_threads;

// `threads` counts the caller. NULL when memory or threads are short.
ft_threads *ft_threads_create(int threads);
void ft_threads_destroy(ft_threads *threads);
// Runs `count` operations one after the other; returns when all are done. One run at a time.
void ft_threads_run(ft_threads *threads, const ft_variant *variant, const int32_t *ops, int count, const ft_arena *arena);
