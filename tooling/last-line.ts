/** A vitest reporter that ends a run with one line for machines: `N passed, N failed`. Files that do not load and stray errors count as failed. */
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

export default class LastLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => !module.ok() && [...module.children.allTests('failed')].length === 0).length;
    const stopped = reason === 'interrupted' ? 1 : 0;
    console.log(`${count('passed')} passed, ${count('failed') + broken + unhandledErrors.length + stopped} failed`);
  }
}
