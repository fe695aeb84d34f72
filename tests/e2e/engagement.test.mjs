// When a message in a Telegram group is for the agent, and what becomes of the others: each rule of
// a wiring, seen by the person who writes and by the agent's folder.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Host, bin, until } from './lib/host.mjs';
import { telegramConfig } from './lib/configs.mjs';
import { readDataFolder } from './lib/databases.mjs';
import { assertInvariants, telegramView } from './lib/invariants.mjs';
import { withServed } from './lib/served.mjs';
import { TelegramServer } from './telegram/server.mjs';

const MENTION = '@patch_bot';
const cat = { command: [bin('patchbay-agent'), '--exec', 'cat'] }; // answers the whole prompt

class Scene {
  constructor(server, wirings, agents) {
    this.server = server;
    this.host = new Host({ config: telegramConfig(server, { agents,
      wirings: wirings.map((wiring) => ({ chats: 'telegram:*', agent: 'main', ...wiring })) }) });
    this.group = server.chat(-1001, { title: 'Team' });
    this.forum = server.chat(-1002, { title: 'Forum', is_forum: true, topics: [7, 8] });
  }

  say(text, { chat = this.group, topic } = {}) {
    const thread = topic === undefined ? {} : { message_thread_id: topic, is_topic_message: true };
    const entities = text.startsWith(MENTION) ? [{ type: 'mention', offset: 0, length: MENTION.length }] : undefined;
    return this.server.say(chat, this.server.user(7, 'Bob'), { text, entities, ...thread });
  }
  shown(chat = this.group) { return this.server.visible(chat).map((message) => message.text); }
  // Says it, and waits for the answer to it.
  async ask(text, where = {}) {
    const before = this.shown(where.chat).length;
    this.say(text, where);
    await this.server.until(() => this.shown(where.chat).slice(before).some((shown) => shown.includes(text)), `the answer to "${text}"`, 60_000);
  }
  mention(text, where) { return this.ask(`${MENTION} ${text}`, where); }
  // Says it, and waits until the host has it for good.
  async tell(text, where) {
    this.say(text, where);
    await until(() => this.server.updates.length === 0, `"${text}" to be confirmed`);
  }

  // What the folders hold in the end.
  async ends() {
    await until(async () => (await this.host.deliveries()).every(({ state }) => state === 'delivered'), 'all to be delivered');
    assert.deepEqual(await this.host.stop(), { code: 0, signal: null });
    return readDataFolder(this.host.data);
  }
}

const textsOf = (state) => state.sessions.flatMap((session) => session.inbound.messages)
  .map((row) => [JSON.parse(row.content).text, row.trigger]);

async function withWirings(wirings, body, agents = { main: cat }) {
  const server = await new TelegramServer().start();
  const scene = new Scene(server, wirings, agents);
  await withServed(scene, async () => {
    await body(scene);
    if (scene.host.alive) await scene.ends();
    assertInvariants(scene.host.data, [telegramView(server)]);
  });
}

describe('a group is answered', { concurrency: 4 }, () => {
  test('always: whatever is said', () => withWirings([{ engage: 'always' }], async (scene) => {
    await scene.ask('hello all');
    await scene.mention('and you');
    assert.deepEqual(scene.shown(), ['Bob: hello all', `Bob: ${MENTION} and you`]);
  }));

  test('pattern: what matches, and a mention alone does not', () => withWirings([{ engage: 'pattern', pattern: '\\bdeploy\\b' }], async (scene) => {
    await scene.tell('hello all');
    await scene.tell(`${MENTION} hello`);
    await scene.tell('Deploy');
    await scene.tell('redeployed');
    await scene.ask('please deploy it');
    assert.deepEqual(scene.shown(), ['Bob: please deploy it']);
    assert.deepEqual(textsOf(await scene.ends()), [['please deploy it', 1]]);
  }));

  test('pattern: in either case where that is wished', () => withWirings([{ engage: 'pattern', pattern: '^deploy', ignore_case: true }], async (scene) => {
    await scene.tell('please deploy it');
    await scene.ask('DEPLOY now');
    assert.deepEqual(scene.shown(), ['Bob: DEPLOY now']);
  }));

  test('mention, the others dropped: they reach no folder', () => withWirings([{ engage: 'mention' }], async (scene) => {
    await scene.tell('first');
    await scene.tell('second');
    await scene.mention('what was said?');
    await scene.tell('third');
    await scene.mention('and now?');
    assert.deepEqual(scene.shown(), [`Bob: ${MENTION} what was said?`, `Bob: ${MENTION} and now?`]);
    assert.deepEqual(textsOf(await scene.ends()), [[`${MENTION} what was said?`, 1], [`${MENTION} and now?`, 1]]);
  }));

  test('mention, the others accumulated: the agent reads them with the next one, each once', () => withWirings([{ engage: 'mention', ignored: 'accumulate' }], async (scene) => {
    await scene.tell('first');
    await scene.tell('second');
    assert.deepEqual(scene.shown(), []);
    await scene.mention('what was said?');
    await scene.tell('third');
    await scene.mention('and now?');
    assert.deepEqual(scene.shown(), [`Bob: first\nBob: second\nBob: ${MENTION} what was said?`, `Bob: third\nBob: ${MENTION} and now?`]);
    assert.deepEqual(textsOf(await scene.ends()),
      [['first', 0], ['second', 0], [`${MENTION} what was said?`, 1], ['third', 0], [`${MENTION} and now?`, 1]]);
  }));

  test('what was accumulated outlives the host', () => withWirings([{ engage: 'mention', ignored: 'accumulate' }], async (scene) => {
    await scene.tell('first');
    assert.deepEqual(await scene.host.kill(), { code: null, signal: 'SIGKILL' });
    await scene.host.start();
    await scene.mention('what was said?');
    assert.deepEqual(scene.shown(), [`Bob: first\nBob: ${MENTION} what was said?`]);
  }));

  test('mention-sticky: a topic in which it was mentioned, and no other; also after a restart', () => withWirings([{ engage: 'mention-sticky', session: 'per-thread' }], async (scene) => {
    const chat = scene.forum;
    await scene.tell('before', { chat, topic: 7 });
    await scene.mention('join us', { chat, topic: 7 });
    await scene.ask('go on', { chat, topic: 7 });
    await scene.tell('elsewhere', { chat, topic: 8 });
    await scene.tell('in general', { chat });
    await scene.tell('in another group');
    assert.deepEqual(await scene.host.stop(), { code: 0, signal: null });
    await scene.host.start();
    await scene.tell('elsewhere again', { chat, topic: 8 });
    await scene.ask('still there?', { chat, topic: 7 });
    const shown = scene.server.visible(chat);
    assert.deepEqual(shown.map((message) => [message.message_thread_id, message.text]),
      [[7, `Bob: ${MENTION} join us`], [7, 'Bob: go on'], [7, 'Bob: still there?']]);
    assert.deepEqual(scene.shown(), []);
  }));

  test('two agents in one chat, each by its own rule', () => withWirings([
    { engage: 'mention' }, { agent: 'deployer', engage: 'pattern', pattern: 'deploy' }], async (scene) => {
    await scene.tell('hello all');
    await scene.mention('hello');
    await scene.ask('deploy it');
    assert.deepEqual(scene.shown(), [`Bob: ${MENTION} hello`, 'deployer: Bob: deploy it']);
    scene.say(`${MENTION} deploy that`);
    await scene.server.until(() => scene.shown().length === 4, 'both answers', 60_000);
    assert.deepEqual(scene.shown().slice(2).sort(), [`Bob: ${MENTION} deploy that`, `deployer: Bob: ${MENTION} deploy that`]);
  }, { main: cat, deployer: { command: [bin('patchbay-agent'), '--exec', 'printf "deployer: "; cat'] } }));
});
