'use strict';
// Plain JavaScript for whatever Node.js starts it: it only finds a Node.js that is recent enough, and hands over.

const { existsSync, realpathSync } = require('node:fs');
const { execFileSync, spawn } = require('node:child_process');
const { dirname, join } = require('node:path');

const NEEDED_MAJOR = 24;
const root = dirname(dirname(realpathSync(__filename)));

function majorOf(version) {
  return Number(/^v?(\d+)\./.exec(version)?.[1] ?? 0);
}

/** The path of a Node.js >= 24: the one that runs this, the optional dependency's, or the PATH's. */
function findNode() {
  if (majorOf(process.version) >= NEEDED_MAJOR) return process.execPath;
  const name = `node-linux-${process.arch}`;
  for (const paths of [[root], undefined]) {
    try {
      const found = join(dirname(require.resolve(`${name}/package.json`, paths && { paths })), 'bin', 'node');
      if (existsSync(found)) return found;
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const candidate = join(folder, 'node');
    if (existsSync(candidate) && majorOf(execFileSync(candidate, ['--version'], { encoding: 'utf8' })) >= NEEDED_MAJOR) return candidate;
  }
  process.stderr.write(
    `gantry needs Node.js ${NEEDED_MAJOR} or newer; this is ${process.version} and the optional dependency ${name} is not installed. ` +
      `Run: npm install --include=optional\n`,
  );
  process.exit(1);
}

/** Runs Node.js >= 24 with these arguments in place of this process, as far as Node.js can: signals and exit status pass through. */
function handOver(nodeArguments) {
  const env = { ...process.env };
  // Each thread has a heap of its own in the C library otherwise: 3 MB that an idle daemon keeps.
  env.MALLOC_ARENA_MAX ??= '2';
  env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'gantry');
  env.PATH = `${dirname(findNode())}:${env.PATH ?? ''}`;
  const child = spawn(findNode(), nodeArguments, { stdio: 'inherit', env });
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH'];
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`gantry cannot start ${findNode()}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of forwarded) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

module.exports = { findNode, handOver, majorOf, root, NEEDED_MAJOR };
