// What the commands print and how they end, against a real host: for people, and with --json.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Host, bin, run, temporaryFolder } from './lib/host.mjs';

let host;
const patchbay = (...args) => run(bin('patchbay'), [...args, '--data', host.data]);

before(async () => {
  host = new Host();
  await host.start();
  const said = await run(bin('patchbay'), ['chat', 'ada', '--data', host.data], { input: 'good morning\n' });
  assert.equal(said.stdout, 'good morning\n', said.stderr);
});
after(async () => {
  await host?.stop();
  host?.remove();
});

test('status tells the host, its agents and its instances', async () => {
  const told = await patchbay('status');
  assert.deepEqual([told.code, told.stderr], [0, '']);
  assert.match(told.stdout, new RegExp(`^patchbay \\S+, process ${host.pid}, up \\d+ `));
  assert.match(told.stdout, /\nagents: \d+ running, \d+ queued, 8 at the most\n/);
  assert.match(told.stdout, /\nINSTANCE +CHANNEL +STATE +IN +OUT +FAILED +WHY\nconsole +console +online +1 +1 +0/);
  const facts = JSON.parse((await patchbay('status', '--json')).stdout);
  assert.deepEqual([facts.pid, facts.dataDir, facts.instances[0].state], [host.pid, host.data, 'online']);
});

test('sessions and deliveries are tables, and the same as JSON', async () => {
  const sessions = await patchbay('sessions');
  assert.match(sessions.stdout, /^SESSION +ID +AGENT +STATE +CHAT +LAST ACTIVE\nagent:main:main +\S+ +main +\S+ +console:dm:ada/);
  assert.equal(JSON.parse((await patchbay('sessions', '--json')).stdout).sessions[0].key, 'agent:main:main');
  const deliveries = await patchbay('deliveries');
  assert.match(deliveries.stdout, /^ID +STATE +CHAT +ATTEMPTS +ACCEPTED +TEXT +REASON\n1 +delivered +console:dm:ada +1 +\S+ +good morning\n$/);
  assert.match((await patchbay('deliveries', 'delivered')).stdout, /good morning/);
  assert.doesNotMatch((await patchbay('deliveries', 'failed')).stdout, /good morning/);
  assert.equal(JSON.parse((await patchbay('deliveries', '--json')).stdout).deliveries[0].state, 'delivered');
});

test('trace tells a delivery by its number, its row and the id on the platform', async () => {
  const [delivery] = await host.deliveries();
  for (const id of [String(delivery.id), delivery.rowId, delivery.parts[0].remoteId]) {
    const told = await patchbay('trace', id);
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /^delivery 1 of row \S+\n  written by agent main, session \S+ as row /);
    assert.match(told.stdout, /\n  part 0 is on the platform as \S+\n  delivered \S+\n/);
  }
  const unknown = await patchbay('trace', 'nothing-like-it');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /^patchbay: nothing is known of "nothing-like-it"/);
});

test('lists need no limit', async () => {
  assert.equal((await host.call('sessions.list')).count, 1);
  assert.equal((await host.call('deliveries.list')).count, 1);
  assert.equal((await host.call('deliveries.list', { limit: 1, state: 'delivered' })).count, 1);
});

test('parameters are closed objects', async () => {
  await assert.rejects(host.call('status', { bogus: 1 }), /INVALID_REQUEST: invalid status params: at root: unexpected property 'bogus'/);
  await assert.rejects(host.call('sessions.list', { limit: 0 }), /invalid sessions\.list params: at \/limit: must be >= 1/);
  await assert.rejects(host.call('trace'), /invalid trace params: must have required property 'id'/);
});

test('a frame without end is answered before the connection closes', async () => {
  const socket = net.connect(path.join(host.data, 'run', 'control.sock'));
  const answer = await new Promise((resolve, reject) => {
    let text = '';
    socket.on('connect', () => socket.write('x'.repeat(1024 * 1024 + 10)));
    socket.on('data', (bytes) => { text += bytes; });
    socket.on('error', () => {}); // it closes before it has read all
    socket.on('close', () => (text ? resolve(JSON.parse(text)) : reject(new Error('no answer'))));
  });
  assert.deepEqual([answer.id, answer.ok, answer.error.code], ['invalid', false, 'INVALID_REQUEST']);
});

for (const args of [['deliveries', 'bogus'], ['deliveries', '--limit', '0'], ['run', 'foo'], ['status', 'extra'],
  ['deliveries', 'waiting', 'extra'], ['status', '--check-config'], ['trace'], ['nope'], ['config', 'nope']]) {
  test(`wrong usage: ${args.join(' ')}`, async () => {
    const told = await patchbay(...args);
    assert.deepEqual([told.code, told.signal, told.stdout], [2, null, ''], told.stderr);
    assert.match(told.stderr, /^patchbay: .+\n$/);
  });
}

test('without a host the exit code is 3 and the remedy is said', async () => {
  const folder = temporaryFolder();
  for (const command of ['status', 'sessions', 'deliveries']) {
    const told = await run(bin('patchbay'), [command, '--data', folder]);
    assert.equal(told.code, 3);
    assert.match(told.stderr, /no host runs on .*; start it with `patchbay`/);
  }
  fs.rmSync(folder, { recursive: true, force: true });
});

test('a question needs none of the secrets of the host', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'patchbay.json');
  fs.writeFileSync(file, JSON.stringify({
    data_dir: host.data,
    instances: { telegram: { channel: 'telegram', settings: { bot_token: { env: 'PATCHBAY_TEST_NOT_SET' } } } },
    agents: { main: { command: ['patchbay-agent', '--echo'] } },
  }), { mode: 0o600 });
  const told = await run(bin('patchbay'), ['status', '--config', file, '--json']);
  assert.equal(told.code, 0, told.stderr);
  assert.equal(JSON.parse(told.stdout).pid, host.pid);
  fs.rmSync(folder, { recursive: true, force: true });
});

test('the reference is Markdown, and with --json the same keys', async () => {
  const text = await run(bin('patchbay'), ['config', 'reference']);
  const keys = JSON.parse((await run(bin('patchbay'), ['config', 'reference', '--json'])).stdout);
  assert.equal(text.stdout.trim().split('\n').length, keys.length + 2);
  assert.deepEqual(keys.find((entry) => entry.key === 'log.level').choices, ['debug', 'info', 'warning', 'error']);
});
