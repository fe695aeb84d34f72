// An agent that knows the session contract and nothing else (contract_agent.py: its SQL statements in
// another language, without our library) serves people on Telegram unmodified.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Host, until } from './lib/host.mjs';
import { telegramConfig } from './lib/configs.mjs';
import { readDataFolder } from './lib/databases.mjs';
import { assertInvariants, telegramView } from './lib/invariants.mjs';
import { withServed } from './lib/served.mjs';
import { TelegramServer } from './telegram/server.mjs';

const AGENT = fileURLToPath(new URL('./contract_agent.py', import.meta.url));

class Scene {
  constructor(server) {
    this.server = server;
    this.host = new Host({ config: telegramConfig(server, {
      agents: { main: { command: ['python3', AGENT] } },
      wirings: [{ chats: 'telegram:dm:*', agent: 'main', engage: 'always', session: 'shared' },
        { chats: 'telegram:group:*', agent: 'main', engage: 'mention', session: 'per-thread' }],
    }) });
    this.chat = server.chat(42, { first_name: 'Ada' });
  }

  say(text, fields = {}) { return this.server.say(this.chat, this.server.user(42), { text, ...fields }); }
  get shown() { return this.server.visible(this.chat).map((m) => m.text ?? m.caption ?? '(file)'); }
  shows(text) {
    const fits = (line) => (text instanceof RegExp ? text.test(line) : line === text);
    return this.server.until(() => this.server.visible(this.chat).find((m) => fits(m.text ?? m.caption ?? '')), `"${text}" to be shown`, 60_000);
  }
  // The ledger and the session, once the host has stopped.
  async ends() {
    await until(async () => (await this.host.deliveries()).every(({ state }) => !['waiting', 'sending'].includes(state)), 'an end of all deliveries');
    await until(() => this.server.updates.length === 0, 'all to be confirmed');
    assert.deepEqual(await this.host.stop(), { code: 0, signal: null });
    return readDataFolder(this.host.data);
  }
}

async function withAgent(body) {
  const server = await new TelegramServer().start();
  const scene = new Scene(server);
  await withServed(scene, async () => {
    await body(scene);
    if (scene.host.alive) await scene.ends();
    assertInvariants(scene.host.data, [telegramView(server)]);
    assert.doesNotMatch(scene.host.log, /Traceback|agent\.exited .*exit code [^0]/);
  });
}

describe('an agent that was written for the contract', { concurrency: 4 }, () => {
  test('answers texts to the address of the message, and without an address to the chat of the session', () => withAgent(async (scene) => {
    scene.say('say one');
    scene.say('default two');
    await scene.shows('two');
    assert.deepEqual(scene.shown, ['one', 'two']);
    const { sessions: [session] } = await scene.ends();
    assert.ok(session.outbound.messages.every(({ seq }) => seq % 2 === 1));
    assert.deepEqual(session.inbound.messages.map(({ status }) => status), ['completed', 'completed']);
    assert.deepEqual(session.inbound.delivered.map(({ status }) => status), ['delivered', 'delivered']);
  }));

  test('gets files and sends files', () => withAgent(async (scene) => {
    const bytes = randomBytes(300_000);
    scene.say(undefined, { caption: 'file here it is', document: scene.server.upload(bytes, { file_name: 'plan.bin' }) });
    const shown = await scene.shows('here it is');
    assert.ok(shown.bytes.equals(bytes));
    assert.equal(shown.file_name, 'copy-0-plan.bin');
  }));

  test('edits what was delivered, and what may be on its way', () => withAgent(async (scene) => {
    scene.say('edit word');
    await scene.shows('then word');
    scene.say('revise word');
    await scene.shows('final word');
    assert.deepEqual(scene.shown, ['then word', 'final word']);
  }));

  test('edits what took several messages, and leaves nothing of it', () => withAgent(async (scene) => {
    scene.say('shrink word');
    await scene.shows('short at last');
    await scene.server.until(() => scene.shown.length === 1, 'the rest to be deleted', 60_000);
    assert.deepEqual(scene.shown, ['short at last']);
    assert.equal(scene.server.deleted.length, 2);
  }));

  test('reacts to a message by its row id and by its number, and deletes its own', () => withAgent(async (scene) => {
    const first = scene.say('react row');
    const second = scene.say('react number');
    await scene.server.until((s) => s.reactions.length === 2, 'both reactions', 60_000);
    assert.deepEqual(scene.server.reactions.map(({ message_id, reaction }) => [Number(message_id), reaction]),
      [first, second].map(({ message_id }) => [message_id, [{ type: 'emoji', emoji: '👍' }]]));
    scene.say('remove');
    await scene.server.until((s) => s.deleted.length === 1, 'the message to be deleted', 60_000);
    assert.deepEqual(scene.shown, []);
  }));

  test('a tool that waits finds the answer of the host', () => withAgent(async (scene) => {
    scene.say('system weather');
    // Row id and trigger as the contract has them; this host does no commands, and says so.
    const shown = await scene.shows(/^True 0 False ./);
    assert.match(shown.text, /cli_request|command|not/i);
    const state = await scene.ends();
    // The request itself is nothing that people see.
    assert.deepEqual(scene.shown, [shown.text]);
    assert.equal(state.sessions[0].inbound.messages.filter(({ status }) => status !== 'completed').length, 0);
  }));

  test('is told what it may do, and where', () => withAgent(async (scene) => {
    scene.say('names');
    const [routing, destinations] = JSON.parse((await scene.shows(/^\[/)).text);
    assert.deepEqual(routing, ['telegram', 'telegram:dm:42', null]);
    assert.equal(destinations.length, 1);
    assert.deepEqual(destinations[0].slice(1), ['channel', 'telegram', 'telegram:dm:42']);
  }));

  test('is told that it may not write elsewhere', () => withAgent(async (scene) => {
    scene.server.chat(999);
    scene.say('elsewhere');
    scene.say('say still here');
    await scene.shows('still here');
    const state = await scene.ends();
    const refused = state.central.deliveries.find(({ content }) => content.includes('psst'));
    assert.equal(refused.state, 3);
    assert.deepEqual(scene.server.visible({ id: 999 }), []);
    const notices = state.sessions[0].inbound.messages.filter(({ channel_type }) => channel_type === 'agent');
    assert.equal(notices.length, 1);
    assert.match(JSON.parse(notices[0].content).text, /^Your message re-2 \("psst"\).* was not delivered: ./);
    assert.deepEqual([notices[0].platform_id, notices[0].trigger, notices[0].kind], ['main', 0, 'chat']);
  }));

  test('a burst is answered in its order, without waiting for sweeps', () => withAgent(async (scene) => {
    const words = Array.from({ length: 25 }, (_, n) => `n${n}`);
    for (const word of words) scene.say(`say ${word}`);
    // What the agent wrote counts: a private chat takes one message a second.
    const written = await until(async () => {
      const deliveries = await scene.host.deliveries();
      return deliveries.length === words.length && deliveries;
    }, 'all answers to be written');
    const at = written.map(({ acceptedAt }) => Date.parse(acceptedAt));
    assert.deepEqual(written.map(({ preview }) => preview), words);
    assert.ok(at.at(-1) - at[0] < 10_000, `${at.at(-1) - at[0]} ms`);
    await scene.shows('n24');
    assert.deepEqual(scene.shown, words);
  }));

  test('what it leaves in session_state is there for its next process', () => withAgent(async (scene) => {
    scene.say('count');
    await scene.shows(/^1 by /);
    assert.deepEqual(await scene.host.stop(), { code: 0, signal: null });
    await scene.host.start();
    scene.say('count');
    await scene.shows(/^2 by /);
    const processes = scene.shown.map((text) => text.split(' by ')[1]);
    assert.notEqual(processes[0], processes[1]);
  }));

  test('killed in the middle of a turn, it gets the message again', () => withAgent(async (scene) => {
    scene.say('die');
    await scene.shows('alive after 1 tries');
    assert.deepEqual(scene.shown, ['alive after 1 tries']);
    const { sessions: [session] } = await scene.ends();
    assert.deepEqual(session.inbound.messages.map(({ status, tries }) => [status, tries]), [['completed', 1]]);
  }));

  test('several of it at once, each in its thread of a group', () => withAgent(async (scene) => {
    const { server } = scene;
    const group = server.chat(-1002, { title: 'Forum', is_forum: true, topics: [7, 8] });
    for (const word of ['first', 'second']) {
      for (const topic of group.topics) {
        server.say(group, server.user(7), { text: `@patch_bot say ${word} in ${topic}`, message_thread_id: topic, is_topic_message: true,
          entities: [{ type: 'mention', offset: 0, length: 10 }] });
      }
    }
    await server.until((s) => s.visible(group).length === 4, 'the answers', 60_000);
    for (const topic of group.topics) {
      assert.deepEqual(server.visible(group).filter((m) => m.message_thread_id === topic).map((m) => m.text), [`first in ${topic}`, `second in ${topic}`]);
    }
    const sessions = await scene.host.sessions();
    assert.equal(new Set(sessions.map(({ sessionId }) => sessionId)).size, 2, JSON.stringify(sessions));
  }));
});
