/**
 * The messages of an event file, as far as they are written here: fields and numbers of TensorBoard's event.proto, summary.proto,
 * tensor.proto and its plugin hparams.
 */
import protobuf from 'protobufjs/light.js';

/** Number, type, and how often it may come. */
type Field = readonly [number, string, 'repeated'?];

const message = (fields: Readonly<Record<string, Field>>) => ({
  edition: 'proto3',
  fields: Object.fromEntries(Object.entries(fields).map(([name, [id, type, rule]]) => [name, { id, type, ...(rule && { rule }) }])),
});

const root = protobuf.Root.fromJSON({
  nested: {
    // what: one of the fields after step
    Event: message({
      wallTime: [1, 'double'],
      step: [2, 'int64'],
      fileVersion: [3, 'string'],
      summary: [5, 'Summary'],
      sessionLog: [7, 'SessionLog'],
    }),
    // status 1: a program begins, and all that was written before of this step and later ones is void
    SessionLog: message({ status: [1, 'int32'] }),
    Summary: message({ value: [1, 'Value', 'repeated'] }),
    Value: message({
      tag: [1, 'string'],
      simpleValue: [2, 'float'],
      image: [4, 'Image'],
      histo: [5, 'HistogramProto'],
      tensor: [8, 'TensorProto'],
      metadata: [9, 'SummaryMetadata'],
    }),
    Image: message({
      height: [1, 'int32'],
      width: [2, 'int32'],
      colorspace: [3, 'int32'],
      encodedImageString: [4, 'bytes'],
    }),
    HistogramProto: message({
      min: [1, 'double'],
      max: [2, 'double'],
      num: [3, 'double'],
      sum: [4, 'double'],
      sumSquares: [5, 'double'],
      bucketLimit: [6, 'double', 'repeated'],
      bucket: [7, 'double', 'repeated'],
    }),
    TensorProto: message({
      dtype: [1, 'int32'],
      tensorShape: [2, 'TensorShape'],
      stringVal: [8, 'bytes', 'repeated'],
    }),
    TensorShape: message({ dim: [2, 'Dim', 'repeated'] }),
    Dim: message({ size: [1, 'int64'] }),
    SummaryMetadata: message({ pluginData: [1, 'PluginData'] }),
    PluginData: message({ pluginName: [1, 'string'], content: [2, 'bytes'] }),
    HParamsPluginData: message({
      version: [1, 'int32'],
      sessionStartInfo: [3, 'SessionStartInfo'],
      sessionEndInfo: [4, 'SessionEndInfo'],
    }),
    SessionStartInfo: message({
      hparams: [1, 'Hparam', 'repeated'],
      groupName: [4, 'string'],
      startTimeSecs: [5, 'double'],
    }),
    SessionEndInfo: message({ status: [1, 'int32'], endTimeSecs: [2, 'double'] }),
    // an entry of a map
    Hparam: message({ key: [1, 'string'], value: [2, 'HparamValue'] }),
    // google.protobuf.Value
    HparamValue: message({
      numberValue: [2, 'double'],
      stringValue: [3, 'string'],
      boolValue: [4, 'bool'],
    }),
  },
});

/** @param value by the names of the schema; what is not there is not written */
export const encode = (name: 'Event' | 'HParamsPluginData', value: object): Uint8Array => root.lookupType(name).encode(value).finish();
