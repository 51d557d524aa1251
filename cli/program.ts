import { Command, CommanderError } from 'commander';
import { MeshError } from '../shared/contract/errors.ts';
import { registerAgents } from './commands/agents.ts';
import { registerCanary } from './commands/canary.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerCost } from './commands/cost.ts';
import { registerDeadLetters } from './commands/dead-letters.ts';
import { registerDeploy } from './commands/deploy.ts';
import { registerDiagnose } from './commands/diagnose.ts';
import { registerEmulator } from './commands/emulator.ts';
import { registerEnv } from './commands/env.ts';
import { registerPublish } from './commands/publish.ts';
import { registerRuns } from './commands/runs.ts';
import { registerSchedules } from './commands/schedules.ts';
import { registerTenants } from './commands/tenants.ts';
import { registerTopology } from './commands/topology.ts';
import { registerUp } from './commands/up.ts';
import { registerWorkflows } from './commands/workflows.ts';
import type { Io } from './io.ts';
import { exitCodeOf } from './output/exit-code.ts';
import { showError } from './output/failure.ts';
import { paletteFor } from './output/palette.ts';
import type { Registration } from './registration.ts';

/**
 * The `mesh` program. Commands are declared here and load what they do when they run, so that help is quick.
 *
 * Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 authentication, 6 not found, 8 cancelled, 9 timeout.
 */
export function createProgram(io: Io, setExitCode: (code: number) => void): Command {
  const program = new Command('mesh')
    .description('Durable agents and workflows on Pub/Sub, Firestore and Cloud Run functions.')
    .exitOverride()
    // So that --version after a command is the command's own.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Errors are shown by `runProgram`, in the format that was asked for.
      outputError: () => {},
    })
    .configureHelp({ styleTitle: paletteFor(io.stdout, io.env).bold })
    .version(VERSION, '-v, --version')
    .addHelpText(
      'after',
      `
Examples:
  mesh up --sample                                   run the mesh here, with 200 sample orders
  mesh publish orders fulfill-order @order.json --wait
  mesh runs list --status failed
  mesh dead-letters redrive --all --yes

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 authentication, 6 not found, 8 cancelled, 9 timeout.`,
    );
  const registration: Registration = { program, io, setExitCode };
  registerUp(registration);
  registerPublish(registration);
  registerRuns(registration);
  registerDeadLetters(registration);
  registerEnv(registration);
  registerSchedules(registration);
  registerAgents(registration);
  registerTenants(registration);
  registerTopology(registration);
  registerWorkflows(registration);
  registerCanary(registration);
  registerCost(registration);
  registerDeploy(registration);
  registerEmulator(registration);
  registerDiagnose(registration);
  registerCompletion(registration);
  for (const command of allCommands(program)) command.exitOverride().copyInheritedSettings(program);
  return program;
}

const VERSION = '0.1.0';

/** Runs one command line, without the program's own name. Resolves to the exit code; it never rejects. */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const error = thrown instanceof CommanderError ? usageError(thrown) : thrown;
    if (error) showError(io, error, asksForJson(args));
    return error ? exitCodeOf(error) : 2;
  }
}

/** Undefined where commander has shown the help already, because a command was left out. */
function usageError(error: CommanderError): MeshError | undefined {
  if (error.code === 'commander.help') return undefined;
  return new MeshError('UsageInvalid', error.message.replace(/^error: /, ''), { cause: error });
}

const asksForJson = (args: readonly string[]) =>
  args.some(
    (arg, at) =>
      arg === '--json' ||
      /^(-o|--output=)jsonl?$/.test(arg) ||
      (/^(-o|--output)$/.test(arg) && /^jsonl?$/.test(args[at + 1] ?? '')),
  );

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
