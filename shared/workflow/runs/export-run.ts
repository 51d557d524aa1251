import { MeshError } from '../../contract/errors.ts';
import type { Json } from '../../contract/json.ts';
import type { Entry } from '../entry.ts';
import { Payloads } from '../payloads.ts';
import type { RunRecord } from '../run-record.ts';
import type { RecordedRun } from './recorded-run.ts';

const FORMAT = 'agent-mesh/run/1';

/** A run as a file: what it takes to replay it. It holds the run's data as it is: mind who may read it. */
export interface ExportedRun
  extends Pick<RunRecord, 'runId' | 'workflow' | 'version' | 'agent' | 'key' | 'status'> {
  readonly format: typeof FORMAT;
  readonly history: readonly Entry[];
  /** The payloads that its code was given by claim check, by their SHA-256: with them the file is all that it takes to replay the run. */
  readonly payloads?: { readonly [sha256: string]: Json };
}

/** The run as JSON, to be kept as a fixture for the replay check. */
export function exportRun({ run, history, payloads }: RecordedRun): ExportedRun {
  const { runId, workflow, version, agent, key, status } = run;
  const exported = { format: FORMAT, runId, workflow, version, agent, key, status, history } as const;
  return payloads ? { ...exported, payloads: payloads.entries() } : exported;
}

/** What the claim checks in the history of an exported run stand for. */
export function exportedPayloads({ payloads = {} }: ExportedRun): Payloads {
  return Payloads.of(payloads);
}

/**
 * Reads an exported run.
 *
 * @param from what the JSON came from, for the error
 * @throws MeshError `SchemaMismatch` naming the field
 */
export function parseExportedRun(json: unknown, from: string): ExportedRun {
  const fields = (typeof json === 'object' && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
  const wrong = (field: string) =>
    new MeshError('SchemaMismatch', `${from} is no exported run: ${field} does not fit`, {
      field,
      hint: 'Export one with: mesh runs export <run>',
    });
  if (fields.format !== FORMAT) throw wrong('format');
  for (const field of ['runId', 'workflow', 'agent', 'key', 'status'])
    if (typeof fields[field] !== 'string') throw wrong(field);
  if (!Number.isInteger(fields.version)) throw wrong('version');
  const { history } = fields;
  const entries = Array.isArray(history) ? (history as readonly Partial<Entry>[]) : [];
  if (entries[0]?.e !== 'started') throw wrong('history');
  if (entries.some((entry) => typeof entry?.e !== 'string')) throw wrong('history');
  const { payloads = {} } = fields;
  if (typeof payloads !== 'object' || payloads === null || Array.isArray(payloads)) throw wrong('payloads');
  return fields as unknown as ExportedRun;
}
