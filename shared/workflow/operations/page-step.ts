import type { Json } from '../../contract/json.ts';
import type { CallEntry, Replied } from '../entry.ts';
import type { Progress } from '../step.ts';
import { type BranchGroup, BranchStep } from './branch-step.ts';

/**
 * A page being read. Its items go out to the shards in the commit that records the reply, and are not in the history: of them it holds
 * the number.
 */
export class PageStep extends BranchStep {
  /** Which page, from 0. */
  readonly page: number;
  /** Empty on replay, where nothing is sent. */
  items: readonly Json[] = [];
  count = 0;
  next: string | undefined;

  constructor(entry: CallEntry, at: number, group: BranchGroup, page: number) {
    super(entry, at, group, { late: 'ignore' });
    this.page = page;
  }

  protected override succeeded(event: Replied): Progress | undefined {
    const progress = super.succeeded(event);
    if (!progress?.result?.ok || !event.reply.ok) return progress;
    this.output = null;
    const page = this.group.payloads?.checkOut(event.reply.output) ?? event.reply.output;
    const { items, next, n } = page as { items?: Json[]; next?: string | null; n?: number };
    this.items = items ?? [];
    this.count = n ?? this.items.length;
    this.next = next ?? undefined;
    if (this.count === 0) return progress;
    return {
      ...progress,
      record: { ...event, reply: { ok: true, output: { n: this.count, next: next ?? null } } },
    };
  }
}
