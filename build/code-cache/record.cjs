'use strict';
/**
 * Serves the bundle in the folder given, as its own `index.cjs` does, and when told to, writes V8's cache of its code to the file given: of
 * the functions that have run by then.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const [directory, output] = process.argv.slice(2);
const file = join(directory, 'agent.js');
const script = new Script(readFileSync(file, 'latin1'), { filename: 'agent.js' });
const code = { exports: {} };
script.runInThisContext().call(code.exports, createRequire(file), code, code.exports, file, directory);
process.on('message', () => {
  writeFileSync(output, script.createCachedData());
  process.send('written');
});
code.exports.serve();
