/**
 * Loaded into each function's process before the function: the process tells its parent when it listens, and does not
 * outlive it, however the parent ends.
 */
import { subscribe } from 'node:diagnostics_channel';

// https://nodejs.org/api/diagnostics_channel.html#net
subscribe('tracing:net.server.listen:asyncEnd', () => process.send?.('listening'));
process.on('disconnect', () => process.exit(0));
// The channel to the parent must not keep a function alive that would end by itself.
process.channel?.unref();
