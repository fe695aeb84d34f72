// What the projects install that were built against the package alone.
import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { PREFIX, assertAdapter, inTemporaryFolder, installProject, sidecarOf } from './lib/package.mjs';

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
