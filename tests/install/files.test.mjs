// Which files `cmake --install` gives, and that they can be moved anywhere.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CMAKE, PREFIX, TREE, assertAdapter, filesBelow, inTemporaryFolder, succeed } from './lib/package.mjs';

const SOURCE = path.resolve(fileURLToPath(new URL('../..', import.meta.url)));

function expectedFiles() {
  const plain = fs.readFileSync(new URL('files.txt', import.meta.url), 'utf8').trim().split('\n');
  const headers = ['plugin_api/include', 'plugin_api/testkit/include']
    .flatMap((folder) => filesBelow(path.join(SOURCE, folder))).map((name) => `include/${name}`);
  const documents = filesBelow(path.join(SOURCE, 'docs')).filter((name) => name.endsWith('.md'))
    .map((name) => `share/doc/patchbay/docs/${name}`);
  const examples = filesBelow(path.join(SOURCE, 'examples')).filter((name) => !/(^|\/)(build|plugins|target)\//.test(name))
    .map((name) => `share/doc/patchbay/examples/${name}`);
  return [...plain, ...headers, ...documents, ...examples].sort();
}

// The build type and the version of the ABI are parts of a name each.
const shown = (files) => files.map((name) => name.replace(/Targets-\w+\.cmake$/, 'Targets-BUILD_TYPE.cmake')
  .replace(/plugin_api\/abi\/\d+\.\d+(-draft\d+)?\//, 'plugin_api/abi/ABI_VERSION/')).sort();

test('every file is there, and no other', () => {
  assert.deepEqual(shown(filesBelow(PREFIX)), expectedFiles());
});

test('the layout is that of the headers beside it', async () => {
  const layout = filesBelow(PREFIX).find((name) => name.endsWith('/layout.txt'));
  assert.equal(fs.readFileSync(path.join(PREFIX, layout), 'utf8').trimEnd(),
    await succeed(path.join(SOURCE, 'scripts/freeze-abi'), ['--layout', path.join(PREFIX, 'include')]));
});

test('programs can be executed and need no run path', async () => {
  for (const program of ['bin/patchbay', 'bin/patchbay-agent', 'bin/patchbay-validate', 'libexec/patchbay/patchbay-adapter-runner']) {
    const file = path.join(PREFIX, program);
    assert.equal(fs.statSync(file).mode & 0o777, 0o755, program);
    assert.doesNotMatch(await succeed('readelf', ['-d', file]), /RPATH|RUNPATH/, program);
  }
  assert.match(await succeed(path.join(PREFIX, 'bin/patchbay'), ['--version']), /\d+\.\d+\.\d+/);
});

test('no text names the folder that it was built or installed in', () => {
  for (const name of filesBelow(PREFIX).filter((file) => /\.(cmake|pc|json|h|hpp|map)$/.test(file))) {
    const text = fs.readFileSync(path.join(PREFIX, name), 'utf8');
    assert.ok(!text.includes(SOURCE) && !text.includes(TREE), name);
  }
});

test('DESTDIR puts the same files below it, each adapter with the hash of its file', () => inTemporaryFolder(async (folder) => {
  await succeed(CMAKE, ['--install', TREE, '--prefix', '/usr', '--strip'], { env: { DESTDIR: folder } });
  assert.deepEqual(fs.readdirSync(folder), ['usr']);
  assert.deepEqual(filesBelow(path.join(folder, 'usr')), filesBelow(PREFIX));
  const plugins = path.join(folder, 'usr/lib/patchbay/plugins');
  for (const name of fs.readdirSync(plugins).filter((file) => file.endsWith('.so'))) {
    await assertAdapter(path.join(plugins, name));
  }
}));
