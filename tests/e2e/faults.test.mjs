// What Telegram answers when things go wrong, and what person, agent and operator know of it in the
// end: one end for each fault, as docs/delivery.md has it.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Host, bin, run, until } from './lib/host.mjs';
import { telegramConfig } from './lib/configs.mjs';
import { readDataFolder, readLive } from './lib/databases.mjs';
import { assertInvariants, telegramView } from './lib/invariants.mjs';
import { withServed } from './lib/served.mjs';
import { TelegramServer } from './telegram/server.mjs';

const STATES = ['waiting', 'sending', 'delivered', 'failed', 'unknown'];
const AT_ONCE = 4;

// An agent that says back what it was told, once the file `go` is there.
const ANSWERS_WHEN_TOLD = 'until [ -e "$PATCHBAY_AGENT_DIR/go" ]; do sleep 0.02; done; cat';
const whenTold = { agents: { main: { command: [bin('patchbay-agent'), '--exec', ANSWERS_WHEN_TOLD] } } };

class Scene {
  constructor(server, config) {
    this.server = server;
    this.host = new Host({ config: telegramConfig(server, config) });
    this.chat = server.chat(42, { first_name: 'Ada' });
  }

  ask(text, fields = {}) { return this.server.say(this.chat, this.server.user(42), { text, ...fields }); }
  // The requests to send this; those of which the server read nothing are among them.
  sends(text) {
    return this.server.calls.filter(({ method, params }) => /^send(Message|Document)$/.test(method) &&
      (params === null || (params.text ?? params.caption) === text));
  }
  get shown() { return this.server.visible(this.chat).map((m) => m.text ?? m.caption ?? '(file)'); }
  prints(...args) { return run(bin('patchbay'), [...args, '--data', this.host.data]).then(({ stdout }) => stdout); }
  instance() { return this.host.call('status').then(({ instances }) => instances.find(({ name }) => name === 'telegram')); }

  // The agent has the question and answers it now.
  async agentIsAsked() {
    await until(async () => (await this.host.sessions()).some(({ containerStatus }) => containerStatus === 'running'), 'the agent');
    await this.server.until((s) => s.updates.length === 0, 'the question to be confirmed');
  }
  letAgentAnswer() { fs.writeFileSync(path.join(this.host.data, 'agents/main/go'), ''); }

  // Every delivery has its end and everybody was told; then the host stops, and what stands
  // everywhere is read.
  async whatIsKnown() {
    const { host } = this;
    await until(async () => {
      const { deliveries } = await readLive(path.join(host.data, 'patchbay.db'), { deliveries: 'SELECT state, projected, notified FROM deliveries' });
      return deliveries?.length > 0 && deliveries.every((row) => row.state >= 2 && row.projected && (row.state === 2 || row.notified));
    }, 'everything to end');
    const printed = await this.prints('deliveries');
    const status = await this.instance();
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    assertInvariants(host.data, [telegramView(this.server)]);
    const { central, sessions: [session] } = readDataFolder(host.data);
    const answer = central.deliveries.find((row) => row.agent !== '');
    return {
      ledger: { state: STATES[answer.state], attempts: answer.attempts, reason: answer.reason, evidence: answer.evidence,
        parts: central.parts.filter((part) => part.delivery === answer.id).map((part) => part.remote_id) },
      agentReads: session.inbound.delivered.find((row) => row.message_out_id === answer.message_out_id),
      notices: session.inbound.messages.filter((row) => row.channel_type === 'agent')
        .map((row) => ({ ...JSON.parse(row.content), kind: row.kind, trigger: row.trigger, platform_id: row.platform_id })),
      printed: printed.split('\n').find((line) => line.startsWith(`${answer.id} `)),
      logged: host.log.split('\n').filter((line) => line.includes(` delivery=${answer.id} `)).join('\n'),
      rowId: answer.message_out_id, id: answer.id, status,
    };
  }
}

async function withScene(body, config = {}) {
  const server = await new TelegramServer().start();
  const scene = new Scene(server, config);
  await withServed(scene, async () => {
    await body(scene);
    assert.ok(!scene.host.log.includes(server.token), 'the token is in the log');
  });
}

// ---- the three ends ---------------------------------------------------------------------------

function wasDelivered(known, scene, { attempts }) {
  const { ledger, agentReads, notices, printed, logged } = known;
  const message = scene.server.visible(scene.chat).at(-1);
  assert.deepEqual([ledger.state, ledger.attempts, ledger.parts], ['delivered', attempts, [String(message.message_id)]]);
  assert.deepEqual([agentReads.status, agentReads.platform_message_id], ['delivered', String(message.message_id)]);
  assert.deepEqual(notices, []);
  assert.match(printed, new RegExp(`^\\d+ +delivered +telegram:dm:42 +${attempts} +\\S+ +hello`));
  assert.match(logged, new RegExp(`delivery\\.delivered .*attempts=${attempts}`));
  assert.doesNotMatch(logged, /delivery\.(failed|unknown)/);
  assert.deepEqual(scene.shown, ['hello'], 'nothing but the answer, once');
  assert.deepEqual([known.status.delivered, known.status.failed, known.status.unknown], [1, 0, 0]);
}

// Failed or unknown, for the reason; nothing but the words for it differs.
function didNotArrive(known, scene, { state, reason, shown }) {
  const { ledger, agentReads, notices, printed, logged, rowId, id } = known;
  const words = state === 'failed' ? 'was not delivered' : 'may not have been delivered';
  assert.deepEqual([ledger.state, ledger.attempts, ledger.parts], [state, 1, []]);
  assert.match(ledger.reason, reason);
  assert.deepEqual([agentReads.status, agentReads.platform_message_id ?? '', agentReads.reason], [state, '', ledger.reason]);
  assert.equal(notices.length, 1, JSON.stringify(notices));
  const { text, ...notice } = notices[0];
  assert.deepEqual(notice, { sender: 'system', senderId: 'system', kind: 'chat', trigger: 0, platform_id: 'main' });
  assert.equal(text, `Your message ${rowId} ("hello") to telegram:dm:42 ${words}: ${ledger.reason}.`);
  assert.ok(printed.includes(ledger.reason), printed);
  assert.match(printed, new RegExp(`^${id} +${state} +telegram:dm:42 +1 +\\S+ +hello`));
  const told = logged.split('\n').filter((line) => /delivery\.(failed|unknown|delivered)/.test(line));
  assert.equal(told.length, 1, logged);
  assert.match(told[0], new RegExp(`delivery\\.${state} .*remedy=.*patchbay trace ${id}`));
  const notice42 = `⚠️ A message to you ${words} (${ledger.reason}).`;
  assert.deepEqual(scene.shown, shown.map((line) => (line === 'NOTICE' ? notice42 : line)));
}

// ---- answers that end at once -----------------------------------------------------------------

const error = (code, description, parameters) => ({ error: { code, description, parameters } });

describe('the platform says no, or nothing', { concurrency: AT_ONCE }, () => {
  for (const [name, { fault, times = 1, ...end }] of Object.entries({
    '400 chat not found: failed at once; agent and operator know, the chat cannot be told': {
      fault: error(400, 'Bad Request: chat not found'), times: Infinity, state: 'failed', shown: [],
      reason: /^Telegram refused: Bad Request: chat not found \(the chat is gone, .*press Start\)$/ },
    '400 of another kind: failed at once; the person is told too': {
      fault: error(400, 'Bad Request: message is too long'), state: 'failed', shown: ['NOTICE'],
      reason: /^Telegram refused: Bad Request: message is too long \(.*\)$/ },
    '500 of a server that restarts: unknown': {
      fault: error(500, 'Internal Server Error: restart'), state: 'unknown', shown: ['NOTICE'],
      reason: /^Telegram restarted, so it may have been sent: Internal Server Error: restart$/ },
    "a gateway's page instead of an answer: unknown": {
      fault: { status: 502, body: '<html>Bad Gateway</html>' }, state: 'unknown', shown: ['NOTICE'],
      reason: /^no answer from Telegram, so it may have been sent: HTTP 502 / },
    'cut before the body was read, but after it left: unknown, and not sent again': {
      fault: { cut: 'before' }, state: 'unknown', shown: ['NOTICE'],
      reason: /^no answer from Telegram, so it may have been sent: ./ },
    'cut after it was taken: unknown, shown once': {
      fault: { cut: 'after' }, state: 'unknown', shown: ['hello', 'NOTICE'],
      reason: /^no answer from Telegram, so it may have been sent: ./ },
  })) {
    test(name, () => withScene(async (scene) => {
      scene.server.script('sendMessage', fault, times);
      scene.ask('hello');
      const known = await scene.whatIsKnown();
      didNotArrive(known, scene, end);
      assert.equal(scene.sends('hello').length, 1, 'one request for the answer');
    }));
  }

  test('cut in the middle of an upload: unknown, and not sent again', () => withScene(async (scene) => {
    scene.server.script('sendDocument', { cut: 'middle' });
    scene.ask(undefined, { caption: 'hello', document: scene.server.upload(Buffer.alloc(8_000_000, 'x'), { file_name: 'x.bin' }) });
    const known = await scene.whatIsKnown();
    didNotArrive(known, scene, { state: 'unknown', shown: ['NOTICE'], reason: /^no answer from Telegram, so it may have been sent: ./ });
    assert.equal(scene.sends('hello').length, 1);
  }));
});

// ---- answers that wait and arrive -------------------------------------------------------------

describe('the answer waits, and arrives once', { concurrency: AT_ONCE }, () => {
  const waiting = (scene, reason) => until(async () => (await scene.host.deliveries('waiting')).find((row) => reason.test(row.reason)), `an answer that waits: ${reason}`);

  test('429: as long as the platform said', () => withScene(async (scene) => {
    scene.server.script('sendMessage', error(429, 'Too Many Requests: retry after 3', { retry_after: 3 }));
    scene.ask('hello');
    const row = await waiting(scene, /^Telegram refused: Too Many Requests: retry after 3/);
    assert.equal(row.attempts, 1);
    wasDelivered(await scene.whatIsKnown(), scene, { attempts: 2 });
    const sends = scene.sends('hello');
    assert.equal(sends.length, 2);
    const waited = sends[1].at - sends[0].at;
    assert.ok(waited >= 3000, `waited ${waited} ms`);
    // What the ledger says of the time is what the platform said.
    const said = Date.parse(row.notBefore) - sends[0].at;
    assert.ok(said >= 3000 && said < 3000 + 1500, `not before ${said} ms after the refusal`);
  }));

  test('500: Telegram says that it did nothing', () => withScene(async (scene) => {
    scene.server.script('sendMessage', error(500, 'Internal Server Error'));
    scene.ask('hello');
    await waiting(scene, /^Telegram refused: Internal Server Error \(it will be tried again\)$/);
    wasDelivered(await scene.whatIsKnown(), scene, { attempts: 2 });
    const sends = scene.sends('hello');
    assert.equal(sends.length, 2);
    assert.ok(sends[1].at - sends[0].at >= 1000, 'not at once');
  }));

  test('cut before anything left: connections are refused', () => withScene(async (scene) => {
    scene.ask('hello');
    await scene.agentIsAsked();
    await scene.server.goAway();
    scene.letAgentAnswer();
    const row = await waiting(scene, /^Telegram could not be reached: ./);
    assert.ok(row.attempts >= 1);
    const { state, reason } = await until(async () => { const now = await scene.instance(); return now.state === 'degraded' && now; }, 'the operator to be told');
    assert.match(`${state}: ${reason}`, /^degraded: Telegram cannot be reached: ./);
    await scene.server.comeBack();
    const known = await scene.whatIsKnown();
    wasDelivered(known, scene, { attempts: known.ledger.attempts });
    assert.ok(known.ledger.attempts >= 2);
    assert.equal(scene.sends('hello').length, 1);
  }, whenTold));

  test('401: until somebody gives a token that works', () => withScene(async (scene) => {
    const { server, host } = scene;
    const good = server.token;
    scene.ask('hello');
    await scene.agentIsAsked();
    server.token = '1:AAother-token-of-the-server-only';
    scene.letAgentAnswer();
    const row = await waiting(scene, /^Telegram refused: Unauthorized \(get a new token from @BotFather\)$/);
    assert.equal(row.attempts, 0, 'such a wait uses up no attempt');
    // The poll that is under way ends with this; the next one is refused.
    const stranger = server.chat(43);
    server.say(stranger, server.user(43), { text: 'psst' });
    const failed = await until(async () => { const now = await scene.instance(); return now.state === 'failed' && now; }, 'the state');
    assert.match(failed.reason, /^Telegram refuses the bot token \(Unauthorized\)$/);
    assert.match(failed.userAction, /token from @BotFather.*settings\.bot_token.*restart patchbay/);
    assert.match(await scene.prints('status'), /\ntelegram +telegram +failed +.*Telegram refuses the bot token.*@BotFather/);
    assert.match(await scene.prints('deliveries'), /waiting +telegram:dm:42 +0 .*hello +Telegram refused: Unauthorized/);
    const polls = server.calls.length;
    assert.deepEqual([scene.shown, await host.deliveries('failed'), await host.deliveries('unknown')], [[], [], []]);
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    assert.equal(server.calls.length, polls, 'nothing was asked any more');
    server.token = good;
    await host.start();
    await server.until((s) => s.visible(stranger).length === 1, 'the other answer');
    const known = await scene.whatIsKnown();
    // Both were delivered after the restart.
    wasDelivered({ ...known, status: { ...known.status, delivered: known.status.delivered - 1 } }, scene, { attempts: 1 });
  }, whenTold));

  test('409: another program polls; answers go out all the same, and polling goes on when it is gone', () => withScene(async (scene) => {
    const { server } = scene;
    scene.ask('hello');
    await scene.agentIsAsked();
    await until(() => server.poll, 'a poll');
    await server.anotherPolls();
    const told = await until(async () => { const now = await scene.instance(); return now.state === 'degraded' && now; }, 'the state');
    assert.match(told.reason, /^another program polls with this bot token.*Conflict: terminated by other getUpdates request/);
    assert.match(told.userAction, /stop the other program or use another bot/);
    assert.match(await scene.prints('status'), /\ntelegram +telegram +degraded +.*another program polls.*stop the other program/);
    const polls = () => server.calls.filter(({ method }) => method === 'getUpdates').length;
    const before = polls();
    scene.letAgentAnswer();
    await server.until(() => scene.shown.length === 1, 'the answer');
    assert.deepEqual([(await scene.instance()).state, polls()], ['degraded', before], 'delivered while it waits');
    await server.until(() => polls() > before, 'the next poll', 90_000);
    assert.equal(polls(), before + 1, 'no tight loop');
    const group = server.chat(-1001, { title: 'Team' });
    server.say(group, server.user(7), { text: 'not for the bot' });
    await until(async () => (await scene.instance()).state === 'online', 'the state');
    wasDelivered(await scene.whatIsKnown(), scene, { attempts: 1 });
  }, whenTold));
});

test('401 at the start: says what to do, and asks no more', async () => {
  const server = await new TelegramServer().start();
  const host = new Host({ config: telegramConfig(server) });
  const good = server.token;
  server.token = '1:AAother-token-of-the-server-only';
  try {
    await host.start();
    const telegram = await until(async () => (await host.call('status')).instances.find(({ name, state }) => name === 'telegram' && state === 'failed'), 'the state');
    assert.match(telegram.userAction, /token from @BotFather/);
    assert.ok(!JSON.stringify(await host.call('status')).includes(good));
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    assert.ok(!host.log.includes(good));
  } finally {
    await host.kill();
    await server.stop();
    host.remove();
  }
});
