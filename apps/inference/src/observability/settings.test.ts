/** Triton's log and trace settings: what they change, and what they refuse. */
import { describe, expect, it } from 'vitest';
import { LogLevels } from './log-settings.ts';
import { createLogger } from './logger.ts';
import { TraceChoice } from './trace-settings.ts';

describe('log settings', () => {
  const written: string[] = [];
  const logger = (level: string) => createLogger(level, { write: (line) => void written.push(line) });

  it.each([
    ['info', { log_info: true, log_warning: true, log_error: true, log_verbose_level: 0 }],
    ['warn', { log_info: false, log_warning: true, log_error: true, log_verbose_level: 0 }],
    ['debug', { log_info: true, log_warning: true, log_error: true, log_verbose_level: 1 }],
    ['silent', { log_info: false, log_warning: false, log_error: false, log_verbose_level: 0 }],
  ])('shows the level %s', (level, settings) => expect(new LogLevels(logger(level)).settings).toMatchObject(settings));

  it.each([
    [{ log_verbose_level: 2 }, 'trace'],
    [{ log_verbose_level: 1 }, 'debug'],
    [{ log_info: false }, 'warn'],
    [{ log_info: false, log_warning: false }, 'error'],
    [{ log_info: false, log_warning: false, log_error: false }, 'silent'],
    [{ log_file: '', log_format: 'ISO8601' }, 'info'],
  ])('%j makes it %s', (changes, level) => {
    const one = logger('info');
    expect(new LogLevels(one).update(changes)).toMatchObject(changes);
    expect(one.level).toBe(level);
  });

  it.each([
    [{ log_fil: 'x' }, /log_file/],
    [{ log_file: '/tmp/x' }, /cannot be changed/],
    [{ log_format: 'default' }, /cannot be changed/],
    [{ log_info: 'yes' }, /boolean/],
    [{ log_verbose_level: -1 }, /whole number/],
    [{ log_verbose_level: 1.5 }, /whole number/],
    [JSON.parse('{"__proto__": true}'), /log setting/],
    [{ constructor: true }, /log setting/],
  ])('refuses %j and changes nothing', (changes, words) => {
    const one = logger('info');
    expect(() => new LogLevels(one).update({ log_info: false, ...changes })).toThrow(words);
    expect(one.level).toBe('info');
  });

  it('keeps keys out of the lines', () => {
    written.length = 0;
    const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret', cookie: 'secret', host: 'here' };
    logger('info').info({ ...headers, headers, req: { headers } }, 'a call');
    expect(written.join('')).toContain('"host":"here"');
    expect(written.join('')).not.toContain('secret');
    expect(JSON.parse(written[0]!)).toMatchObject({ msg: 'a call', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
  });
});

describe('trace settings', () => {
  const on = { trace_level: ['TIMESTAMPS'] };

  it('are off at first', () => {
    const choice = new TraceChoice();
    expect(choice.settings()).toMatchObject({ trace_level: ['OFF'], trace_rate: ['1000'], trace_count: ['-1'] });
    expect(choice.starts('m')).toBe(false);
  });

  it('start every trace_rate-th trace, until there are trace_count', () => {
    const choice = new TraceChoice();
    choice.update({ ...on, trace_rate: ['3'], trace_count: ['2'] });
    expect(Array.from({ length: 9 }, () => choice.starts('m'))).toEqual([true, false, false, true, false, false, false, false, false]);
    choice.update({ trace_count: ['1'] });
    expect([choice.starts('m'), choice.starts('m')]).toEqual([true, false]);
  });

  it('of a model come before those of the server, until they are taken back', () => {
    const choice = new TraceChoice();
    choice.update({ trace_rate: ['1'] });
    expect(choice.update(on, 'm')).toMatchObject({ ...on, trace_rate: ['1'] });
    expect([choice.starts('m'), choice.starts('n')]).toEqual([true, false]);
    expect(choice.update({ trace_level: [] }, 'm')).toMatchObject({ trace_level: ['OFF'] });
    expect(choice.starts('m')).toBe(false);
  });

  it.each([
    [{ trace_rat: ['1'] }, /trace_rate/],
    [{ trace_level: ['LOUD'] }, /OFF or TIMESTAMPS/],
    [{ trace_level: ['TENSORS'] }, /never traced/],
    [{ trace_rate: ['0'] }, /from 1/],
    [{ trace_rate: ['x'] }, /from 1/],
    [{ trace_rate: ['1', '2'] }, /one whole number/],
    [{ trace_count: ['-2'] }, /from -1/],
    [{ trace_file: ['/etc/passwd'] }, /cannot be changed/],
    [{ trace_mode: ['triton'] }, /cannot be changed/],
    [{ constructor: ['1'] }, /trace setting/],
  ])('refuse %j', (changes, words) => {
    const choice = new TraceChoice();
    expect(() => choice.update({ ...on, ...changes })).toThrow(words);
    expect(choice.settings()).toMatchObject({ trace_level: ['OFF'] });
  });
});
