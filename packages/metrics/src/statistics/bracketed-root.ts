/**
 * Where a rising function crosses zero, by bisection down to neighbouring floats. Slower than Newton's method and never astray, which is what
 * counts for the few roots that a report needs.
 * @returns `low` when `rising` is positive there already, `high` when it is still negative there
 */
export function bracketedRoot(rising: (x: number) => number, low: number, high: number): number {
  if (rising(low) >= 0) return low;
  if (rising(high) <= 0) return high;
  let below = low;
  let above = high;
  for (;;) {
    const middle = (below + above) / 2;
    if (middle <= below || middle >= above) return middle;
    if (rising(middle) < 0) below = middle;
    else above = middle;
  }
}
