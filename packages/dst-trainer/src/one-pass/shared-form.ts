/** From a network and plain data to what is trained when members share the network, and back to tickets that take plain images. */
import {
  batchEnsemble,
  type ModelState,
  mimo,
  type Network,
  type NetworkSpec,
  network,
  type Session,
  type Source,
  splitMembers,
  treeNet,
  withDropout,
  withOneInput,
} from '@freetickets/sparse-core';
import { repeatEach } from './mapped-source.ts';
import { labelsPerHead, mimoSource, tiledSource } from './member-sources.ts';
import type { OnePass } from './one-pass.ts';

/** The network that is trained; without `onePass` the network itself. @throws SparseError INVALID_ARGUMENT when the method has no place in it */
export const sharedNetwork = (net: Network, onePass: OnePass | undefined): Network => (onePass ? network(specOf(net.spec, onePass)) : net);

function specOf(spec: NetworkSpec, onePass: OnePass): NetworkSpec {
  switch (onePass.kind) {
    case 'mc-dropout':
      return withDropout(spec, onePass.rate);
    case 'batch-ensemble':
      return batchEnsemble(spec, onePass.members);
    case 'mimo':
      return mimo(spec, onePass.members);
    case 'treenet':
      return treeNet(spec, onePass);
  }
}

/** Batches for `trained`, a network as `sharedNetwork` gives it. */
export function sharedSource(source: Source, trained: Network, onePass: OnePass | undefined): Source {
  if (onePass?.kind === 'batch-ensemble') return tiledSource(source, onePass.members);
  if (onePass?.kind === 'mimo') return mimoSource(source, onePass);
  return trained.heads > 1 ? labelsPerHead(source, trained.heads) : source;
}

/** The session as one that takes plain images and answers (size, members, classes), every member about every image. Dropout is off. */
export function plainQuestions(session: Session, onePass: OnePass | undefined): Pick<Session, 'predict'> {
  if (onePass?.kind !== 'batch-ensemble' && onePass?.kind !== 'mimo') return session;
  const { kind, members } = onePass;
  const rows = kind === 'batch-ensemble' ? members : 1;
  return { predict: (images, size) => session.predict(repeatEach(images, members, images.length / size), size * rows) };
}

/** What is handed out of a trained state. */
export function ticketsOf(state: ModelState, onePass: OnePass | undefined): readonly ModelState[] {
  if (onePass?.kind === 'batch-ensemble') return splitMembers(state);
  return [onePass?.kind === 'mimo' ? withOneInput(state) : state];
}
