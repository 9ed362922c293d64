/**
 * Gives the event loop a turn now and then: engines may compute without ever leaving their thread, and signals, timers and Ctrl-C wait
 * until somebody does.
 * @returns a function to call often; every `milliseconds` it waits for one turn and answers true, otherwise it answers false at once
 */
export function pace(milliseconds = 100): () => Promise<boolean> {
  let last = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - last < milliseconds) return false;
    await new Promise<void>((resolve) => {
      // setImmediate comes without the delay that a chain of timers has; browsers lack it.
      if (typeof setImmediate === 'function') setImmediate(resolve);
      else setTimeout(resolve, 0);
    });
    last = performance.now();
    return true;
  };
}
