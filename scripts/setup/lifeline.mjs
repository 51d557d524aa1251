/**
 * Ends this process when the launcher that started it is gone, however that ended: nobody passes signals on any more, and a server that lived
 * on would keep its ports and its data directory. The launcher holds the other end of a pipe, and never writes to it.
 *
 * Threads load this file too, as they inherit the options of their process. They leave the pipe alone: a thread would close it at its end,
 * and whichever socket got its number next would be taken for the pipe.
 */
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const PIPE = 3;

if (isMainThread)
  new Socket({ fd: PIPE })
    .on('error', () => {})
    .on('close', () => process.kill(process.pid, 'SIGTERM'))
    .resume()
    .unref();
