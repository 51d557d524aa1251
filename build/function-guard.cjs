'use strict';
/** Loaded into a function's process before it: the process does not outlive the one that started it, however that ends. */
process.on('disconnect', () => process.exit(0));
// The channel must not keep a function alive that would end by itself.
process.channel?.unref();
