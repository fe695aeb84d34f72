// The control socket in the hands of a client that sends rubbish, too much, or nothing, and of one that
// does not read: each is answered or dropped, `patchbay status` and a chat are answered meanwhile, and
// afterwards the host holds what it held before.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { BUILD, Host, bin, run, until } from '../e2e/lib/host.mjs';
import { DELIVERED, plantDeliveries } from '../e2e/lib/ledger.mjs';

const MIB = 1024 * 1024;
const FRAME = MIB; // the longest line
const CONNECTIONS = 32; // at a time
const OTHERS = 4; // at most, of those who ask meanwhile
const BUFFER = 16 * MIB; // of answers that a client has not read

// A sanitizer keeps memory that was given back, and takes seconds for the longest list.
const SANITIZED = /^PATCHBAY_SANITIZE:STRING=./m.test(fs.readFileSync(path.join(BUILD, 'CMakeCache.txt'), 'utf8'));
const ROWS = SANITIZED ? 1_000 : 10_000;

class Attacked {
  constructor(host) {
    this.host = host;
    this.clients = [];
    this.questions = 0;
  }

  // A client that reads what it is sent, unless told not to.
  async client({ reads = true } = {}) {
    const socket = net.connect(path.join(this.host.data, 'run/control.sock'));
    const client = { socket, text: '', closed: false };
    socket.on('error', () => {}); // the host closes in the middle
    socket.on('close', () => { client.closed = true; });
    if (reads) socket.setEncoding('utf8').on('data', (text) => { client.text += text; });
    this.clients.push(client);
    await once(socket, 'connect');
    return client;
  }
  async several(count, options) {
    return Promise.all(Array.from({ length: count }, () => this.client(options)));
  }

  proc(name) { return path.join('/proc', String(this.host.pid), name); }
  // To the sockets of the host; the two that listen are none.
  connections() {
    const sockets = fs.readFileSync('/proc/net/unix', 'utf8').split('\n').filter((line) => line.includes(`${this.host.data}/run/`));
    return sockets.filter((line) => line.split(/ +/)[3] === '00000000').length;
  }
  descriptors() { return fs.readdirSync(this.proc('fd')).length; }
  bytes(field) { return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(fs.readFileSync(this.proc('status'), 'utf8'))[1]); }

  // The program gives a host 15 s to answer.
  async othersAreAnswered() {
    const text = `still there ${++this.questions}`;
    const [status, chat] = await Promise.all([
      run(bin('patchbay'), ['status', '--data', this.host.data]),
      run(bin('patchbay'), ['chat', 'ada', '--data', this.host.data], { input: `${text}\n` }),
    ]);
    assert.deepEqual([status.code, status.stderr], [0, '']);
    assert.deepEqual(chat, { code: 0, signal: null, stdout: `${text}\n`, stderr: '' });
  }
}

// Runs the attack against a host that serves. `memory`: what it may cost the host, in bytes; `rows`: so
// many answers stand in its ledger.
async function underAttack({ memory, rows = 0 }, attack) {
  const host = new Host();
  const attacked = new Attacked(host);
  try {
    await host.start();
    if (rows > 0) {
      await host.stop();
      plantDeliveries(host.data, Array.from({ length: rows }, (_, n) => `message ${n}`),
        { instance: 'console', chat: 'console:dm:bob', state: DELIVERED });
      await host.start();
    }
    await attacked.othersAreAnswered(); // and the agent runs
    await until(async () => (await host.deliveries()).every(({ state }) => state === 'delivered'), 'the ledger to know');
    await until(() => attacked.connections() === 0, 'the host to be alone');
    const descriptors = attacked.descriptors();
    const resident = attacked.bytes('VmRSS');
    fs.writeFileSync(attacked.proc('clear_refs'), '5'); // the peak begins now

    await attack(attacked);
    await attacked.othersAreAnswered();
    for (const { socket } of attacked.clients) socket.destroy();
    await until(() => attacked.descriptors() <= descriptors, `${descriptors} descriptors`)
      .catch((error) => { throw new Error(`${error.message}; there are ${attacked.descriptors()}`); });
    await attacked.othersAreAnswered();
    const cost = attacked.bytes('VmHWM') - resident;
    assert.ok(SANITIZED || cost < memory, `it cost ${(cost / MIB).toFixed(1)} MiB`);
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-4000)}`;
    throw error;
  } finally {
    for (const { socket } of attacked.clients) socket.destroy();
    await host.kill();
    host.remove();
  }
}

const answersOf = (client) => client.text.split('\n').slice(0, -1).map((line) => JSON.parse(line));
const hasAnswers = (client, count) => until(() => answersOf(client).length >= count, `${count} answers`);
function assertRefused(answers, says = /^invalid request frame: /) {
  for (const { ok, error } of answers) {
    assert.deepEqual([ok, error?.code], [false, 'INVALID_REQUEST']);
    assert.match(error.message, says);
  }
}
const request = (method, params = {}) => `${JSON.stringify({ type: 'req', id: '1', method, params })}\n`;

test('garbage: each line of it is answered as what it is', () => underAttack({ memory: 32 * MIB }, async (attacked) => {
  const clients = await attacked.several(8);
  await Promise.all(clients.map(async (client, n) => {
    const bytes = createHash('shake256', { outputLength: 200_000 }).update(`client ${n}`).digest();
    const lines = bytes.reduce((count, byte) => count + (byte === 10), 0);
    client.socket.write(Buffer.concat([bytes, Buffer.from(`\n${request('status')}`)]));
    await hasAnswers(client, lines + 2);
    const answers = answersOf(client);
    assert.equal(answers.length, lines + 2);
    assert.equal(answers.pop().ok, true, 'the client may go on');
    assertRefused(answers);
  }));
  await attacked.othersAreAnswered();
}));

test('a line without end: refused at the limit, and nothing more of it is read', () => underAttack({ memory: 32 * MIB }, async (attacked) => {
  const clients = await attacked.several(8);
  const piece = Buffer.alloc(FRAME / 4, 'x');
  await Promise.all(clients.map(async (client) => {
    let taken = 0;
    const write = () => new Promise((resolve) => { client.socket.write(piece, resolve); });
    while (taken < 64 * FRAME && !(await write())) taken += piece.length; // an error ends it
    await until(() => client.closed, 'the host to close');
    assert.ok(taken < 8 * FRAME, `${taken} bytes were taken`);
    // Who is still writing when the host closes may not get to read why.
    assertRefused(answersOf(client), /^invalid request frame: a line is longer than the limit of 1048576 bytes$/);
  }));
}));

test('half a line from each, as long as may be: it is kept, and forgotten with its client', () => underAttack(
  { memory: CONNECTIONS * 2 * FRAME + 16 * MIB }, async (attacked) => {
    const half = Buffer.alloc(FRAME - 1, 'x');
    const clients = await attacked.several(CONNECTIONS - OTHERS);
    await Promise.all(clients.map(({ socket }) => new Promise((resolve) => { socket.write(half, resolve); })));
    await attacked.othersAreAnswered();
    assert.ok(clients.every(({ closed, text }) => !closed && text === ''));
  }));

test('deep JSON is refused without going down there', () => underAttack({ memory: 32 * MIB }, async (attacked) => {
  const client = await attacked.client();
  const frames = [2_000, 100_000].flatMap((depth) => [
    '['.repeat(depth), `${'['.repeat(depth)}${']'.repeat(depth)}`, '{"a":'.repeat(depth), `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
    request('status', { a: 'HERE' }).trim().replace('"HERE"', `${'['.repeat(depth)}${']'.repeat(depth)}`),
  ]);
  for (const frame of frames) client.socket.write(`${frame}\n`);
  await hasAnswers(client, frames.length);
  const answers = answersOf(client);
  assertRefused(answers);
  for (const n of [1, 3, 4, 6, 8, 9]) assert.match(answers[n].error.message, /nested deeper than 64 levels$/);
  client.socket.write(request('status'));
  await hasAnswers(client, frames.length + 1);
  assert.equal(answersOf(client).at(-1).ok, true);
}));

test('silent clients cost a descriptor each, and those who were quiet longest make room', () => underAttack({ memory: 16 * MIB }, async (attacked) => {
  const silent = await attacked.several(CONNECTIONS - OTHERS);
  await attacked.othersAreAnswered();
  assert.ok(silent.every(({ closed }) => !closed));
  const more = await attacked.several(60); // so many may wait to be accepted
  await until(() => [...silent, ...more].filter(({ closed }) => closed).length >= 60 - OTHERS, 'the others to be closed');
  await until(() => attacked.connections() <= CONNECTIONS, 'no more than may be');
  await attacked.othersAreAnswered();
}));

test('long lists that nobody reads wait, one for each client, and go with it', () => underAttack({ memory: 200 * MIB, rows: ROWS }, async (attacked) => {
  for (const client of await attacked.several(8, { reads: false })) client.socket.write(request('deliveries.list', { limit: ROWS }));
  await attacked.othersAreAnswered();
  const reader = await attacked.client();
  reader.socket.write(request('deliveries.list', { limit: ROWS }));
  await hasAnswers(reader, 1);
  assert.ok(answersOf(reader)[0].payload.count > 100, 'a page of them');
}));

test('a client that asks and does not read is dropped when its buffer is full', () => underAttack({ memory: 3 * BUFFER }, async (attacked) => {
  const client = await attacked.client({ reads: false });
  const asked = `${JSON.stringify({ type: 'req', id: 'x'.repeat(FRAME - 100), method: 'status' })}\n`; // the answer has the id
  client.socket.write(asked.repeat(3 * BUFFER / FRAME));
  assert.equal(attacked.connections(), 1);
  await attacked.othersAreAnswered();
  await until(() => attacked.connections() === 0, 'it to be dropped');
}));

test('a client that asks for a hundred lists at once and does not read holds up nobody', () => underAttack({ memory: 200 * MIB, rows: ROWS }, async (attacked) => {
  const client = await attacked.client({ reads: false });
  client.socket.write(request('deliveries.list', { limit: ROWS }).repeat(100));
  await attacked.othersAreAnswered();
}));
