/**
 * What a corruption is: five settings, what is drawn at random, and what then happens, apart from each other. So the second half is a pure
 * function that tests can feed with the noise that another implementation was fed with.
 */
import type { Stream } from '@freetickets/sparse-core';
import type { Picture } from './picture.ts';

export interface Corruption<Setting, Drawn> {
  /** Settings of severity 1 to 5. */
  readonly settings: readonly [Setting, Setting, Setting, Setting, Setting];
  /** All that is random, for one picture. */
  draw(stream: Stream, setting: Setting, picture: Picture): Drawn;
  /** Values of the result may leave [0, 1]. Leaves the picture as it is. */
  apply(picture: Picture, setting: Setting, drawn: Drawn): Picture | Promise<Picture>;
}

export type Corrupt = (picture: Picture, severity: number, stream: Stream) => Picture | Promise<Picture>;

/** A corruption as one function of a picture, a severity from 1 to 5 and a stream. */
export function corruptBy<Setting, Drawn>({ settings, draw, apply }: Corruption<Setting, Drawn>): Corrupt {
  return (picture, severity, stream) => {
    const setting = settings[severity - 1]!;
    return apply(picture, setting, draw(stream, setting, picture));
  };
}

/** For those that draw nothing. */
export const drawNothing = (): undefined => undefined;

/** `count` values, one after the other. */
export const fill = (count: number, value: () => number): Float64Array => Float64Array.from({ length: count }, value);

export const valuesIn = (picture: Picture): number => 3 * picture[0].values.length;

export const between = (stream: Stream, from: number, to: number): number => from + (to - from) * stream.uniform();
