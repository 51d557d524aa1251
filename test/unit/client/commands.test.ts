import { describe, expect, test } from 'vitest';
import { asDeadLetter, DeadLetterRecord } from '../../../agents/dead-letters/contract.ts';
import { messageKey } from '../../../shared/contract/keys.ts';
import { inboxPath } from '../../../shared/contract/names.ts';
import { detailsOf } from '../../../shared/contract/refusal-details.ts';
import { toRedrive } from '../../../shared/kernel/dead-letter.ts';
import { deadLetterId } from '../../../shared/kernel/index.ts';
import { clientMesh, quotes } from '../../support/client-mesh.ts';

function everyThird(): () => boolean {
  let asked = 0;
  return () => asked++ % 3 === 0;
}

const KEY = { idempotencyKey: 'asked-before' };

describe('a command of a program', () => {
  test('is answered with the typed output of its agent', async () => {
    const { client, settled } = clientMesh();
    const { total } = await settled(client.command(quotes.quote, { sku: 'MUG', count: 3 }));
    expect(total).toBe(750);
    expect(await settled(client.command(quotes.pay, { sku: 'MUG' }))).toEqual({ paid: 'MUG' });
    expect(await settled(client.command(quotes.note, { text: 'hello' }))).toBeUndefined();
  });

  test('is refused before it is sent, naming the field and how much else is wrong', async () => {
    const { client, world } = clientMesh();
    const wrong = client.command(quotes.quote, { sku: 7, count: 0 } as never);
    await expect(wrong).rejects.toMatchObject({
      code: 'SchemaMismatch',
      field: 'sku',
      message: expect.stringContaining('(and 1 more)'),
    });
    for (const text of [1n, new Map(), () => 1])
      await expect(client.command(quotes.note, { text } as never)).rejects.toMatchObject({
        code: 'SchemaMismatch',
        field: 'text',
      });
    const large = client.command(quotes.note, { text: 'x'.repeat(200_000) });
    await expect(large).rejects.toMatchObject({ code: 'PayloadTooLarge' });
    await world.settle();
    expect(world.outcomes).toEqual([]);
  });

  test('that is refused for a business reason rejects with that reason, and is no dead letter', async () => {
    const { client, settled, world } = clientMesh();
    const gone = settled(client.command(quotes.quote, { sku: 'GONE' }, KEY));
    await expect(gone).rejects.toMatchObject({ code: 'Rejected', reason: 'out_of_stock', field: 'sku' });
    const error = await client
      .command(quotes.quote, { sku: 'GONE' }, KEY)
      .catch((refusal: unknown) => refusal);
    expect(detailsOf(quotes.quote, 'out_of_stock', error)).toEqual({ left: 0 });
    expect([...world.store.documents.keys()].filter((path) => path.startsWith('deadLetters/'))).toEqual([]);
  });

  test('that its agent gives up on rejects with the reason of its dead letter, and is answered once that was redriven', async () => {
    const { client, settled, world, books } = clientMesh();
    books.failures = 99;
    const sent = await client.send(quotes.pay, { sku: 'MUG' });
    const lost = settled(sent.answer());
    await expect(lost).rejects.toMatchObject({
      code: 'HandlerFailed',
      message: 'the bank is closed',
      hint: expect.stringContaining('mesh dead-letters show'),
    });
    books.failures = 0;
    const id = deadLetterId('quotes', messageKey({ source: '/client', id: sent.id }), '0');
    const letter = world.store.documents.get(`deadLetters/${id}`);
    const record = DeadLetterRecord.parse(letter?.fields);
    await world.store.commit([
      { kind: 'patch', path: `deadLetters/${id}`, fields: { status: 'redriven', redrives: 1 } },
    ]);
    world.publish('mesh-quotes', toRedrive(asDeadLetter(record)));
    expect(await settled(sent.answer())).toEqual({ paid: 'MUG' });
  });

  test('that dies again after a redrive rejects again', async () => {
    const { client, settled, world, books } = clientMesh();
    books.failures = 999;
    const sent = await client.send(quotes.pay, { sku: 'MUG' });
    await expect(settled(sent.answer())).rejects.toMatchObject({ code: 'HandlerFailed' });
    const id = deadLetterId('quotes', messageKey({ source: '/client', id: sent.id }), '0');
    const record = DeadLetterRecord.parse(world.store.documents.get(`deadLetters/${id}`)?.fields);
    world.publish('mesh-quotes', toRedrive(asDeadLetter(record)));
    await world.store.commit([
      { kind: 'patch', path: `deadLetters/${id}`, fields: { status: 'redriven', redrives: 1 } },
    ]);
    await expect(settled(sent.answer())).rejects.toMatchObject({ code: 'HandlerFailed' });
    expect(
      world.store.documents.has(
        `deadLetters/${deadLetterId('quotes', messageKey({ source: '/client', id: sent.id }), '1')}`,
      ),
    ).toBe(true);
  });

  test('sent twice under one key is handled once, and each sender gets the answer', async () => {
    const { client, settled, books } = clientMesh({ duplicate: everyThird() });
    const key = { idempotencyKey: 'payment-17' };
    const [first, second] = await settled(
      Promise.all([
        client.command(quotes.pay, { sku: 'MUG' }, key),
        client.command(quotes.pay, { sku: 'MUG' }, key),
      ]),
    );
    expect([first, second]).toEqual([{ paid: 'MUG' }, { paid: 'MUG' }]);
    expect(books.paid).toEqual(['MUG']);
    const other = settled(client.command(quotes.pay, { sku: 'CUP' }, key));
    await expect(other).rejects.toMatchObject({ code: 'IdempotencyKeyReused', field: 'idempotencyKey' });
    expect(books.paid).toEqual(['MUG']);
    // Another type of command under the same key is another command.
    expect(await settled(client.command(quotes.quote, { sku: 'MUG' }, key))).toMatchObject({ price: 250 });
  });

  test('is answered by claim check where the output is large', async () => {
    const { client, settled, world } = clientMesh();
    for (const bytes of [99_000, 101_000, 600_000, 3_000_000]) {
      const { text } = await settled(client.command(quotes.print, { bytes }));
      expect(text.length).toBe(bytes);
    }
    const records = [...world.store.documents.values()].filter(({ path }) => path.includes('/inbox/'));
    expect(Math.max(...records.map(({ fields }) => JSON.stringify(fields).length))).toBeLessThan(120_000);
  });

  test('that is not answered in time says what is known of it', async () => {
    const { client, world } = clientMesh();
    const waiting = client.command(quotes.quote, { sku: 'MUG' }, { timeout: '5s' });
    const late = expect(waiting).rejects.toMatchObject({
      code: 'Timeout',
      message: expect.stringContaining('after 5 s the command quotes.quote'),
    });
    for (let second = 0; second < 7; second++) await world.clock.advance(1_000);
    await late;
  });

  test('whose wait is aborted rejects with the reason, and is handled all the same', async () => {
    const { client, world } = clientMesh();
    const stop = new AbortController();
    const sent = await client.send(quotes.note, { text: 'kept' });
    const stopped = expect(sent.answer({ signal: stop.signal })).rejects.toThrow('enough');
    stop.abort(new Error('enough'));
    await stopped;
    await world.settle();
    expect(await sent.answer()).toBeUndefined();
  });

  test('whose deadline passes is not handled', async () => {
    const { client, world, settled, books } = clientMesh();
    const sent = await client.send(
      quotes.note,
      { text: 'late' },
      { deadline: new Date(world.clock.now() + 1_000) },
    );
    await world.clock.advance(2_000);
    await expect(settled(sent.answer())).rejects.toMatchObject({ code: 'DeadlineExceeded' });
    expect(books.notes).toEqual([]);
  });

  test('that was sent without asking for an answer has none', async () => {
    const { world, client } = clientMesh();
    const sent = await client.send(quotes.note, { text: 'a' }, { idempotencyKey: 'k' });
    await world.settle();
    const path = inboxPath('quotes', messageKey({ source: '/client', id: sent.id }));
    const { reply: _, ...fields } = world.store.documents.get(path)?.fields ?? {};
    await world.store.commit([{ kind: 'put', path, fields }]);
    await expect(sent.answer()).rejects.toMatchObject({ code: 'NotFound', field: 'id' });
  });

  test('of another sender keeps no answer: only who asks has one', async () => {
    const { world } = clientMesh();
    world.command('quotes', 'quote', { sku: 'MUG' });
    world.command('quotes', 'quote', { sku: 'GONE' });
    await world.settle();
    const documents = [...world.store.documents.values()];
    expect(documents.filter(({ fields }) => 'reply' in fields)).toEqual([]);
    // Nobody is told: it is a dead letter, as ever.
    expect(documents.filter(({ path }) => path.startsWith('deadLetters/'))).toHaveLength(1);
  });
});
