// What this x86 processor, and the operating system that saves its registers, can run. Asked of the processor itself: what stands behind
// __builtin_cpu_supports comes with the compiler, and the one that makes the prebuilt addons brings a stand-in that always says no.
#pragma once
#include <cpuid.h>
#include <stdint.h>

// Bits of a register after cpuid with this leaf and subleaf; 0 where the processor has no such leaf.
static inline uint32_t ft_cpuid_ebx(uint32_t leaf) {
  uint32_t a, b, c, d;
  return __get_cpuid_count(leaf, 0, &a, &b, &c, &d) ? b : 0;
}
static inline uint32_t ft_cpuid_ecx(uint32_t leaf) {
  uint32_t a, b, c, d;
  return __get_cpuid_count(leaf, 0, &a, &b, &c, &d) ? c : 0;
}

// The register sets that the operating system saves (XCR0); 0 where it does not say.
static inline uint32_t ft_saved_registers(void) {
  enum { OSXSAVE = 1 << 27 };
  if (!(ft_cpuid_ecx(1) & OSXSAVE)) return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static inline int ft_has_avx2_fma(void) {
  const uint32_t fma = 1u << 12, avx = 1u << 28, avx2 = 1u << 5, sse_and_avx_saved = 0x06;
  return (ft_cpuid_ecx(1) & (fma | avx)) == (fma | avx) && (ft_cpuid_ebx(7) & avx2) &&
         (ft_saved_registers() & sse_and_avx_saved) == sse_and_avx_saved;
}

// AVX-512 F, DQ, BW and VL: every processor with AVX-512 since Skylake.
static inline int ft_has_avx512(void) {
  const uint32_t f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31, all = f | dq | bw | vl, zmm_and_masks_saved = 0xe6;
  return ft_has_avx2_fma() && (ft_cpuid_ebx(7) & all) == all && (ft_saved_registers() & zmm_and_masks_saved) == zmm_and_masks_saved;
}
