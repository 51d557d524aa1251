import type { StartInstance } from '../../emulator/run/instance.ts';
import { type LocalMesh, type LocalMeshOptions, startLocalMesh } from './local-mesh.ts';

/** Takes every message and does nothing. */
const sink: StartInstance = (_spec, events) => {
  queueMicrotask(events.ready);
  let ended = false;
  const end = () => {
    if (!ended) queueMicrotask(() => events.exited('ended'));
    ended = true;
  };
  return {
    pid: undefined,
    forward: async () => ({ status: 204, headers: {}, body: new Uint8Array() }),
    terminate: end,
    kill: end,
  };
};

/**
 * A local mesh without agents, for one that is started by somebody else: all that it needs is there (`envOf` says where), and what it
 * sends is taken by nobody.
 */
export function startStage(options: Omit<LocalMeshOptions, 'start' | 'bundles'>): Promise<LocalMesh> {
  return startLocalMesh({ ...options, start: sink });
}
