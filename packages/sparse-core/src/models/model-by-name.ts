/** Models by the names that people type: `lenet-300-100`, `WRN-28-10`, `resnet20`. */
import { nearest, SparseError } from '../errors.ts';
import { network } from '../network.ts';
import type { NetworkSpec } from '../spec.ts';
import { type AlexNetOptions, alexNet } from './alexnet.ts';
import { lenet5 } from './lenet5.ts';
import { lenet300, mlpCifar10 } from './multilayer.ts';
import type { ModelOptions } from './options.ts';
import { cifarResNet, type ResNetOptions, resnet } from './resnet.ts';
import { type VggOptions, vgg } from './vgg.ts';
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
const vggOf = (variant: VggOptions['variant'], about: string): Model => ({ about, create: (options) => vgg({ variant, ...options }) });
const alexNetOf = (variant: AlexNetOptions['variant'], about: string): Model => ({
  about,
  create: (options) => alexNet({ variant, ...options }),
});
const cifarResNetOf = (depth: number): Model => ({
  about: 'residual network of basic blocks for 32 x 32 pictures',
  create: (options) => cifarResNet({ depth, ...options }),
});
const resnetOf = (depth: ResNetOptions['depth']): Model => ({
  about: 'residual network for 224 x 224 pictures (v1.5), named as in torchvision',
  create: (options) => resnet({ depth, ...options }),
});
const resnetWithCifarStem = (depth: ResNetOptions['depth']): Model => ({
  about: `resnet-${depth} with a 3x3 stem for 32 x 32 pictures, no pooling, a classifier without bias`,
  create: (options) => resnet({ depth, stem: 'cifar', ...options }),
});

const MODELS: Readonly<Record<string, Model>> = {
  'lenet-300-100': { about: 'three linear layers', create: lenet300 },
  'lenet-5': { about: "two convolutions and two linear layers, Caffe's variant", create: lenet5 },
  'mlp-cifar10': { about: 'three linear layers of 1024, 512 and the classes', create: mlpCifar10 },
  'vgg-c': vggOf('c', 'ten 3x3 and three 1x1 convolutions, three linear layers'),
  'vgg-d': vggOf('d', 'thirteen 3x3 convolutions, three linear layers'),
  'vgg-like': vggOf('like', 'thirteen 3x3 convolutions, two linear layers'),
  'alexnet-s': alexNetOf('s', 'five convolutions of stride 2, hidden layers of 1024'),
  'alexnet-b': alexNetOf('b', 'five convolutions of stride 2, hidden layers of 2048'),
  'wrn-16-2': { about: 'wide residual network; any wrn-D-K with D = 6 n + 4 works', create: wrn(16, 2) },
  'wrn-28-10': { about: 'the large wide residual network of the FreeTickets experiments', create: wrn(28, 10) },
  'resnet-20': cifarResNetOf(20),
  'resnet-32': cifarResNetOf(32),
  'resnet-44': cifarResNetOf(44),
  'resnet-56': cifarResNetOf(56),
  'resnet-110': cifarResNetOf(110),
  'resnet-18': resnetOf(18),
  'resnet-34': resnetOf(34),
  'resnet-50': resnetOf(50),
  'resnet-101': resnetOf(101),
  'resnet-152': resnetOf(152),
  'resnet-18-cifar': resnetWithCifarStem(18),
  'resnet-34-cifar': resnetWithCifarStem(34),
  'resnet-50-cifar': resnetWithCifarStem(50),
  'resnet-101-cifar': resnetWithCifarStem(101),
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
