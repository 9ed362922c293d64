import type { Stream } from '@freetickets/sparse-core';

/**
 * A Poisson number of mean `mean` (0 to about 1e4). Small means by inversion, one uniform number each; from 10 on by transformed rejection,
 * whose cost does not grow with the mean.
 * @source Hörmann, "The transformed rejection method for generating Poisson random variables", 1993, algorithm PTRS
 */
export function poisson(mean: number, stream: Stream): number {
  return mean < 10 ? byInversion(mean, stream.uniform()) : byRejection(mean, stream);
}

/** The first k whose cumulated probability exceeds `uniform`. */
function byInversion(mean: number, uniform: number): number {
  let probability = Math.exp(-mean);
  let cumulated = probability;
  let k = 0;
  while (uniform >= cumulated && probability > 1e-18) {
    k++;
    probability *= mean / k;
    cumulated += probability;
  }
  return k;
}

function byRejection(mean: number, stream: Stream): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const sureBelow = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = stream.uniform() - 0.5;
    const v = 1 - stream.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= sureBelow) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (Math.log((v * inverseAlpha) / (a / (us * us) + b)) <= k * Math.log(mean) - mean - logFactorial(k)) return k;
  }
}

const logFactorials = [0];

function logFactorial(k: number): number {
  while (logFactorials.length <= k) logFactorials.push(logFactorials.at(-1)! + Math.log(logFactorials.length));
  return logFactorials[k]!;
}
