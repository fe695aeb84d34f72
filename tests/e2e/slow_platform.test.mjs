// A platform that does not answer: what it was asked to send ends as unknown and the chat goes on;
// and nothing that hangs there keeps the host from stopping.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Host, DEADLINE, until } from './lib/host.mjs';
import { telegramConfig } from './lib/configs.mjs';
import { readDataFolder } from './lib/databases.mjs';
import { assertInvariants, telegramView } from './lib/invariants.mjs';
import { TelegramServer } from './telegram/server.mjs';

const UNKNOWN = 4;
const REQUEST = 60_000; // ms: so long the adapter waits for an answer to sendMessage
const DRAIN = 20_000; // ms: agents have 10 s to end, then adapters 10 s

async function withHost(body) {
  const server = await new TelegramServer().start();
  const host = new Host({ config: telegramConfig(server) });
  let answer;
  const held = new Promise((resolve) => { answer = resolve; });
  const chat = server.chat(42, { first_name: 'Ada' });
  const say = (text, where = chat) => server.say(where, server.user(where.id), { text });
  const asked = (method, before = 0) => until(() => server.calls.filter((call) => call.method === method).length > before, method);
  try {
    await body({ server, host, chat, say, asked, hang: (method, times) => server.script(method, { hold: held }, times), answer });
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-6000)}`;
    throw error;
  } finally {
    if (host.process) await host.kill();
    answer();
    await server.stop();
    host.remove();
  }
}

async function stopsInTime(host) {
  const began = Date.now();
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
  const took = Date.now() - began;
  assert.ok(took < DRAIN, `stopped after ${took} ms`);
}

describe('the platform does not answer', { concurrency: 4 }, () => {
  test('sendMessage, until the adapter gives up: unknown, with what is known; the chat goes on', () => withHost(async ({ server, host, chat, say, asked, hang, answer }) => {
    await host.start();
    hang('sendMessage', 1);
    say('slow');
    await asked('sendMessage');
    say('after it');
    const other = server.chat(43, { first_name: 'Eve' });
    say('elsewhere', other);
    await server.until((s) => s.visible(other).length === 1, 'the answer in another chat', DEADLINE);
    assert.deepEqual(server.visible(chat), [], 'its own chat waits');
    await server.until((s) => s.visible(chat).some(({ text }) => text === 'after it'), 'the next answer', REQUEST + DEADLINE);
    answer(); // it happens after all, when nobody waits for it any more
    await server.until((s) => s.visible(chat).some(({ text }) => text === 'slow'), 'the late one');
    await until(async () => (await host.deliveries()).every(({ state }) => ['delivered', 'unknown'].includes(state)), 'everything to end');
    await stopsInTime(host);
    assertInvariants(host.data, [telegramView(server)]);
    const { central, sessions: [session] } = readDataFolder(host.data);
    const row = central.deliveries.find(({ agent, content }) => agent !== '' && content.includes('slow'));
    assert.deepEqual([row.state, row.attempts], [UNKNOWN, 1]);
    assert.match(row.reason, /^no answer from Telegram, so it may have been sent: ./);
    assert.match(host.log, new RegExp(`delivery\\.unknown delivery=${row.id} .*remedy=.*patchbay trace ${row.id}`));
    assert.equal(session.inbound.delivered.find((known) => known.message_out_id === row.message_out_id).status, 'unknown');
    assert.deepEqual(server.visible(chat).map(({ text }) => text).filter((text) => !text.startsWith('⚠️')), ['after it', 'slow']);
    assert.equal(server.visible(chat).filter(({ text }) => text.includes('may not have been delivered')).length, 1);
  }));

  test('sendMessage, when the host is to stop: it stops; the next one says that it is unknown, and sends it not again', () => withHost(async ({ server, host, chat, say, asked, hang, answer }) => {
    await host.start();
    hang('sendMessage', 1);
    say('slow');
    await asked('sendMessage');
    await stopsInTime(host);
    await host.start();
    const [row] = await until(async () => { const rows = await host.deliveries('unknown'); return rows.length > 0 && rows; }, 'the unknown one');
    assert.notEqual(row.reason, '');
    say('after it');
    await server.until((s) => s.visible(chat).some(({ text }) => text === 'after it'), 'the next answer', DEADLINE);
    assert.equal(server.calls.filter(({ method, params }) => method === 'sendMessage' && params.text === 'slow').length, 1);
    answer();
    await server.until((s) => s.visible(chat).some(({ text }) => text === 'slow'), 'the late one');
    await stopsInTime(host);
    assertInvariants(host.data, [telegramView(server)]);
  }));

  for (const method of ['getMe', 'getUpdates']) {
    test(`${method}: the host stops in its time, and serves afterwards`, () => withHost(async ({ server, host, chat, say, asked, hang }) => {
      hang(method, 1);
      await host.start();
      await asked(method);
      await stopsInTime(host);
      await host.start();
      say('hello');
      await server.until((s) => s.visible(chat).length === 1, 'the answer', DEADLINE);
      await stopsInTime(host);
      assertInvariants(host.data, [telegramView(server)]);
    }));
  }
});
