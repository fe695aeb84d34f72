// examples/c, the smallest adapter in C.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { CC, CMAKE, PREFIX, assertAdapter, inTemporaryFolder, succeed } from './lib/package.mjs';
import { testLines } from './lib/lines.mjs';
import { buildWithCMake, linesOf } from './lib/sample.mjs';

const SAMPLE = path.join(PREFIX, 'share/doc/patchbay/examples/c');

test('it is one file of less than 200 lines', () => {
  assert.ok(linesOf(path.join(SAMPLE, 'lines.c')) < 200);
});

// The other way of its README.
test('it needs no CMake project', () => inTemporaryFolder(async (folder) => {
  const library = path.join(folder, 'lines.so');
  const env = { PKG_CONFIG_PATH: path.join(PREFIX, 'lib/pkgconfig') };
  const ask = (...question) => succeed('pkg-config', [...question, 'patchbay'], { env });
  await succeed(CC, ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-shared', '-fPIC',
    path.join(SAMPLE, 'lines.c'), '-o', library, ...(await ask('--cflags', '--libs')).split(/\s+/)]);
  await succeed(CMAKE, [`-DLIBRARY=${library}`, '-DCHANNEL=lines', '-DVERSION=1.0.0', '-DVENDOR=Example',
    '-DLICENCE=Apache-2.0', `-DSCHEMA=${SAMPLE}/settings.schema.json`, '-P', await ask('--variable=sidecar')]);
  await assertAdapter(library);
}));

testLines('c', 'lines', buildWithCMake);
