// examples/cpp, the smallest adapter with the SDK, against the service that its head describes.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Host, until } from '../e2e/lib/host.mjs';
import { PREFIX } from './lib/package.mjs';
import { assertSample, buildWithCMake, copyOfSample, echoConfig, linesOf, withHost } from './lib/sample.mjs';

const TOKEN = 'secret-of-relay';

class Service {
  updates = [];
  messages = new Map(); // by idempotency key
  asked = []; // the N of each GET
  tokens = new Set([`Bearer ${TOKEN}`]);
  waiting = new Set();
  cutNext = false; // take the next message, and answer nothing
  limitNext = false; // answer the next message with 429
  nonsense; // answers each GET, if it is set

  async start() {
    this.server = http.createServer((request, response) => this.serve(request, response));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.base = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async serve(request, response) {
    const url = new URL(request.url, this.base);
    const body = await new Response(request).text().catch(() => '');
    const answer = (status, json, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(json));
    };
    if (!this.tokens.has(request.headers.authorization)) return answer(401, {});
    if (request.method === 'GET' && url.pathname === '/updates') {
      const number = Number(url.searchParams.get('after'));
      this.asked.push(number);
      const newer = () => this.updates.filter(({ id }) => id > number);
      const send = () => { this.waiting.delete(send); answer(200, this.nonsense ?? { updates: newer() }); };
      response.on('close', () => this.waiting.delete(send));
      if (newer().length !== 0 || this.nonsense) return send();
      return this.waiting.add(send);
    }
    if (request.method !== 'POST' || url.pathname !== '/messages') return answer(404, {});
    if (this.limitNext) {
      this.limitNext = false;
      return answer(429, {}, { 'retry-after': '1' });
    }
    const key = request.headers['idempotency-key'];
    if (!this.messages.has(key)) this.messages.set(key, JSON.parse(body));
    if (this.cutNext) {
      this.cutNext = false;
      return response.destroy();
    }
    return answer(201, {});
  }

  say(id, text) {
    this.updates.push({ id, chat: 'c1', from: 'ann', text });
    this.wake();
  }
  wake() { for (const send of [...this.waiting]) send(); }
  texts() { return [...this.messages.values()].map(({ text }) => text); }
  heard(count) { return until(() => this.messages.size >= count, `${count} messages`); }
  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

let folder;
let plugins;
before(async () => {
  const copy = copyOfSample('cpp');
  folder = copy.folder;
  plugins = await buildWithCMake(copy.sample);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

async function inHost(body, token = TOKEN) {
  const service = await new Service().start();
  const config = echoConfig('relay', { settings: { base_url: service.base, token } });
  try {
    await withHost(new Host({ plugins, config }), (host) => body(host, service));
  } finally {
    await service.stop();
  }
}
const allDelivered = (host, count) => until(async () =>
  (await host.deliveries('delivered')).length === count, `${count} deliveries to be delivered`);
const stateOf = async (host) => (await host.call('status')).instances[0];

test('it is one file of less than 120 lines', () => {
  assert.ok(linesOf(path.join(PREFIX, 'share/doc/patchbay/examples/cpp/relay.cpp')) < 120);
});

test('it is what a host takes', () => assertSample(path.join(plugins, 'relay.so'),
  { base_url: 'https://relay.example.com', token: 'made-up' }));

test('messages go both ways; after a restart it goes on where it was, and nothing comes twice', () => inHost(async (host, service) => {
  service.say(7, 'one');
  await service.heard(1);
  await allDelivered(host, 1);
  await until(() => service.asked.at(-1) === 7, 'the service to know that it is kept');
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
  service.asked = [];
  service.say(8, 'two');
  await host.start();
  await service.heard(2);
  await allDelivered(host, 2);
  assert.equal(service.asked[0], 7);
  assert.deepEqual(service.texts(), ['one', 'two']);
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
}));

test('a message that no host takes is passed over, and said', () => inHost(async (host, service) => {
  service.say(1, 'x'.repeat(1024 * 1024 + 1));
  service.say(2, 'the next');
  await service.heard(1);
  assert.deepEqual(service.texts(), ['the next']);
  await until(() => service.asked.at(-1) === 2, 'both to be passed');
  assert.match(host.log, /message 1 of chat c1 was left out/);
}));

test('an update that is no message is passed over, wherever it stands', () => inHost(async (host, service) => {
  service.updates.push({ id: 1, chat: '', from: 'ann', text: 'to nobody' }, { id: 2 });
  service.say(3, 'the next');
  await service.heard(1);
  await until(() => service.asked.at(-1) === 3, 'all three to be passed');
  service.updates.push({ id: 4, chat: 'c1', from: 'ann', sticker: 'of a type that came later' });
  service.wake();
  await until(() => service.asked.at(-1) === 4, 'the last one to be passed, with nothing behind it');
  assert.deepEqual(service.texts(), ['the next']);
  assert.match(host.log, /update 1 is no message/);
  assert.equal((await stateOf(host)).state, 'online');
}));

test('an answer that is none is shown', () => inHost(async (host, service) => {
  service.nonsense = { updates: 'none' };
  service.wake();
  await until(async () => (await stateOf(host)).state === 'degraded', 'the instance to be degraded');
  assert.equal((await stateOf(host)).reason, 'no list of updates, status 200');
}));

test('a host that is killed loses nothing and repeats nothing', () => inHost(async (host, service) => {
  for (let id = 1; id <= 5; ++id) service.say(id, `before ${id}`);
  await until(async () => (await host.deliveries()).length > 0, 'the first answer to be on its way');
  await host.kill();
  await host.start();
  service.say(6, 'the last');
  await until(() => service.texts().some((text) => text.includes('the last')), 'the last answer');
  // One was perhaps being sent when it died: it is sent again, under the key that the service knows.
  await allDelivered(host, 6);
  assert.deepEqual(service.texts().join('\n').match(/before \d|the last/g),
    ['before 1', 'before 2', 'before 3', 'before 4', 'before 5', 'the last']);
}));

test('a message whose answer was cut is sent again under its key, and is there once', () => inHost(async (host, service) => {
  service.cutNext = true;
  service.say(1, 'hello');
  await allDelivered(host, 1);
  assert.deepEqual(service.texts(), ['hello']);
}));

test('what the service asks to wait for is waited for', () => inHost(async (host, service) => {
  service.limitNext = true;
  service.say(1, 'hello');
  await allDelivered(host, 1);
  assert.deepEqual(service.texts(), ['hello']);
}));

test('a refused token is a state with its remedy, and is shown nowhere', () => inHost(async (host) => {
  await until(async () => (await stateOf(host)).state === 'failed', 'the instance to fail');
  assert.match((await stateOf(host)).userAction, /valid token/);
  assert.doesNotMatch(host.log, /wrong-token/);
}, 'wrong-token-of-relay'));

test('settings that are wrong are named before anything runs', () => inHost(async (host) => {
  await host.stop();
  host.writeConfig(echoConfig('relay', { settings: { base_url: 'http://127.0.0.1:1' } }));
  await host.start();
  const { state, reason } = await stateOf(host);
  assert.equal(state, 'failed');
  assert.match(reason, /token/);
}));
