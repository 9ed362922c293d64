import { describe, expect, it } from 'vitest';
import { checkGradient, checkOpen, checkSignal, checkTrained } from './check-session.ts';
import { resnet20 } from './models/resnet.ts';
import { network } from './network.ts';

const net = network(resnet20());
const training = { batchSize: 4, optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 }, signals: ['gradient'] } as const;

describe('what is asked of a session', () => {
  it('needs it open', () => {
    expect(() => checkOpen(true)).not.toThrow();
    expect(() => checkOpen(false)).toThrow('session: expected an open session, received "one that was disposed of"');
  });

  it('is a gradient of parameters that are trained, of a session that trains', () => {
    expect(() => checkTrained(net, training, 'conv.weight')).not.toThrow();
    expect(() => checkTrained(net, training, 'bn.running_mean')).toThrow('expected a trained parameter, received "bn.running_mean"');
    expect(() => checkTrained(net, training, 'conv99.weight')).toThrow('expected a trained parameter, received "conv99.weight"');
    expect(() => checkTrained(net, { batchSize: 4 }, 'conv.weight')).toThrow('expected a session that was opened with an optimizer');
  });

  it('is a gradient after a step, and of the weights that live since', () => {
    const none = new Set<never>();
    expect(() => checkGradient('conv.weight', 'never', none)).toThrow('expected a training step before it');
    for (const stepped of ['plain', 'kept'] as const) {
      expect(() => checkGradient('conv.weight', stepped, none)).not.toThrow();
      expect(() => checkGradient('conv.weight', stepped, new Set(['bn.weight'] as const))).not.toThrow();
      expect(() => checkGradient('conv.weight', stepped, new Set(['conv.weight'] as const))).toThrow(
        'gradient of conv.weight: expected a training step since the rewiring',
      );
    }
  });

  it('is a signal that it was opened with, and that the last step kept', () => {
    expect(() => checkSignal(training, 'gradient', 'kept')).not.toThrow();
    expect(() => checkSignal({ batchSize: 4 }, 'gradient', 'kept')).toThrow(
      'expected a signal that the session was opened with, received []',
    );
    for (const stepped of ['never', 'plain'] as const)
      expect(() => checkSignal(training, 'gradient', stepped)).toThrow("signal gradient: expected a last step with keep: ['gradient']");
    const unknown = 'curvature' as 'gradient';
    expect(() => checkSignal({ ...training, signals: [unknown] }, unknown, 'kept')).toThrow('signal curvature: expected a signal');
  });
});
