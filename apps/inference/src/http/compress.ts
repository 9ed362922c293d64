// Compresses answers for clients that ask for it. Small ones are left as they are: compressing them costs more than sending them.

import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

const encoders = { gzip: promisify<Buffer, Buffer>(gzip), deflate: promisify<Buffer, Buffer>(deflate) };
type Coding = keyof typeof encoders;
const smallest = 1024;

/** An `onSend` hook. */
export async function compressReply(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const accepted = request.headers['accept-encoding'];
  if (accepted === undefined || reply.hasHeader('content-encoding')) return payload;
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  if (!Buffer.isBuffer(body) || body.byteLength < smallest) return payload;
  reply.header('vary', 'accept-encoding');
  const coding = bestCoding(accepted);
  if (coding === undefined) return payload;
  reply.header('content-encoding', coding).removeHeader('content-length');
  return encoders[coding](body);
}

/** The coding that the header prefers; gzip where it prefers none. */
function bestCoding(header: string): Coding | undefined {
  const weights = new Map(
    header
      .toLowerCase()
      .split(',')
      .map((part): [string, number] => {
        const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim());
        const weight = parameters.find((parameter) => parameter.startsWith('q='));
        return [name, weight === undefined ? 1 : Number(weight.slice(2))];
      }),
  );
  const weightOf = (coding: Coding): number => weights.get(coding) ?? weights.get('*') ?? 0;
  const best: Coding = weightOf('deflate') > weightOf('gzip') ? 'deflate' : 'gzip';
  return weightOf(best) > 0 ? best : undefined;
}
