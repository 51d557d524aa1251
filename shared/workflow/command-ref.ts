import type { Schema } from '../contract/schema.ts';

/** A `MessageRef` of whatever types. */
export interface CommandRef {
  readonly kind: 'command' | 'workflow';
  readonly agent: string;
  readonly type: string;
  readonly input: Schema;
  readonly claimCheckBytes?: number;
}
