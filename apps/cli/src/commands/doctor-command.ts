/** The options of `freetickets doctor`. */
import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { addCommand, type Common, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { diagnose } from './doctor.ts';
import { diagnosisText } from './doctor-text.ts';

export function doctorCommand(root: Command): void {
  const command = addCommand(
    root,
    'doctor',
    'Says what this machine has, what is used, and what would mend it; ends with 1 if there is a problem.',
    ['doctor', 'doctor --json'],
  );
  withOutput(command).action(async ({ json, quiet }: Common) => {
    const diagnosis = await diagnose();
    talk({ json, quiet }).result(diagnosis, diagnosisText(diagnosis));
    if (diagnosis.problems.length > 0) process.exitCode = EXIT.failed;
  });
}
