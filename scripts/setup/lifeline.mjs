/**
 * Ends this process when the launcher that started it is gone, however that ended: nobody passes signals on any more, and a server that lived
 * on would keep its ports and its data directory. The launcher holds the other end of a pipe, and never writes to it.
 */
import { Socket } from 'node:net';

const PIPE = 3;

new Socket({ fd: PIPE })
  .on('error', () => {})
  .on('close', () => process.kill(process.pid, 'SIGTERM'))
  .resume()
  .unref();
