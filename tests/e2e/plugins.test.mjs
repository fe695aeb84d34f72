// Plugins that are wrong, each in its way, beside one that is right: one line with the remedy for each,
// and the right one serves. The libraries are real; those that are wrong by themselves are built for
// the unit tests (tests/unit/adapters/broken_adapter.c).
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { BUILD, Host, PLUGINS, bin, run, temporaryFolder, until } from './lib/host.mjs';
import { WAITING, plantDeliveries } from './lib/ledger.mjs';

const built = (name) => fs.readFileSync(path.join(BUILD, 'tests/unit/adapters/libraries', `${name}.so`));
const rightSidecar = JSON.parse(fs.readFileSync(path.join(PLUGINS, 'console.adapter.json')));

function write(folder, file, content, mode = 0o644) {
  fs.writeFileSync(path.join(folder, file), content);
  fs.chmodSync(path.join(folder, file), mode); // whatever the umask is
}

// A library with a sidecar that is right, but for `change`.
function plugin(folder, name, library, { mode, sidecarMode, ...change } = {}) {
  const sha256 = crypto.createHash('sha256').update(library).digest('hex');
  write(folder, `${name}.so`, library, mode);
  write(folder, `${name}.adapter.json`, JSON.stringify({ ...rightSidecar, id: name, sha256, ...change }), sidecarMode);
}

const TAKE_OUT = 'take it out of the plugin folder, or get a working build';
const WRONG = {
  'a library that others can write': {
    make: (folder) => plugin(folder, 'open', built('scripted'), { mode: 0o666 }),
    says: (folder) => `${folder}/open.so can be written by others: chmod go-w ${folder}/open.so` },
  'a sidecar that others can write': {
    make: (folder) => plugin(folder, 'opencar', built('scripted'), { sidecarMode: 0o666 }),
    says: (folder) => `${folder}/opencar.so: ${folder}/opencar.adapter.json can be written by others: chmod go-w ${folder}/opencar.adapter.json` },
  'a library without a sidecar': {
    make: (folder) => write(folder, 'alone.so', built('scripted')),
    says: (folder) => `${folder}/alone.so: it has no sidecar ${folder}/alone.adapter.json, so nothing of it is run: build it with patchbay_add_adapter(), or take it out` },
  'a text that is called a library': {
    make: (folder) => plugin(folder, 'text', 'not a library'),
    says: (folder) => new RegExp(`^${folder}/text\\.so: it cannot be loaded \\(.*file too short.*\\): install what it needs, or build it for this system$`) },
  'a library that is no adapter': {
    make: (folder) => plugin(folder, 'no-symbol', built('no_symbol')),
    says: (folder) => `${folder}/no-symbol.so: it is no Patchbay adapter, it exports no patchbay_adapter_v1: take it out of the plugin folder` },
  'one of a newer major': {
    make: (folder) => plugin(folder, 'newer-major', built('newer_major')),
    says: (folder) => `${folder}/newer-major.so: it speaks adapter ABI 2.0, one of a newer major than this host's 1.0: update Patchbay` },
  'one that says so in its sidecar alone': {
    make: (folder) => plugin(folder, 'major-car', built('scripted'), { abi: { ...rightSidecar.abi, major: 2 } }),
    says: (folder) => `${folder}/major-car.so: it speaks adapter ABI 2.0, one of a newer major than this host's 1.0: update Patchbay` },
  'one that needs a newer minor': {
    make: (folder) => plugin(folder, 'minor', built('needs_newer_minor')),
    says: (folder) => `${folder}/minor.so: it needs adapter ABI 1.7, this host has 1.0: update Patchbay` },
  'one that crashes in its probe': {
    make: (folder) => plugin(folder, 'crashes', built('crashes')),
    says: (folder) => `${folder}/crashes.so: it crashed (Aborted) when it was opened in a probe: ${TAKE_OUT}` },
  'one that ends its probe': {
    make: (folder) => plugin(folder, 'exits', built('exits')),
    says: (folder) => `${folder}/exits.so: it ended its process (exit code 0) when it was opened in a probe: ${TAKE_OUT}` },
  'one that is not the one of its sidecar': {
    make: (folder) => plugin(folder, 'other', built('scripted'), { sha256: '0'.repeat(64) }),
    says: (folder) => new RegExp(`^${folder}/other\\.so: it is not the file that its sidecar describes \\(SHA-256 .*\\): install it again$`) },
  'a folder that is not there': {
    make: () => {},
    says: (folder) => `plugin folder ${folder}/nowhere does not exist: create it, or correct plugins_dir or --plugins` },
};

let host;
let top;
let folder;
let problems; // what the log says was not loaded
before(async () => {
  top = temporaryFolder();
  folder = path.join(top, 'plugins');
  fs.mkdirSync(folder, { mode: 0o755 });
  for (const name of ['console.so', 'console.adapter.json']) write(folder, name, fs.readFileSync(path.join(PLUGINS, name)));
  for (const { make } of Object.values(WRONG)) make(folder);
  // The folder that is missing stands beside the good one.
  host = new Host({ data: path.join(top, 'data'), plugins: folder, args: ['--plugins', path.join(folder, 'nowhere')] });
  await host.start();
  problems = host.log.split('\n').filter((line) => line.includes('adapters.not_loaded'))
    .map((line) => JSON.parse(/ reason=(".*")$/.exec(line)?.[1] ?? `"no reason: ${line}"`));
});
after(async () => {
  await host?.kill();
  fs.rmSync(top, { recursive: true, force: true });
});

const fits = (says, text) => (says instanceof RegExp ? says.test(text) : says === text);

for (const [name, { says }] of Object.entries(WRONG)) {
  test(`${name}: one line with the remedy`, () => {
    assert.equal(problems.filter((text) => fits(says(folder), text)).length, 1, problems.join('\n'));
  });
}

test('nothing else is said of plugins, and the status has the same', async () => {
  assert.equal(problems.length, Object.keys(WRONG).length, problems.join('\n'));
  const { plugins } = await host.call('status');
  assert.deepEqual(plugins.map(({ problem }) => problem).filter(Boolean).sort(), [...problems].sort());
  const { stdout } = await run(bin('patchbay'), ['status', '--data', host.data]);
  assert.deepEqual(stdout.split('\n').filter((line) => line.startsWith('not loaded: ')).sort(),
    problems.map((text) => `not loaded: ${text}`).sort());
});

test('the one that is right serves, and the host ends in order', async () => {
  const answered = await run(bin('patchbay'), ['chat', 'ada', '--data', host.data], { input: 'still here\n' });
  assert.equal(answered.stdout, 'still here\n', answered.stderr + host.log);
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
});

test('one that hangs in its probe holds up the start for the time of a probe, and no more', async () => {
  const [slowTop, started] = [temporaryFolder(), Date.now()];
  const plugins = path.join(slowTop, 'plugins');
  fs.mkdirSync(plugins, { mode: 0o755 });
  for (const name of ['console.so', 'console.adapter.json']) write(plugins, name, fs.readFileSync(path.join(PLUGINS, name)));
  plugin(plugins, 'hangs', built('hangs'));
  const slow = new Host({ data: path.join(slowTop, 'data'), plugins });
  try {
    await slow.start();
    assert.ok(Date.now() - started >= 10_000);
    assert.match(slow.log, /adapters\.not_loaded reason=".*\/hangs\.so: it did not come back within 10000 ms when it was opened in a probe: take it out/);
    const answered = await run(bin('patchbay'), ['chat', 'ada', '--data', slow.data], { input: 'still here\n' });
    assert.equal(answered.stdout, 'still here\n', answered.stderr);
    assert.deepEqual(await slow.stop(), { code: 0, signal: null });
  } finally {
    await slow.kill();
    fs.rmSync(slowTop, { recursive: true, force: true });
  }
});

test('one whose call takes too long is named in the log, and goes on', async () => {
  const slowTop = temporaryFolder();
  const plugins = path.join(slowTop, 'plugins');
  fs.mkdirSync(plugins, { mode: 0o755 });
  plugin(plugins, 'scripted', built('scripted'), { version: '1.0', vendor: 'tests', abilities: [] });
  const slow = new Host({ data: path.join(slowTop, 'data'), plugins, config: {
    instances: { busy: { channel: 'scripted' } }, agents: { main: { command: ['/bin/false'] } }, people: { unknown_chats: 'drop' },
  } });
  try {
    await slow.start(); // makes its tables
    await slow.stop();
    // What it is to deliver tells this adapter what to do. So many messages in one call take a fifth
    // of a second, and with a sanitizer still no 5 s, after which it would be given up.
    plantDeliveries(slow.data, ['ok', 'submit-many 60000', 'ok'], { instance: 'busy', chat: 'busy:group:-100', state: WAITING });
    await slow.start();
    await until(async () => (await slow.deliveries('delivered')).length === 3, 'all to be delivered');
    const told = slow.log.split('\n').filter((line) => line.includes('adapter.slow_call instance=busy call=deliver '));
    assert.ok(told.length >= 1, 'nothing was told'); // a loaded machine may make another one slow
    const [, ms, limit] = / warning adapter\.slow_call .* ms=(\d+) limit_ms=(\d+)$/.exec(told[0]);
    assert.ok(Number(limit) === 50 && Number(ms) > 50, told[0]);
    const { instances: [instance] } = await slow.call('status');
    assert.deepEqual([instance.name, instance.state, instance.delivered, instance.violations], ['busy', 'online', 3, 0]);
    assert.deepEqual(await slow.stop(), { code: 0, signal: null });
  } catch (error) {
    error.message += `\n---- host log ----\n${slow.log.slice(-6000)}`;
    throw error;
  } finally {
    await slow.kill();
    fs.rmSync(slowTop, { recursive: true, force: true });
  }
});

test('with no folder at all the instance that cannot be says why', async () => {
  const empty = temporaryFolder();
  const alone = new Host({ data: path.join(empty, 'data'), plugins: path.join(empty, 'nowhere') });
  try {
    await alone.start();
    assert.match(alone.log, /plugin folder .*nowhere does not exist: create it, or correct plugins_dir or --plugins/);
    const { instances } = await alone.call('status');
    assert.equal(instances[0].state, 'failed');
    assert.notEqual(instances[0].userAction, '');
    assert.deepEqual(await alone.stop(), { code: 0, signal: null });
  } finally {
    await alone.kill();
    fs.rmSync(empty, { recursive: true, force: true });
  }
});
