'use strict';
/**
 * What a bundle is started by. Run, it serves the agent, with the functions framework's own options and environment; loaded by a
 * functions framework, it exports the agent's function under the agent's name.
 *
 * The code comes with V8's cache of it, made by the Node in package.json. Another's is refused by V8: then the code is compiled anew, which
 * is slower and nothing else. Node's own compile cache would not be found elsewhere: its folder is named after the user and the
 * processor.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const file = join(__dirname, 'agent.js');
let cachedData;
try {
  cachedData = readFileSync(join(__dirname, 'agent.cache'));
} catch {
  // Built without one.
}
// All ASCII: read as such, it takes a byte for each character. Its name is the same everywhere, as it is in the cache.
const script = new Script(readFileSync(file, 'latin1'), { filename: 'agent.js', cachedData });
if (script.cachedDataRejected) {
  // Who runs this wants to know why it starts slower than it was measured.
  const { codeCache } = require('./package.json');
  const message = `the code cache is of Node ${codeCache.node}, this is ${process.versions.node}: the code is compiled anew, and starts slower`;
  process.stdout.write(`${JSON.stringify({ severity: 'NOTICE', message })}\n`);
}
const code = { exports: {} };
script.runInThisContext().call(code.exports, require, code, code.exports, file, __dirname);
const { agent, handler, serve } = code.exports;
module.exports = { [agent]: handler };
if (require.main === module) serve();
