import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { CHECKOUT, upward } from '../place.ts';

/** What other commands are told of the mesh that runs here. */
export const LocalMeshState = z.object({
  pid: z.int(),
  startedAt: z.string(),
  project: z.string(),
  prefix: z.string(),
  /** The environment that points Google's clients, and the agents, at the local cloud. */
  env: z.record(z.string(), z.string()),
  /** Addresses by name, for people: `pubsub`, `firestore`, …, and the providers' sandboxes. */
  addresses: z.record(z.string(), z.string()),
  logs: z.string(),
  /** The agents' folder. */
  agents: z.string(),
});
export type LocalMeshState = z.infer<typeof LocalMeshState>;

const FILE = join('.mesh', 'local.json');

const stateFileOf = (project: string) => join(project, FILE);

/** Written whole or not at all: whoever finds the file finds a mesh that is ready. Only its owner may read it. */
export function writeState(project: string, state: LocalMeshState): void {
  const file = stateFileOf(project);
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** Removes the file, if it is still about the mesh of process `pid`. */
export function removeState(project: string, pid: number): void {
  if (readState(stateFileOf(project))?.pid === pid) rmSync(stateFileOf(project), { force: true });
}

/** The mesh that runs in the nearest folder upward from `from`, or in the checkout. Files that dead ones left are passed over. */
export function findLocalMesh(from: string): LocalMeshState | undefined {
  for (const folder of [...upward(from), CHECKOUT]) {
    const state = readState(stateFileOf(folder));
    if (state && isAlive(state.pid)) return state;
  }
  return undefined;
}

/** The mesh that runs in this very project. */
export function localMeshOf(project: string): LocalMeshState | undefined {
  const state = readState(stateFileOf(project));
  return state && isAlive(state.pid) ? state : undefined;
}

function readState(file: string): LocalMeshState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return LocalMeshState.parse(JSON.parse(text));
  } catch {
    // Another version's, or damaged: there is nothing to be had from it.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
