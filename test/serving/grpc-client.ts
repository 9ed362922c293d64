/** Calls of the gRPC surface with the published schema. Messages cross as bytes, so that recorded ones can be sent as they are. */
import { readFileSync } from 'node:fs';
import { type ChannelCredentials, Client, type ClientOptions, credentials, Metadata, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { GrpcAnswer } from './corpus.ts';

const protos = new URL('../../apps/inference/protos/', import.meta.url);
const root = new protobuf.Root();
for (const name of ['model_config', 'inference', 'health']) {
  protobuf.parse(readFileSync(new URL(`${name}.proto`, protos), 'utf8'), root, { keepCase: true });
}
root.resolveAll();

const plain = (bytes: Buffer): Buffer => bytes;

export class GrpcClient {
  readonly #client: Client;

  constructor(port: number, security: ChannelCredentials = credentials.createInsecure(), options: ClientOptions = {}) {
    this.#client = new Client(`127.0.0.1:${port}`, security, { 'grpc.max_receive_message_length': -1, ...options });
  }

  /** @param path  service and rpc, for example `inference.GRPCInferenceService/ServerLive` */
  call(path: string, message: Uint8Array, metadata = new Metadata()): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(`/${path}`, plain, plain, Buffer.from(message), metadata, (error, answer) => {
        if (error) resolve({ status: status[error.code]!, details: error.details });
        else resolve({ status: 'OK', base64: answer!.toString('base64') });
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

export function encode(type: string, fields: Record<string, unknown>): Uint8Array {
  const message = root.lookupType(type);
  return message.encode(message.fromObject(fields)).finish();
}

/** A message as an object with every field; 64-bit integers are text, bytes are hexadecimal. */
export function decode(type: string, base64: string): Record<string, unknown> {
  const message = root.lookupType(type);
  const object = message.toObject(message.decode(Buffer.from(base64, 'base64')), { longs: String, enums: String, defaults: true });
  const hex = (_key: string, value: unknown) => (isBuffer(value) ? Buffer.from(value.data).toString('hex') : value);
  return JSON.parse(JSON.stringify(object, hex)) as Record<string, unknown>;
}

const isBuffer = (value: unknown): value is { readonly data: readonly number[] } =>
  typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer';
