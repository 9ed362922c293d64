/** Which parts of the readers an input has reached, as V8 counts them: blocks of code, by the precise coverage of the inspector. */
import { Session } from 'node:inspector/promises';

export class Coverage {
  #session = new Session();
  #seen = new Set();

  static async start() {
    const coverage = new Coverage();
    coverage.#session.connect();
    await coverage.#session.post('Profiler.enable');
    await coverage.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    await coverage.fresh();
    return coverage;
  }

  /** The blocks that have run since the last question. */
  async ran() {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const ran = [];
    for (const { url, functions } of result)
      if (/\/(packages|apps)\/[^/]+\/dist\//.test(url))
        for (const { ranges } of functions)
          for (const { startOffset, endOffset, count } of ranges) if (count > 0) ran.push(`${url} ${startOffset} ${endOffset}`);
    return ran;
  }

  /** Those of them that had not run before any earlier question of this kind. */
  async fresh() {
    const fresh = (await this.ran()).filter((block) => !this.#seen.has(block));
    for (const block of fresh) this.#seen.add(block);
    return new Set(fresh);
  }

  get blocks() {
    return this.#seen.size;
  }
}
