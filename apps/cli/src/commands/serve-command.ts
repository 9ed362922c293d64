/** The command `serve`: its flags are the server's own table of options. */
import { type ServerOption, serverOptions } from '@freetickets/inference';
import { type Command, Option } from 'commander';
import { aborted } from '../aborted.ts';
import { addCommand, type Common, withOutput } from '../options.ts';
import type { StopSignal } from '../program.ts';
import { talk } from '../talk.ts';
import { serveModels, servingText } from './serve.ts';

export function serveCommand(root: Command, stopSignal: StopSignal): void {
  const command = addCommand(root, 'serve', 'Serves exported models over HTTP and gRPC (Open Inference Protocol) until stopped.', [
    'serve ensemble.onnx',
    'serve digits=ensemble.onnx --port 9000',
    'serve --repository models/ --model-control-mode poll',
  ]).argument('[MODEL...]', 'ONNX files, each served under its name without .onnx; or name=file');
  for (const option of serverOptions) command.addOption(serverFlag(option));
  withOutput(command).action(async (texts: string[], { json, quiet, ...flags }: Common & Readonly<Record<string, string>>) => {
    const speak = talk({ json, quiet });
    const signal = stopSignal();
    const values = Object.fromEntries(serverOptions.map(({ name }) => [name, readFlag(name, flags)]));
    const serving = await serveModels(texts, values, speak);
    const { address, grpcPort, metricsPort } = serving.server;
    speak.result({ address, grpcPort, metricsPort, models: serving.models }, servingText(serving));
    speak.say('stop with Ctrl-C');
    await aborted(signal);
    await serving.server.close();
  });
}

type Flags = Readonly<Record<string, string | boolean | string[] | undefined>>;

/** A flag `--no-page` is to commander a `page` that is true until it is given. */
function readFlag(name: string, flags: Flags): Flags[string] {
  if (!name.startsWith('no-')) return flags[camelCase(name)];
  return flags[camelCase(name.slice(3))] === false ? true : undefined;
}

function serverFlag({ name, kind, value = 'KIND', choices, help, group }: ServerOption): Option {
  const end = kind === 'flag' ? '' : kind === 'list' ? ` <${value}...>` : ` <${value}>`;
  const flag = new Option(`--${name}${end}`, help);
  if (group !== undefined) flag.helpGroup(`${group}:`);
  return choices ? flag.choices(choices) : flag;
}

/** As commander names the values of flags. */
const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
