import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';

/** Google's own emulators, as the Google Cloud SDK brings them. They need a Java. */
const PROGRAM = {
  pubsub: ['pubsub-emulator', 'bin/cloud-pubsub-emulator'],
  firestore: ['cloud-firestore-emulator', 'cloud_firestore_emulator', 'start'],
} as const;
export type EmulatorName = keyof typeof PROGRAM;

export interface Emulator {
  readonly address: string;
  /** Leads the group of its processes. */
  readonly pid: number;
  close(): Promise<void>;
}

/** The folder of the emulator; undefined where it, or a Java, is not on the machine. */
export function emulatorFolder(name: EmulatorName): string | undefined {
  const gcloud = onPath('gcloud');
  if (!gcloud || !onPath('java')) return undefined;
  const folder = join(dirname(realpathSync(gcloud)), '..', 'platform', PROGRAM[name][0]);
  return existsSync(join(folder, PROGRAM[name][1])) ? folder : undefined;
}

/** Starts the emulator and resolves when it takes connections. */
export async function startEmulator(name: EmulatorName): Promise<Emulator> {
  const folder = emulatorFolder(name);
  if (!folder) throw new Error(`Google's ${name} emulator is not on this machine`);
  const [, program, ...first] = PROGRAM[name];
  const port = await freePort();
  // A group of its own: the program is a script that starts a Java.
  const child = spawn(join(folder, program), [...first, '--host=127.0.0.1', `--port=${port}`], {
    cwd: folder,
    stdio: 'ignore',
    detached: true,
  });
  await listening(child, port);
  const { pid } = child;
  if (pid === undefined) throw new Error(`Google's ${name} emulator could not be started`);
  return {
    address: `127.0.0.1:${port}`,
    pid,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      process.kill(-pid, 'SIGKILL');
      await exited;
    },
  };
}

function onPath(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the emulator ended with exit code ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      // Nobody listens yet. A refused connection comes back at once: give the processor away.
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      socket.destroy();
    }
  }
}
