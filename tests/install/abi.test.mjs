// Old and new: the sample of every frozen ABI, and today's sample, built with the headers of every frozen
// ABI and loaded by today's host. While the ABI is a draft the host takes its own and refuses every other.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Host, temporaryFolder, until } from '../e2e/lib/host.mjs';
import { CC, CMAKE, PREFIX, succeed } from './lib/package.mjs';
import { echoConfig, withHost } from './lib/sample.mjs';

const FROZEN = fileURLToPath(new URL('../../plugin_api/abi', import.meta.url));
const INCLUDE = path.join(PREFIX, 'include');
const TODAY = path.join(PREFIX, 'share/doc/patchbay/examples/c/lines.c');

// "1.0-draft2", as adapter.h says it.
function versionOf(include) {
  const text = fs.readFileSync(path.join(include, 'patchbay/adapter.h'), 'utf8');
  const number = (name) => Number(new RegExp(`#define PBAY_ABI_${name} (\\d+)u`).exec(text)[1]);
  return { text: `${number('MAJOR')}.${number('MINOR')}`, draft: number('DRAFT') };
}

// The compiled source and a sidecar that tells the truth about it, in a plugin folder.
async function build(source, include, plugins) {
  const library = path.join(plugins, 'lines.so');
  const map = path.join(PREFIX, 'lib/cmake/Patchbay/adapter.map');
  await succeed(CC, ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-shared', '-fPIC', `-I${include}`,
    `-Wl,--version-script=${map}`, '-Wl,-z,nodelete', source, '-o', library]);
  await succeed(CMAKE, [`-DLIBRARY=${library}`, '-DCHANNEL=lines', '-DVERSION=1.0.0', '-DVENDOR=Example', '-DLICENCE=MIT',
    `-DHEADER=${include}/patchbay/adapter.h`, '-P', path.join(PREFIX, 'lib/cmake/Patchbay/PatchbaySidecar.cmake')]);
  return library;
}

async function inPluginFolder(body) {
  const plugins = temporaryFolder();
  try {
    await body(plugins);
  } finally {
    fs.rmSync(plugins, { recursive: true, force: true });
  }
}

const asked = (plugins, body) => withHost(new Host({ plugins, config: echoConfig('lines') }), async (host) => {
  const status = await host.call('status');
  await body(host, status.plugins.find(({ path: library }) => library.endsWith('/lines.so')));
});

const serves = (plugins) => asked(plugins, async (host, plugin) => {
  assert.equal(plugin.problem, '');
  await until(async () => (await host.call('status')).instances[0].state === 'online', 'the instance to be online');
});
const isRefused = (plugins, draft) => asked(plugins, (host, plugin) => {
  const now = versionOf(INCLUDE);
  assert.equal(plugin.problem, `${plugins}/lines.so: it was built for draft ${draft} of adapter ABI ${now.text}, this host `
    + `has draft ${now.draft}: build the adapter against this host's headers`);
});

test('what is installed is frozen', () => {
  const { text, draft } = versionOf(INCLUDE);
  assert.ok(fs.readdirSync(FROZEN).includes(draft === 0 ? text : `${text}-draft${draft}`));
});

for (const frozen of fs.readdirSync(FROZEN)) {
  const include = path.join(FROZEN, frozen, 'include');
  const { draft } = versionOf(include);
  const accepted = draft === 0 || draft === versionOf(INCLUDE).draft;
  const own = path.join(FROZEN, frozen, 'sample.c');
  test(`the sample of ${frozen} with its headers, in today's host`, () => inPluginFolder(async (plugins) => {
    await build(own, include, plugins);
    await (accepted ? serves(plugins) : isRefused(plugins, draft));
  }));
  // Nobody promises that it compiles with a draft of the past.
  if (!accepted) continue;
  test(`today's sample with the headers of ${frozen}, in today's host`, () => inPluginFolder(async (plugins) => {
    await build(TODAY, include, plugins);
    await serves(plugins);
  }));
}

test('an adapter of another draft is refused, whether its sidecar says so or not', () => inPluginFolder(async (plugins) => {
  const include = path.join(plugins, 'include');
  fs.cpSync(INCLUDE, include, { recursive: true });
  const header = path.join(include, 'patchbay/adapter.h');
  fs.writeFileSync(header, fs.readFileSync(header, 'utf8').replace(/#define PBAY_ABI_DRAFT \d+u/, '#define PBAY_ABI_DRAFT 9999u'));
  const library = await build(TODAY, include, plugins);
  await isRefused(plugins, 9999);
  const sidecarFile = library.replace(/\.so$/, '.adapter.json');
  const sidecar = JSON.parse(fs.readFileSync(sidecarFile, 'utf8'));
  assert.equal(sidecar.sha256, createHash('sha256').update(fs.readFileSync(library)).digest('hex'));
  sidecar.abi.draft = versionOf(INCLUDE).draft;
  fs.writeFileSync(sidecarFile, JSON.stringify(sidecar));
  await isRefused(plugins, 9999);
}));
