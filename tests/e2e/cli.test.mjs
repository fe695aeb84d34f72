// What the commands print and how they end, against a real host: for people, and with --json.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { telegramConfig } from './lib/configs.mjs';
import { readLive } from './lib/databases.mjs';
import { Host, bin, run, temporaryFolder, until } from './lib/host.mjs';
import { TelegramServer } from './telegram/server.mjs';

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
  assert.match(told.stdout, /\nINSTANCE +CHANNEL +STATE +IN +OUT +FAILED +UNKNOWN +WHY\nconsole +console +online +1 +1 +0 +0\n$/);
  const facts = JSON.parse((await patchbay('status', '--json')).stdout);
  assert.deepEqual([facts.pid, facts.dataDir, facts.instances[0].state], [host.pid, host.data, 'online']);
});

test('sessions and deliveries are tables, and the same as JSON', async () => {
  const sessions = await patchbay('sessions');
  assert.match(sessions.stdout, /^SESSION +ID +AGENT +STATE +CHAT +LAST ACTIVE +WHY\nagent:main:main +\S+ +main +\S+ +console:dm:ada/);
  assert.equal(JSON.parse((await patchbay('sessions', '--json')).stdout).sessions[0].key, 'agent:main:main');
  const deliveries = await patchbay('deliveries');
  assert.match(deliveries.stdout, /^ID +STATE +CHAT +ATTEMPTS +ACCEPTED +TEXT +REASON\n1 +delivered +console:dm:ada +1 +\S+ +good morning\n$/);
  assert.match((await patchbay('deliveries', 'delivered')).stdout, /good morning/);
  assert.doesNotMatch((await patchbay('deliveries', 'failed')).stdout, /good morning/);
  assert.equal(JSON.parse((await patchbay('deliveries', '--json')).stdout).deliveries[0].state, 'delivered');
});

test('sessions tells what an agent does: it runs, and has nothing to do', async () => {
  const session = await until(async () => (await host.sessions()).find(({ containerStatus }) => containerStatus === 'idle'), 'the agent to be idle');
  assert.deepEqual([session.agentProvider, session.status], ['command', 'active']);
  assert.match(session.createdAt, /^\d{4}-\d\d-\d\dT/);
  assert.match((await patchbay('sessions')).stdout, /\nagent:main:main +\S+ +main +idle /);
  // What a program that reads the database sees, once it is written.
  await until(async () => {
    const { sessions } = await readLive(path.join(host.data, 'patchbay.db'), { sessions: 'SELECT container_status, agent_provider FROM sessions' });
    return sessions?.length === 1 && sessions[0].container_status === 'idle' && sessions[0].agent_provider === 'command';
  }, 'the status to be written');
});

test('trace tells the whole way of a message, by any of its ids, from either end', async () => {
  const [delivery] = await host.deliveries();
  const { events: [event] } = await host.call('trace', { id: delivery.rowId });
  const answered = [delivery.rowId, delivery.parts[0].remoteId];
  for (const id of [...answered, String(delivery.id), event.messageId, event.eventId, event.rows[0].rowId]) {
    const told = await patchbay('trace', id);
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, new RegExp([
      '^message \\S+ in console:dm:ada', '  came in \\S+Z by console, as event \\S+', '  stored, and the platform was told so',
      '  row \\S+ in the inbox of agent main, session \\S+: answered by delivery 1',
      'delivery 1 of row \\S+', '  written by agent main, session \\S+ as row \\S+, in answer to row \\S+',
      '  accepted \\S+Z for console:dm:ada', '  attempt 1, \\S+Z to \\S+Z: delivered',
      '  part 0 is on the platform as \\S+', '  delivered \\S+Z\n$'].join('\n')));
  }
  const facts = JSON.parse((await patchbay('trace', event.messageId, '--json')).stdout);
  assert.deepEqual(facts.events[0].rows[0].answers, [1]);
  assert.deepEqual(facts.deliveries[0].attemptLog.map((attempt) => [attempt.number, attempt.outcome]), [[1, 'delivered']]);
  const unknown = await patchbay('trace', 'nothing-like-it');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /^patchbay: nothing is known of "nothing-like-it"\. trace takes the id or the rowId of a delivery.*`patchbay deliveries --json`.*for 8 days/);
});

// A host of its own, with what is wrong there.
async function withHost(config, body) {
  const own = new Host({ config });
  try {
    await own.start();
    await body(own, (...args) => run(bin('patchbay'), [...args, '--data', own.data]));
  } finally {
    if (own.alive) await own.stop();
    own.remove();
  }
}
const consoleConfig = (command, chats = 'console:*') => ({
  instances: { console: { channel: 'console' } },
  agents: { main: { command } },
  wirings: [{ chats, agent: 'main', engage: 'always' }],
});

test('sessions come in pages, the newest first', () => {
  const config = consoleConfig([bin('patchbay-agent'), '--echo']);
  return withHost({ ...config, sessions: { dm_scope: 'per-peer' } }, async (own, command) => {
    for (const name of ['ada', 'bob', 'eve']) {
      await run(bin('patchbay'), ['chat', name, '--data', own.data], { input: 'hello\n' });
    }
    const chats = ({ count, sessions }) => {
      assert.equal(count, sessions.length);
      return sessions.map(({ chat }) => chat);
    };
    const newest = await own.call('sessions.list', { limit: 2 });
    assert.deepEqual(chats(newest), ['console:dm:eve', 'console:dm:bob']);
    const rest = await own.call('sessions.list', { limit: 2, before: newest.next });
    assert.deepEqual([chats(rest), rest.next], [['console:dm:ada'], undefined]);
    assert.deepEqual(chats(JSON.parse((await command('sessions', '--limit', '2', '--json')).stdout)), chats(newest));
    assert.equal(chats(JSON.parse((await command('sessions', '--json')).stdout)).length, 3);
  });
});

test('messages that no wiring names are seen, held and lost, until one does', () => {
  const echo = [bin('patchbay-agent'), '--echo'];
  return withHost(consoleConfig(echo, 'consol:*'), async (own, command) => {
    const lines = Array.from({ length: 110 }, (_, i) => `message ${i}\n`).join('');
    const said = run(bin('patchbay'), ['chat', 'ada', '--answers', '0', '--data', own.data], { input: lines });
    const { unwired } = await until(async () => {
      const status = await own.call('status');
      return status.unwired.held + status.unwired.refused === 110 && status;
    }, 'all messages to be counted');
    await said;
    assert.deepEqual(unwired, { held: 100, refused: 10, chatCount: 1,
      chats: [{ instance: 'console', chat: 'console:dm:ada', held: 100, refused: 10 }] });
    assert.match((await command('status')).stdout, /\nno wiring names 1 chat that wrote: 100 held, 10 refused and lost \(100 of each are kept\)\n {2}console:dm:ada: 100 held, 10 refused and lost\n {2}name them in wirings, or set people\.unknown_chats/);
    const logged = own.log.split('\n').filter((line) => line.includes('routing.unwired_chat'));
    assert.deepEqual(logged.map((line) => line.match(/routing\.\w+/)[0]), ['routing.unwired_chat_held', 'routing.unwired_chat_refused']);
    assert.match(logged[0], / warning .*chat=console:dm:ada .*wirings.*people\.unknown_chats/);

    own.writeConfig(consoleConfig(echo));
    own.process.kill('SIGHUP');
    await until(async () => (await own.deliveries()).length === 100, 'the held messages to be answered');
    const wired = await own.call('status');
    assert.deepEqual(wired.unwired, { held: 0, refused: 0, chatCount: 0, chats: [] });
    assert.doesNotMatch((await command('status')).stdout, /wiring/);
  });
});

for (const [what, program, why] of [
  ['ends at once', '/bin/false', /the agent ended with exit code 1 without finishing anything/],
  ['is not there', '/nowhere/no-such-agent', /no-such-agent|No such file/],
]) {
  test(`an agent that ${what} is seen failing, with its reason and its log`, () => withHost(consoleConfig([program]), async (own, command) => {
    await run(bin('patchbay'), ['chat', 'ada', '--answers', '0', '--data', own.data], { input: 'hello\n' });
    const session = await until(async () => (await own.sessions()).find((row) => row.failure), 'the failure to be told');
    assert.match(session.failure.reason, why);
    assert.ok(session.failure.inARow >= 1);
    assert.match(session.failure.logFile, new RegExp(`^/.*/main/${session.sessionId}\\.log$`));
    const table = (await command('sessions')).stdout;
    assert.match(table, why);
    assert.ok(table.includes(`; what it wrote: ${session.failure.logFile}`), table);
    assert.match((await command('status')).stdout, /\nagents: .* 8 at the most; 1 failing: `patchbay sessions` says why\n/);
    assert.equal((await own.call('status')).agents.failing, 1);
  }));
}

test('help names what a delivery may be resolved as', async () => {
  assert.match((await patchbay('--help')).stdout, /\n *deliveries resolve ID delivered\|failed\|resend\n/);
});

// A chat with one answer that telegram got without saying so.
async function withUnknown(body) {
  const server = await new TelegramServer().start();
  const host = new Host({ config: telegramConfig(server) });
  const command = (...args) => run(bin('patchbay'), [...args, '--data', host.data]);
  try {
    await host.start();
    const chat = server.chat(42);
    server.script('sendMessage', { cut: 'after' });
    server.say(chat, server.user(42), { text: 'hello' });
    const unknown = await until(async () => (await host.deliveries('unknown'))[0], 'an unknown delivery');
    await body({ server, host, chat, unknown, command, visible: () => server.visible(chat).filter((m) => m.text === 'hello').length });
  } finally {
    if (host.alive) await host.stop();
    await server.stop();
    host.remove();
  }
}

// What the agent reads of its row.
async function deliveredStatus(host, rowId) {
  const [session] = await host.sessions();
  const file = path.join(host.sessionFolder(session), 'inbound.db');
  const { delivered } = await readLive(file, { delivered: 'SELECT message_out_id, status FROM delivered' });
  return delivered?.find((row) => row.message_out_id === rowId)?.status; // none while the host writes
}

test('an operator resolves an unknown delivery; ledger and agent follow', () => withUnknown(async ({ host, unknown, command, visible }) => {
  const status = (await command('status')).stdout;
  assert.match(status, /FAILED +UNKNOWN +WHY\ntelegram +telegram +online +1 +\d+ +0 +1 /);
  assert.match(status, /\n1 delivery has an outcome that nobody knows: `patchbay deliveries unknown` lists them, `patchbay deliveries resolve ID /);
  assert.match((await command('trace', String(unknown.id))).stdout,
    new RegExp(`: unknown, unknown \\(-40\\d\\): .*patchbay deliveries resolve ${unknown.id} delivered\\|failed\\|resend`, 's'));
  const told = await command('deliveries', 'resolve', String(unknown.id), 'delivered');
  assert.deepEqual([told.code, told.stderr], [0, '']);
  assert.equal(told.stdout, `delivery ${unknown.id} for telegram:dm:42 is delivered now, and its agent told\n`);
  await until(async () => (await deliveredStatus(host, unknown.rowId)) === 'delivered', 'the agent to be told');
  assert.doesNotMatch((await command('status')).stdout, /outcome that nobody knows/);
  const [delivery] = (await host.call('trace', { id: String(unknown.id) })).deliveries;
  assert.deepEqual([delivery.state, delivery.evidence], ['delivered', 'an operator says that it arrived']);
  assert.equal(visible(), 1);

  const again = await command('deliveries', 'resolve', String(unknown.id), 'failed');
  assert.equal(again.code, 4);
  assert.match(again.stderr, /^patchbay: delivery \d+ is delivered; only an unknown one can be resolved: `patchbay deliveries unknown` lists them\n$/);
  assert.match((await command('deliveries', 'resolve', '999', 'failed')).stderr, /^patchbay: there is no delivery 999\n$/);
  await assert.rejects(host.call('deliveries.resolve', { id: 1, as: 'gone' }), /INVALID_REQUEST: a delivery cannot be resolved as "gone"; say delivered/);
}));

test('an unknown delivery is sent again when the operator says so', () => withUnknown(async ({ host, unknown, command, visible }) => {
  const told = await command('deliveries', 'resolve', String(unknown.id), 'resend', '--json');
  assert.equal(JSON.parse(told.stdout).state, 'waiting', told.stderr);
  await until(async () => (await deliveredStatus(host, unknown.rowId)) === 'delivered', 'the agent to be told');
  assert.equal(visible(), 2);
  const [delivery] = (await host.call('trace', { id: String(unknown.id) })).deliveries;
  assert.deepEqual(delivery.attemptLog.map((attempt) => attempt.outcome), ['unknown', 'delivered']);
}));

test('lists need no limit', async () => {
  const { count, next: nextSession } = await host.call('sessions.list');
  assert.deepEqual([count, nextSession], [1, undefined]);
  assert.equal((await host.call('deliveries.list')).count, 1);
  const { deliveries: [delivery], next } = await host.call('deliveries.list', { limit: 1, state: 'delivered' });
  assert.equal(next, undefined, 'there is no other one');
  assert.equal((await host.call('deliveries.list', { before: delivery.id })).count, 0);
  const { instance, chat } = delivery;
  assert.deepEqual(await host.call('deliveries.count', { instance, chat }), { waiting: 0 });
});

test('parameters are closed objects', async () => {
  await assert.rejects(host.call('status', { bogus: 1 }), /INVALID_REQUEST: invalid status params: at root: unexpected property 'bogus'/);
  await assert.rejects(host.call('sessions.list', { limit: 0 }), /invalid sessions\.list params: at \/limit: must be >= 1/);
  await assert.rejects(host.call('trace'), /invalid trace params: must have required property 'id'/);
});

test('what is no JSON is answered as what it is, also at the end of the stream', async () => {
  for (const bytes of ['hello\n', 'hello', '{"type":"req"', '\n']) {
    const socket = net.connect({ path: path.join(host.data, 'run', 'control.sock'), allowHalfOpen: true });
    const answer = await new Promise((resolve, reject) => {
      let text = '';
      socket.on('connect', () => socket.end(bytes));
      socket.on('data', (received) => { text += received; });
      socket.on('error', reject);
      socket.on('end', () => (text ? resolve(JSON.parse(text)) : reject(new Error(`no answer to ${JSON.stringify(bytes)}`))));
    });
    assert.deepEqual([answer.type, answer.id, answer.ok, answer.error.code], ['res', 'invalid', false, 'INVALID_REQUEST']);
    assert.match(answer.error.message, /^invalid request frame: /);
  }
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
  ['deliveries', 'waiting', 'extra'], ['deliveries', 'resolve', '1'], ['deliveries', 'resolve', '1', 'gone'], ['status', '--check-config'], ['status', '--chat', 'console:dm:ada'], ['trace'], ['nope'], ['config', 'nope']]) {
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
