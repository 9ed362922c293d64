/** Models by the names that people type: `lenet-300-100`, `WRN-28-10`, `resnet20`. */
import { nearest, SparseError } from '../errors.ts';
import { network } from '../network.ts';
import type { NetworkSpec } from '../spec.ts';
import { lenet5 } from './lenet5.ts';
import { lenet300, mlpCifar10 } from './multilayer.ts';
import type { ModelOptions } from './options.ts';
import { resnet20, resnet50 } from './resnet.ts';
import { wideResNet } from './wide-resnet.ts';

export interface ModelEntry {
  /** As `modelByName` takes it. */
  readonly name: string;
  readonly about: string;
  /** Input shape and number of classes unless others are asked for. */
  readonly input: readonly number[];
  readonly classes: number;
}

interface Model {
  readonly about: string;
  readonly create: (options: ModelOptions) => NetworkSpec;
}

const wrn = (depth: number, widen: number) => (options: ModelOptions) => wideResNet({ depth, widen, ...options });

const MODELS: Readonly<Record<string, Model>> = {
  'lenet-300-100': { about: 'three linear layers', create: lenet300 },
  'lenet-5': { about: "two convolutions and two linear layers, Caffe's variant", create: lenet5 },
  'mlp-cifar10': { about: 'three linear layers of 1024, 512 and the classes', create: mlpCifar10 },
  'wrn-16-2': { about: 'wide residual network; any wrn-D-K with D = 6 n + 4 works', create: wrn(16, 2) },
  'wrn-28-10': { about: 'the large wide residual network of the FreeTickets experiments', create: wrn(28, 10) },
  'resnet-20': { about: 'residual network for 32 x 32 images', create: resnet20 },
  'resnet-50': { about: 'residual network for 224 x 224 images (v1.5)', create: resnet50 },
};

/** What there is to choose from, for help texts. */
export function listModels(): readonly ModelEntry[] {
  return Object.entries(MODELS).map(([name, { about, create }]) => {
    const spec = create({});
    return { name, about, input: spec.input.shape, classes: network(spec).classes };
  });
}

/**
 * The spec of a model. Case, spaces, `_` and `-` between the parts do not matter.
 * @param options defaults: the model's own classes and input shape
 * @throws SparseError INVALID_ARGUMENT naming the nearest model, or the shape that it needs
 */
export function modelByName(name: string, options: ModelOptions = {}): NetworkSpec {
  const wide = /^(?:wrn|wide[\s_-]*resnet)[\s_-]*(\d+)[\s_x-]+(\d+)$/i.exec(name.trim());
  if (wide) return wrn(Number(wide[1]), Number(wide[2]))(options);
  const found = Object.entries(MODELS).find(([known]) => plain(known) === plain(name));
  if (found) return found[1].create(options);
  const known = Object.keys(MODELS);
  const near = nearest(name, known);
  throw new SparseError('INVALID_ARGUMENT', 'model', `one of ${known.join(', ')}`, name, near && `Did you mean ${near}?`);
}

const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');
