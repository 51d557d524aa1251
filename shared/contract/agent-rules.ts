import type { Contract } from './agent.ts';
import { attributeProblems } from './attribute-rules.ts';
import { MOST_CLAIM_CHECK_BYTES } from './claim-check.ts';
import { type Duration, milliseconds } from './duration.ts';
import { MeshError } from './errors.ts';
import { type Rate, rateOf } from './provider.ts';
import { scheduleProblems } from './schedule-rules.ts';
import { type ContractProblem, schemaProblems } from './schema-rules.ts';

const AGENT_NAME = /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/;
const MESSAGE_NAME = /^[a-z][A-Za-z0-9-]{0,62}$/;
const EVENT_TYPE = /^[a-z][a-z0-9-]*\.[a-z][A-Za-z0-9-]*$/;
const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
const SETTING = /^[A-Z][A-Z0-9_]*$/;
const PROVIDER = /^[a-z][a-z0-9-]{0,62}$/;

const isWhole = (value: number, least: number, most: number) =>
  Number.isInteger(value) && value >= least && value <= most;

/** Throws `ContractInvalid` with every rule that the contract breaks, naming the field of the first. */
export function checkContract(contract: Contract): void {
  const { name, limits, retry } = contract;
  const problems: ContractProblem[] = [];
  rule(
    'name',
    AGENT_NAME.test(name),
    `${JSON.stringify(name)} must be 1 to 30 lower-case letters, digits and dashes, from a letter to a letter or digit`,
  );
  // `<prefix>-events` and `<prefix>-<agent>-dead` are topics of the mesh's own.
  rule(
    'name',
    name !== 'events' && name !== 'mesh' && !/-(dead|events)$/.test(name),
    `"${name}" is reserved, or ends in -dead or -events, which name the mesh's own topics`,
  );
  const seen = new Set<string>(['contract', 'spec']);
  for (const part of ['commands', 'workflows', 'publishes'] as const) {
    for (const message of Object.keys(contract[part])) {
      rule(
        `${part}.${message}`,
        MESSAGE_NAME.test(message),
        'must be 1 to 63 letters, digits and dashes, beginning with a lower-case letter',
      );
      rule(
        `${part}.${message}`,
        !seen.has(message),
        'the name is reserved, or taken by another message of this agent',
      );
      seen.add(message);
    }
  }
  for (const [workflow, { deadline, concurrency, ...spec }] of Object.entries(contract.workflows)) {
    const field = `workflows.${workflow}`;
    for (const { at, is } of attributeProblems(spec)) rule(`${field}.attributes${at}`, false, is);
    for (const part of ['signals', 'updates', 'queries'] as const)
      for (const message of Object.keys(spec[part] ?? {}))
        rule(
          `${field}.${part}.${message}`,
          MESSAGE_NAME.test(message),
          'must be 1 to 63 letters, digits and dashes, beginning with a lower-case letter',
        );
    if (deadline !== undefined) duration(`${field}.deadline`, deadline, 1, Number.POSITIVE_INFINITY);
    const limit = concurrency?.limit ?? 1;
    rule(
      `${field}.concurrency.limit`,
      Number.isInteger(limit) && limit >= 1 && limit <= 1_000,
      'must be 1 to 1,000',
    );
  }
  for (const [command, { input, entity }] of Object.entries(contract.commands)) {
    if (!entity) continue;
    const known = !('shape' in input) || Object.hasOwn(input.shape as object, entity.key);
    rule(`commands.${command}.entity.key`, known, `${JSON.stringify(entity.key)} is no field of the input`);
  }
  for (const type of Object.keys(contract.subscribes)) {
    rule(`subscribes.${type}`, EVENT_TYPE.test(type), 'must be <agent>.<event>');
  }
  for (const [at, agent] of contract.calls.entries()) {
    rule(`calls.${at}`, AGENT_NAME.test(agent), `${JSON.stringify(agent)} is not the name of an agent`);
  }
  for (const [at, id] of contract.secrets.entries()) {
    rule(`secrets.${at}`, SECRET_ID.test(id), 'must be 1 to 255 letters, digits, dashes and underscores');
  }
  for (const [at, id] of contract.settings.entries()) {
    rule(`settings.${at}`, SETTING.test(id), 'must be the upper-case name of an environment variable');
  }
  rule(
    'limits.inlineBytes',
    Number.isInteger(limits.inlineBytes) && limits.inlineBytes >= 1 && limits.inlineBytes <= 9_000_000,
    'must be 1 to 9,000,000 bytes',
  );
  checkClaims('limits', limits.claimCheckBytes);
  for (const part of ['commands', 'workflows', 'subscribes'] as const)
    for (const [message, { claimCheckBytes }] of Object.entries(contract[part]))
      checkClaims(`${part}.${message}`, claimCheckBytes);
  rule(
    'limits.concurrency',
    Number.isInteger(limits.concurrency) && limits.concurrency >= 1 && limits.concurrency <= 1_000,
    'must be 1 to 1,000',
  );
  duration('limits.timeout', limits.timeout, 1_000, 540_000);
  const leastBackoff = duration('retry.minBackoff', retry.minBackoff, 0, 600_000) ?? 0;
  duration('retry.maxBackoff', retry.maxBackoff, leastBackoff, 600_000);
  rule(
    'retry.maxAttempts',
    Number.isInteger(retry.maxAttempts) && retry.maxAttempts >= 5 && retry.maxAttempts <= 100,
    'must be 5 to 100 (docs.cloud.google.com/pubsub/docs/dead-letter-topics)',
  );
  for (const [provider, spec] of Object.entries(contract.providers)) {
    const field = `providers.${provider}`;
    rule(field, PROVIDER.test(provider), 'must be 1 to 63 lower-case letters, digits and dashes');
    if (spec.rate !== undefined) parsed(`${field}.rate`, () => rateOf(spec.rate as Rate));
    const { breaker, bulkhead = 1, retry } = spec;
    rule(`${field}.bulkhead`, isWhole(bulkhead, 1, 1_000), 'must be 1 to 1,000');
    rule(`${field}.retry.attempts`, isWhole(retry?.attempts ?? 1, 1, 10), 'must be 1 to 10');
    duration(`${field}.retry.minBackoff`, retry?.minBackoff ?? '100ms', 1, 60_000);
    duration(`${field}.retry.maxBackoff`, retry?.maxBackoff ?? '2s', 1, 60_000);
    const share = breaker?.share ?? 0.5;
    rule(`${field}.breaker.failures`, isWhole(breaker?.failures ?? 5, 1, 10_000), 'must be 1 to 10,000');
    rule(`${field}.breaker.share`, share >= 0 && share <= 1, 'must be 0 to 1');
    duration(`${field}.breaker.within`, breaker?.within ?? '30s', 1_000, 3_600_000);
    duration(`${field}.breaker.open`, breaker?.open ?? '5s', 1_000, 3_600_000);
    duration(`${field}.breaker.maxOpen`, breaker?.maxOpen ?? '2m', 1_000, 3_600_000);
  }
  if (contract.state?.keep !== undefined)
    duration('state.keep', contract.state.keep, 1_000, Number.POSITIVE_INFINITY);
  problems.push(...scheduleProblems(contract), ...schemaProblems(contract));
  const [first, ...others] = problems;
  if (!first) return;
  const told = [first, ...others].map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new MeshError('ContractInvalid', `agent ${JSON.stringify(name)}: ${told}`, { field: first.field });

  function rule(field: string, holds: boolean, message: string): void {
    if (!holds) problems.push({ field, message });
  }
  function checkClaims(of: string, bytes = 0): void {
    const most = MOST_CLAIM_CHECK_BYTES.toLocaleString('en-US');
    rule(`${of}.claimCheckBytes`, isWhole(bytes, 0, MOST_CLAIM_CHECK_BYTES), `must be 0 to ${most} bytes`);
  }
  function parsed<Result>(field: string, parse: () => Result): Result | undefined {
    try {
      return parse();
    } catch (cause) {
      problems.push({ field, message: `is ${(cause as Error).message}` });
      return undefined;
    }
  }
  function duration(field: string, value: Duration, least: number, most: number): number | undefined {
    const ms = parsed(field, () => milliseconds(value));
    const holds = ms === undefined || (ms >= least && ms <= most);
    rule(field, holds, `must be ${least / 1_000} s to ${most / 1_000} s`);
    return ms;
  }
}
