import type { Command } from 'commander';
import type { Io } from './io.ts';

/** What a command's module gets to add itself to the program. */
export interface Registration {
  readonly program: Command;
  readonly io: Io;
  /** The exit code where a command ends well but not with 0: a report that does not balance. */
  setExitCode(code: number): void;
}
