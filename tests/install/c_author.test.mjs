// An author who has a C compiler and pkg-config: one file becomes an adapter that runs in the host.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Host, bin, until } from '../e2e/lib/host.mjs';
import { CC, CMAKE, PREFIX, assertAdapter, inTemporaryFolder, succeed } from './lib/package.mjs';

const PLAIN = fileURLToPath(new URL('outside/plain.c', import.meta.url));
const env = { PKG_CONFIG_PATH: path.join(PREFIX, 'lib/pkgconfig') };
const ask = (...question) => succeed('pkg-config', [...question, 'patchbay'], { env });

async function buildPlain(library) {
  const flags = (await ask('--cflags', '--libs')).split(/\s+/);
  await succeed(CC, ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-shared', '-fPIC', PLAIN, '-o', library, ...flags]);
  await succeed(CMAKE, [`-DLIBRARY=${library}`, '-DCHANNEL=plain', '-DVERSION=3.2.1', '-DVENDOR=Example',
    '-DLICENCE=MIT', '-P', await ask('--variable=sidecar')]);
}

test('plugindir is where the package keeps its adapters', async () => {
  const folder = fs.realpathSync(await ask('--variable=plugindir'));
  assert.equal(folder, fs.realpathSync(path.join(PREFIX, 'lib/patchbay/plugins')));
});

test('a program that only uses the header compiles', () => inTemporaryFolder(async (folder) => {
  const program = path.join(folder, 'user');
  fs.writeFileSync(`${program}.c`, '#include <patchbay/adapter.h>\nint main(void) { return PBAY_OK; }\n');
  const flags = (await ask('--cflags')).split(/\s+/);
  await succeed(CC, ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', ...flags, `${program}.c`, '-o', program]);
  await succeed(program, []);
}));

test('one C file, two commands, an adapter that the host runs', () => inTemporaryFolder(async (folder) => {
  const library = path.join(folder, 'plain.so');
  await buildPlain(library);
  await assertAdapter(library);
  const host = new Host({ plugins: folder, config: {
    instances: { plain: { channel: 'plain' } },
    agents: { main: { command: [bin('patchbay-agent'), '--echo'] } },
  } });
  try {
    await host.start();
    await until(async () => (await host.call('status')).instances[0]?.state === 'online', 'the instance to be online');
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
  } finally {
    await host.kill();
    host.remove();
  }
}));
