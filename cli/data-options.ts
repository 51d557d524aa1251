import type { Command } from 'commander';

/** Where what local servers hold comes from and goes to, as a command was told. */
export interface DataOptions {
  readonly dataDir?: string;
  readonly sync?: boolean;
  readonly import?: string;
  readonly exportOnExit?: string;
}

export function withData(command: Command): Command {
  return command
    .option('--data-dir <directory>', 'keep what the servers hold there, through a restart and a crash')
    .option('--sync', "wait for the disk at each change: what was answered survives the machine's end too")
    .option('--import <directory>', 'begin with what was exported; --data-dir must hold nothing yet')
    .option('--export-on-exit <directory>', 'write what the servers hold there when they are stopped');
}
