// A sample as its reader has it: copied out of the installed package, built where nothing else is.
import fs from 'node:fs';
import path from 'node:path';
import { bin, temporaryFolder } from '../../e2e/lib/host.mjs';
import { CMAKE, PREFIX, assertAdapter, succeed } from './package.mjs';

const CTEST = process.env.CTEST ?? 'ctest';

// In a folder outside of the tree, which the caller removes.
export function copyOfSample(name) {
  const folder = temporaryFolder();
  const sample = path.join(folder, name);
  fs.cpSync(path.join(PREFIX, 'share/doc/patchbay/examples', name), sample, { recursive: true });
  return { folder, sample };
}

export const linesOf = (file) => fs.readFileSync(file, 'utf8').split('\n').length - 1;

// As its README says, tests included; returns its plugin folder. Optimised, if only a little: an adapter whose parser
// is not needs more than a call's 50 ms for the deepest of the validator's payloads.
export async function buildWithCMake(sample) {
  const build = path.join(sample, 'build');
  const env = { CCACHE_BASEDIR: path.dirname(sample) };
  await succeed(CMAKE, ['-S', sample, '-B', build, `-DCMAKE_PREFIX_PATH=${PREFIX}`, '-DCMAKE_BUILD_TYPE=Debug',
    '-DCMAKE_CXX_FLAGS_DEBUG=-O1'], { env, timeout: 300_000 });
  await succeed(CMAKE, ['--build', build], { env, timeout: 300_000 });
  await succeed(CTEST, ['--test-dir', build, '--output-on-failure', '--no-tests=error'], { timeout: 300_000 });
  return path.join(build, 'plugins');
}

// The package's own word on an adapter; `settings`: those that it cannot do without, made up.
export async function assertSample(library, settings = {}) {
  await assertAdapter(library);
  const config = `${library}.settings.json`;
  fs.writeFileSync(config, JSON.stringify(settings));
  await succeed(bin('patchbay-validate'), [library, '--config', config], { timeout: 300_000 });
}

// One instance of the sample, wired to an agent that answers with what it is told.
export function echoConfig(channel, instance = {}) {
  return {
    instances: { [channel]: { channel, ...instance } },
    agents: { main: { command: [bin('patchbay-agent'), '--echo'] } },
    wirings: [{ chats: `${channel}:*`, agent: 'main', engage: 'always' }],
    log: { level: 'debug' },
  };
}

// Runs the body with a started host; what it logged is told with a failure.
export async function withHost(host, body) {
  try {
    await host.start();
    await body(host);
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-6000)}`;
    throw error;
  } finally {
    await host.kill();
    host.remove();
  }
}
