// Two agents in the same group chats: each is given every message once, and each of its answers is
// shown once and in order, also when host and agents are killed meanwhile. PATCHBAY_SEED repeats a
// run, PATCHBAY_KILLS makes it longer.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { until, bin, DEADLINE } from '../e2e/lib/host.mjs';
import { readDataFolder } from '../e2e/lib/databases.mjs';
import { Conversation, randomFrom, runningAgents, withConversation } from './conversation.mjs';

const SEED = Number(process.env.PATCHBAY_SEED ?? randomInt(1 << 30));
const KILLS = Number(process.env.PATCHBAY_KILLS ?? 6);
const AGENTS = ['anna', 'otto'];
const GROUPS = [-1001, -1002, -1003];
const MESSAGES = 6; // a group: it takes 20 answers a minute, and the host keeps to it
const STATES = { delivered: 2, unknown: 4 };

const config = (agents) => () => ({ agents, wirings: AGENTS.map((agent) => ({ chats: 'telegram:group:*', agent, engage: 'always' })) });
// Each answers the lines of people under its own name.
const named = config(Object.fromEntries(AGENTS.map((name) =>
  [name, { command: [bin('patchbay-agent'), '--exec', `sed -n 's/^Bob: .*\\(message [0-9]*\\.\\)$/${name} read \\1/p'`] }])));

const linesOf = (text) => text.split('\n').filter((line) => line !== '');

class Named extends Conversation {
  lineOf(said, agent) { return `${agent} read ${said.text.slice(said.text.indexOf('message'))}`; }

  // The answer of one agent, which may be to several messages.
  answerOf(said, agent, deliveries) {
    return deliveries.find((row) => row.agent === agent && row.chat === `telegram:group:${said.chat.id}` &&
      linesOf(JSON.parse(row.content).text ?? '').includes(this.lineOf(said, agent)));
  }

  unanswered(deliveries) {
    return this.said.filter((said) => AGENTS.some((agent) => !this.answerOf(said, agent, deliveries)));
  }
}

function everyAgentGotEverything(state, conversation) {
  const rowsOf = new Map(AGENTS.map((agent) => [agent, state.sessions.filter((session) => session.agent === agent)
    .flatMap((session) => session.inbound.messages.filter((row) => row.channel_type === 'telegram'))]));
  for (const [agent, rows] of rowsOf) {
    const expected = conversation.said.map(({ chat, message }) => `${chat.id}:${message.message_id}:${agent}`);
    assert.deepEqual(rows.map((row) => row.id).sort(), expected.sort(), `what ${agent} was given`);
    for (const row of rows) assert.equal(row.status, 'completed', `${row.id} after ${row.tries} tries`);
  }
}

// What people read, chat by chat and agent by agent. Nobody could learn whether an unknown one arrived,
// so it may be missing, or have come when the next one was there already.
function everyAnswerWasShownOnce(state, conversation) {
  const { deliveries, parts } = state.central;
  const tally = { delivered: 0, unknown: 0 };
  for (const id of GROUPS) {
    const said = conversation.said.filter(({ chat }) => chat.id === id);
    const visible = conversation.server.visible(id);
    const most = new Map(); // line → how often it may stand there at most: once for each agent that says it
    for (const agent of AGENTS) {
      const ours = deliveries.filter((row) => row.agent === agent && row.chat === `telegram:group:${id}`).map((row) => row.id);
      const known = new Set(parts.filter((part) => ours.includes(part.delivery)).map((part) => part.remote_id));
      const read = visible.filter((message) => known.has(String(message.message_id))).flatMap((message) => linesOf(message.text));
      const certain = [];
      for (const one of said) {
        const line = conversation.lineOf(one, agent);
        const answer = conversation.answerOf(one, agent, deliveries);
        const delivered = answer?.state === STATES.delivered;
        assert.ok(delivered || answer?.state === STATES.unknown, `the delivery of "${line}" by ${agent} is ${JSON.stringify(answer)}`);
        if (delivered) certain.push(line);
        tally[delivered ? 'delivered' : 'unknown'] += 1;
        most.set(line, (most.get(line) ?? 0) + 1);
      }
      assert.deepEqual(read.filter((line) => certain.includes(line)), certain, `what ${agent} says in ${id}, each once and in order`);
    }
    for (const [line, times] of most) {
      const stands = visible.flatMap((message) => linesOf(message.text)).filter((text) => text === line).length;
      assert.ok(stands <= times, `"${line}" stands ${stands} times in ${id}`);
    }
  }
  return tally;
}

// Says everything: `step(n)` after each message.
async function sayAll({ server, conversation }, random, step = () => {}) {
  const bob = server.user(7, 'Bob');
  const places = GROUPS.map((id) => ({ chat: server.chat(id, { title: `Team ${-id}` }), left: MESSAGES }));
  for (let n = 1; places.some(({ left }) => left > 0); ++n) {
    const place = random.pick(places.filter(({ left }) => left > 0));
    place.left -= 1;
    conversation.say(place.chat, bob, `message ${n}.`);
    await step(n);
  }
}

async function settledAndRight(scene) {
  const { host, conversation } = scene;
  assert.equal(await conversation.settled(host, DEADLINE), null);
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
  const state = readDataFolder(host.data);
  everyAgentGotEverything(state, conversation);
  return everyAnswerWasShownOnce(state, conversation);
}

test('two agents in the same chats: each is given all of it and answers all of it', () => withConversation({ config: named, Talk: Named }, async (scene) => {
  await scene.host.start();
  await sayAll(scene, randomFrom(SEED));
  assert.deepEqual(await settledAndRight(scene), { delivered: AGENTS.length * GROUPS.length * MESSAGES, unknown: 0 });
}));

test(`the same with ${KILLS} kills of host and agents (PATCHBAY_SEED=${SEED})`, async (t) => {
  console.log(`# PATCHBAY_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const delays = randomFrom(SEED + 1);
  const count = { host: 0, agent: 0 };
  await withConversation({ config: named, Talk: Named }, async (scene) => {
    const { server, host } = scene;
    server.latency = (method) => (method.startsWith('send') ? delays.below(100) : 0);
    const every = Math.max(1, Math.floor((GROUPS.length * MESSAGES) / KILLS));
    const kill = async () => {
      // By progress and not by time, so that it falls into the work on a slow machine as well.
      const calls = server.calls.length + 1 + random.below(6);
      await until(() => server.calls.length >= calls, 'requests', 3000).catch(() => {}); // all was answered
      const agents = runningAgents(host.data);
      if (agents.length > 0 && random.chance(0.4)) {
        process.kill(random.pick(agents), 'SIGKILL');
        count.agent += 1;
        return;
      }
      assert.deepEqual(await host.kill(), { code: null, signal: 'SIGKILL' }, `the host ended by itself\n${host.log.slice(-3000)}`);
      host.spawn();
      count.host += 1;
    };
    await host.start();
    await sayAll(scene, randomFrom(SEED + 2), (n) => (n % every === 0 ? kill() : undefined));
    const tally = await settledAndRight(scene);
    assert.equal(tally.delivered + tally.unknown, AGENTS.length * GROUPS.length * MESSAGES);
    t.diagnostic(`kills: ${JSON.stringify(count)}; answers: ${JSON.stringify(tally)}`);
  });
});
