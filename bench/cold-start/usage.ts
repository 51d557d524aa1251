import { readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface Usage {
  /** User and system time together. */
  readonly cpuMs: number;
  /** Resident memory. */
  readonly rssMb: number;
}

/** A tick of the processor's time in /proc (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html): 100 a second on Linux. */
const TICK_MS = 10;

/** Undefined where there is no /proc to ask. */
export function usageOf(pid: number | undefined): Usage | undefined {
  if (pid === undefined) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
      rssMb: Number(kilobytes) / 1_024,
    };
  } catch {
    return undefined;
  }
}
