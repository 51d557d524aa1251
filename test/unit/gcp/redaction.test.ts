import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MeshError } from '../../../shared/contract/errors.ts';
import { REDACTED, Redactor } from '../../../shared/gcp/redaction.ts';

describe('by its name', () => {
  test.each([
    'secret',
    'clientSecret',
    'accessToken',
    'password',
    'Authorization',
    'apiKey',
    'stripe_key',
    'set-cookie',
    'key',
  ])('%s is taken for a secret, and all that is below it', (name) => {
    const redactor = new Redactor();
    expect(redactor.redact({ [name]: 'hidden-value' })).toEqual({ [name]: REDACTED });
    expect(JSON.stringify(redactor.redact({ [name]: { of: ['hidden-value'] } }))).not.toContain('hidden');
  });

  test.each([
    ['idempotencyKey', 'order-17'],
    ['orderingKey', 'order-17'],
    ['key', '0a1b2c3d4e5f6g7h8i9jakblcmdneofp'],
    ['keys', ['order-17']],
    ['tokens', 17],
    ['inputTokens', 17],
    ['keyboard', 'qwerty'],
  ])('%s: %j is no secret', (name, value) => {
    expect(new Redactor().redact({ [name]: value })).toEqual({ [name]: value });
  });
});

describe('by its value', () => {
  test('a secret is found wherever it appears, in whatever form it travels', () => {
    const redactor = new Redactor();
    const value = 'sk_live/äöü+42=\n';
    redactor.learn(value);
    const forms = [value, value.trim(), encodeURIComponent(value), Buffer.from(value).toString('base64')];
    const entry = {
      text: `calling with ${value}!`,
      list: forms,
      [`name ${value.trim()}`]: 1,
      error: new Error(`401 for ${value}`, { cause: new Error(value) }),
      map: new Map([[value, value]]),
    };
    const written = JSON.stringify(redactor.redact(entry));
    for (const form of forms) expect(written).not.toContain(JSON.stringify(form).slice(1, -1));
    expect(written).toContain(REDACTED);
  });

  test('the secret parts of a secret that is JSON are secrets too, its other parts are not', () => {
    const redactor = new Redactor();
    redactor.learn(JSON.stringify({ project_id: 'demo-mesh', private_key: '-----BEGIN-----abc' }));
    expect(redactor.text('demo-mesh -----BEGIN-----abc')).toBe(`demo-mesh ${REDACTED}`);
  });

  test('no value of at least four characters gets through', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (value, before, after) => {
        const redactor = new Redactor();
        redactor.learn(value);
        const clean = redactor.text(`${before}${value}${after}`);
        for (const part of clean.split(REDACTED)) expect(part).not.toContain(value);
        expect(clean).toContain(REDACTED);
      }),
    );
  });
});

describe('what is not a secret', () => {
  test('comes out as JSON can carry it', () => {
    const circular: Record<string, unknown> = { n: 1n, at: new Date(0), bytes: Buffer.from('abc') };
    circular.self = circular;
    const redactor = new Redactor();
    expect(redactor.redact(circular)).toEqual({
      n: '1',
      at: '1970-01-01T00:00:00.000Z',
      bytes: '<3 bytes>',
      self: '[circular]',
    });
  });

  test('an error tells its name, code, message and cause, and nothing that a client hung on it', () => {
    const cause = Object.assign(new Error('14 UNAVAILABLE'), { code: 14, config: { headers: 'Bearer x' } });
    const error = new MeshError('BusUnavailable', 'not published', { cause });
    expect(new Redactor().redact({ error })).toEqual({
      error: {
        name: 'MeshError',
        message: 'not published',
        code: 'BusUnavailable',
        hint: 'It is tried again by itself.',
        cause: { name: 'Error', message: '14 UNAVAILABLE', code: 14 },
      },
    });
  });
});
