// What the projects install that were built against the package alone.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../e2e/lib/host.mjs';
import { CC, CMAKE, PREFIX, assertAdapter, inTemporaryFolder, installProject, sidecarOf } from './lib/package.mjs';

test('a bundled adapter that is built alone is the one of the package', () => inTemporaryFolder(async (folder) => {
  for (const name of ['console', 'telegram']) {
    const plugins = await installProject(name, folder);
    const { sha256: _, ...alone } = await assertAdapter(path.join(plugins, `${name}.so`));
    const { sha256: __, ...bundled } = sidecarOf(path.join(PREFIX, 'lib/patchbay/plugins', `${name}.so`));
    assert.deepEqual(alone, bundled);
  }
}));

// Stripping changes the file, and the host compares its hash.
for (const options of [[], ['--strip']]) {
  test(`an author's adapters, installed with [${options}], are what they say`, () => inTemporaryFolder(async (folder) => {
    const plugins = await installProject('outside', folder, ...options);
    const plain = await assertAdapter(path.join(plugins, 'plain.so'));
    assert.deepEqual([plain.id, plain.version, plain.vendor, plain.licence], ['plain', '3.2.1', 'Example "Ltd"', 'MIT']);
    assert.deepEqual([plain.allowed_hosts, plain.settings], [[], undefined]);
    const modern = await assertAdapter(path.join(plugins, 'modern.so'));
    assert.deepEqual(modern.allowed_hosts, ['a.example.org', 'b.example.org']);
    assert.equal(modern.settings.properties.token.secret, true);
  }));
}

// Nobody's adapter is ours, or under our licence, because its author forgot to say.
for (const [given, missing] of [['LICENCE MIT', 'VENDOR'], ['VENDOR Example', 'LICENCE']]) {
  test(`an adapter without ${missing} is not configured`, () => inTemporaryFolder(async (folder) => {
    fs.writeFileSync(path.join(folder, 'CMakeLists.txt'), `cmake_minimum_required(VERSION 3.25)
project(Mine VERSION 1.0 LANGUAGES C)
enable_testing()
find_package(Patchbay REQUIRED)
patchbay_add_adapter(mine SOURCES mine.c ${given})
`);
    const { code, stderr } = await run(CMAKE, ['-S', folder, '-B', path.join(folder, 'build'),
      `-DCMAKE_PREFIX_PATH=${PREFIX}`, `-DCMAKE_C_COMPILER=${CC}`]);
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`patchbay_add_adapter\\(mine\\) needs a ${missing}`));
  }));
}
