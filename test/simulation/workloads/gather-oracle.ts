import type { Entry } from '../../../shared/workflow/entry.ts';

/** The rule by which a gather is over, as the workload asked for it. */
export interface GatherRule {
  readonly branches: number;
  readonly quorum?: number | undefined;
  readonly failures: number;
  readonly deadlineMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly concurrency: number;
}

export type BranchEnd = 'unstarted' | 'open' | 'done' | 'failed';

export interface GatherEnd {
  readonly reason: 'all' | 'quorum' | 'deadline' | 'tolerance-exceeded' | 'quorum-unreachable';
  readonly ok: boolean;
  readonly branches: readonly BranchEnd[];
}

/**
 * Works out what the first gather of a run comes to, from what the run heard of and in which order, by the words of the documentation and
 * nothing of the engine's code. Undefined where it has not come to its end.
 */
export function gatherEnd(entries: readonly Entry[], rule: GatherRule): GatherEnd | undefined {
  const {
    branches: total,
    quorum,
    failures,
    deadlineMs = Infinity,
    timeoutMs = Infinity,
    concurrency,
  } = rule;
  const ends: BranchEnd[] = Array.from({ length: total }, () => 'unstarted');
  const answerBy: number[] = [];
  let deadline = Infinity;
  let gather: string | undefined;
  const count = (end: BranchEnd) => ends.filter((each) => each === end).length;
  const begin = (at: number) => {
    for (let next = ends.indexOf('unstarted'); next >= 0; next = ends.indexOf('unstarted')) {
      if (count('open') >= concurrency) return;
      ends[next] = 'open';
      answerBy[next] = at + timeoutMs;
    }
  };
  const verdict = (): Omit<GatherEnd, 'branches'> | undefined => {
    const [done, failed] = [count('done'), count('failed')];
    if (done === total) return { ok: true, reason: 'all' };
    if (quorum !== undefined && done >= quorum) return { ok: true, reason: 'quorum' };
    if (quorum !== undefined && failed > total - quorum) return { ok: false, reason: 'quorum-unreachable' };
    if (failed > failures)
      return { ok: false, reason: failed > total ? 'quorum-unreachable' : 'tolerance-exceeded' };
    return done + failed === total ? { ok: true, reason: 'all' } : undefined;
  };
  let now = 0;
  for (const entry of entries) {
    if ('at' in entry) now = Math.max(now, entry.at);
    if (gather === undefined) {
      if (entry.e !== 'step' || entry.op !== 'gather') continue;
      gather = entry.id;
      deadline = now + deadlineMs;
      begin(now);
      continue;
    }
    if (entry.e === 'cancelled' || entry.e === 'terminated' || entry.e === 'expired') return undefined;
    if (entry.e === 'fired' && entry.step === gather) {
      // What is past by then is past, whichever of them the timer was armed for.
      for (const [at, end] of ends.entries())
        if (end === 'open' && (answerBy[at] ?? Infinity) <= now) ends[at] = 'failed';
      const over =
        verdict() ??
        (deadline <= now ? { ok: quorum === undefined, reason: 'deadline' as const } : undefined);
      if (over) return { ...over, branches: ends };
    } else if (entry.e === 'replied' && entry.step.startsWith(`${gather}/`)) {
      const branch = Number(entry.step.slice(gather.length + 1));
      // An answer after its end is another's business.
      if (ends[branch] !== 'open') continue;
      ends[branch] = entry.reply.ok && !entry.invalid ? 'done' : 'failed';
      const over = verdict();
      if (over) return { ...over, branches: ends };
    } else continue;
    begin(now);
  }
  return undefined;
}
