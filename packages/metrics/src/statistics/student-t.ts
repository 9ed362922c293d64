/**
 * Student's t at whole degrees of freedom. There it needs no incomplete beta function: with theta = atan(t / sqrt(df)) the probability is a
 * finite sum of powers of cos(theta), and what that sum lacks of its limit is a series of positive terms, exact far out in the tail.
 * @source Abramowitz and Stegun 26.7.3 and 26.7.4
 */
import { checkShare, checkWhole } from '../reals.ts';
import { bracketedRoot } from './bracketed-root.ts';

/**
 * P(|T| > |t|): the two-sided p-value of t.
 * @param degreesOfFreedom a whole number of at least 1
 */
export function studentTwoSided(t: number, degreesOfFreedom: number): number {
  checkWhole('degreesOfFreedom', degreesOfFreedom, 1);
  if (Number.isNaN(t)) return t;
  if (!Number.isFinite(t)) return 0;
  const theta = Math.atan(Math.abs(t) / Math.sqrt(degreesOfFreedom));
  // Below 2 the probability is no small difference of two numbers near 1; above, the series ends after some 10 terms a degree at most.
  return Math.abs(t) > 2 ? beyond(theta, degreesOfFreedom) : 1 - within(theta, degreesOfFreedom);
}

/** The t with P(|T| <= t) = level: half the width of an interval in standard errors. */
export function studentHalfWidth(level: number, degreesOfFreedom: number): number {
  checkShare('level', level);
  let high = 1;
  while (studentTwoSided(high, degreesOfFreedom) > 1 - level) high *= 2;
  return bracketedRoot((t) => 1 - level - studentTwoSided(t, degreesOfFreedom), 0, high);
}

/**
 * Even df: sin * (1 + 1/2 cos^2 + (1 3)/(2 4) cos^4 + ... cos^(df - 2)); odd: 2/pi (theta + sin * (cos + 2/3 cos^3 + ... cos^(df - 2))).
 */
function within(theta: number, df: number): number {
  const odd = df % 2;
  let sum = 0;
  for (const term of terms(Math.cos(theta), odd)) {
    if (term.power > df - 2) break;
    sum += term.value;
  }
  return odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
}

/** The rest of the same series; complete, it sums to 1 (even) and to pi / 2 - theta (odd). */
function beyond(theta: number, df: number): number {
  const odd = df % 2;
  let sum = 0;
  for (const term of terms(Math.cos(theta), odd)) {
    if (term.power <= df - 2) continue;
    sum += term.value;
    if (term.value <= sum * 1e-18) break;
  }
  return (odd ? 2 / Math.PI : 1) * Math.sin(theta) * sum;
}

function* terms(cosine: number, odd: number): Generator<{ power: number; value: number }> {
  let value = odd ? cosine : 1;
  for (let power = odd; ; power += 2) {
    yield { power, value };
    value *= (cosine * cosine * (power + 1)) / (power + 2);
  }
}
