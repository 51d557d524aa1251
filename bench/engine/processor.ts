import { readFileSync } from 'node:fs';
import type { RunServer } from '../../emulator/run/server.ts';

/** Milliseconds of a tick in /proc (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html); it is 100 a second wherever Node runs. */
const TICK_MS = 10;

/** The processor time that this process and the functions' have used, in milliseconds. Undefined where the system does not tell. */
export function processorMs(run: RunServer): number | undefined {
  const { user, system } = process.cpuUsage();
  let total = (user + system) / 1_000;
  for (const pid of run.services.flatMap((service) => run.pidsOf(service))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      total += (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    } catch {
      return undefined;
    }
  }
  return total;
}
