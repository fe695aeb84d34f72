// Several people talk with the agent over Telegram while host and agents are killed at random points.
// Afterwards: every message is stored and answered, or its answer is unknown and everybody was told;
// nothing was shown twice; order holds. PATCHBAY_SEED repeats a run, PATCHBAY_KILLS makes it longer.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../e2e/lib/host.mjs';
import { readDataFolder } from '../e2e/lib/databases.mjs';
import { randomFrom, runningAgents, withConversation } from './conversation.mjs';

const SEED = Number(process.env.PATCHBAY_SEED ?? randomInt(1 << 30));
const KILLS = Number(process.env.PATCHBAY_KILLS ?? 20);
const SETTLE = Number(process.env.PATCHBAY_E2E_DEADLINE ?? 60_000);
const MESSAGES = { private: 30, supergroup: 18 }; // a chat; a group takes 20 a minute, the host keeps to it
const TOPICS = [7, 8];
const DOCUMENT = 19_000_000; // bytes; what the Bot API lets a bot have is 20 MB
const DELIVERED = 2;
const UNKNOWN = 4;

// Now and then a photo or a document; one document, early, is as large as they may be.
function fileFor(n, random) {
  if (n === 5) return { name: 'report.pdf', bytes: Buffer.alloc(DOCUMENT, random.bytes(4093)) };
  if (!random.chance(0.3)) return undefined;
  return { name: `file-${n}.bin`, bytes: random.bytes(1 + random.below(60_000)), photo: random.chance(0.5) };
}

// Says something now and then until there was enough of it; `over()` ends it early.
async function talk({ server, conversation }, random, over) {
  const direct = [41, 42, 43, 44].map((id) => ({ chat: server.chat(id, { first_name: `P${id}` }), users: [server.user(id, `P${id}`)] }));
  const groups = [-1001, -1002].map((id) => ({ chat: server.chat(id, { title: `Team ${-id}` }),
    users: [server.user(7, 'Bob'), server.user(8, 'Eve')] }));
  const forum = { chat: server.chat(-1003, { title: 'Forum', is_forum: true, topics: TOPICS }), users: groups[0].users };
  const places = [...direct, ...groups, forum].map((place) => ({ ...place, left: MESSAGES[place.chat.type] }));
  const forumPlace = places.at(-1);
  const isEnough = () => over() && missingKinds(conversation).length === 0;
  for (let n = 1, topics = 0; !isEnough() && places.some((place) => place.left > 0); ++n) {
    const place = random.pick(places.filter((candidate) => candidate.left > 0));
    place.left -= 1;
    const topic = place === forumPlace ? TOPICS[topics++ % TOPICS.length] : undefined;
    conversation.say(place.chat, random.pick(place.users), `message ${n}.`, fileFor(n, random), topic);
    if (random.chance(0.6)) await sleep(random.below(700)); // else they write at the same time
  }
}

// The agents that run now get SIGKILL; returns how many.
function killAgents(host, random, all) {
  const running = runningAgents(host.data);
  const victims = all || running.length === 0 ? running : [random.pick(running)];
  for (const pid of victims) process.kill(pid, 'SIGKILL');
  return victims.length;
}

// Into the start of the host, or after some requests to the platform: by progress and not by time,
// so that it falls into the work on a slow machine as well.
async function atSomePoint(server, random) {
  if (random.chance(0.2)) {
    await sleep(random.below(600));
    return;
  }
  const calls = server.calls.length + 3 + random.below(15);
  await until(() => server.calls.length >= calls, 'requests', 4000).catch(() => {}); // all was said
  await sleep(random.below(40));
}

async function killOnce({ server, host }, random, count) {
  const what = random.pick(['host', 'agent', 'both']);
  await atSomePoint(server, random);
  let agents = 0;
  if (what !== 'host') {
    await until(() => runningAgents(host.data).length > 0, 'an agent', 3000).catch(() => {});
    agents = killAgents(host, random, what === 'both');
  }
  if (what === 'agent' && agents > 0) {
    count.agent += 1;
    return;
  }
  count[agents > 0 ? 'both' : 'host'] += 1;
  assert.deepEqual(await host.kill(), { code: null, signal: 'SIGKILL' }, `the host ended by itself\n${host.log.slice(-3000)}`);
  host.spawn();
}

function everyMessageWasDealtWith(state, conversation) {
  const tally = { delivered: 0, unknown: 0, repeatedTurns: 0 };
  const inbound = new Map(state.sessions.flatMap((session) => session.inbound.messages.map((row) => [row.id, row])));
  for (const said of conversation.said) {
    const id = `${said.chat.id}:${said.message.message_id}:main`;
    const row = inbound.get(id);
    assert.ok(row, `"${said.text}" (${id}) is in no inbound.db`);
    assert.equal(row.status, 'completed', `"${said.text}" (${id}) after ${row.tries} tries`);
    tally.repeatedTurns += row.tries > 0 ? 1 : 0;
    const answer = conversation.answerTo(said, state.central.deliveries);
    assert.ok([DELIVERED, UNKNOWN].includes(answer?.state), `the answer to "${said.text}" is ${JSON.stringify(answer)}`);
    tally[answer.state === DELIVERED ? 'delivered' : 'unknown'] += 1;
  }
  return tally;
}

// In every chat and thread in the order of the questions.
function answersAreInOrder(state, conversation) {
  for (const [place, questions] of conversation.answersShown(state.central)) {
    const told = questions.map((index) => conversation.said[index].text);
    assert.deepEqual(questions, [...questions].sort((a, b) => a - b), `in ${place} the answers came in the order ${told}`);
  }
}

// What the traffic still has to have in it, or the test shows less than it says.
function missingKinds({ said }) {
  const kinds = { 'the large document': ({ bytes }) => bytes?.length === DOCUMENT, 'a photo': ({ message }) => message.photo };
  for (const topic of TOPICS) kinds[`topic ${topic}`] = (one) => one.topic === topic;
  return Object.keys(kinds).filter((kind) => !said.some(kinds[kind]));
}

// With what is known of its parts as evidence. The invariants say that the agent was told.
function operatorAndPeopleWereTold(state, host) {
  for (const delivery of state.central.deliveries.filter((row) => row.state === UNKNOWN && row.agent !== '')) {
    assert.notEqual(delivery.reason, '', `delivery ${delivery.id} has no reason`);
    const [first] = state.central.parts.filter((part) => part.delivery === delivery.id);
    if (first) assert.ok(delivery.evidence.includes(first.remote_id), `delivery ${delivery.id} does not say that ${first.remote_id} is there`);
    assert.match(host.log, new RegExp(`delivery\\.unknown delivery=${delivery.id} `), `the log does not tell of delivery ${delivery.id}`);
    assert.ok(state.central.deliveries.some((row) => row.agent === '' && row.chat === delivery.chat &&
      row.content.includes('may not have been delivered')), `nobody in ${delivery.chat} was told of delivery ${delivery.id}`);
  }
}

test(`${KILLS} kills: nothing is lost, nothing is shown twice (PATCHBAY_SEED=${SEED})`, async (t) => {
  console.log(`# PATCHBAY_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const talkers = randomFrom(SEED + 1); // apart: what is said does not depend on the kills
  const count = { host: 0, agent: 0, both: 0 };
  await withConversation({}, async (scene) => {
    const { server, host, conversation } = scene;
    // A platform that takes its time: kills fall before, into and after what happens there.
    const delays = randomFrom(SEED + 2);
    server.latency = (method) => (method.startsWith('send') ? delays.below(150) : 0);
    let over = false;
    host.spawn();
    const talking = talk(scene, talkers, () => over);
    try {
      for (let i = 0; i < KILLS; ++i) await killOnce(scene, random, count);
    } finally {
      over = true;
      await talking;
    }
    assert.equal(await conversation.settled(host, SETTLE), null);
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    const state = readDataFolder(host.data);
    const tally = everyMessageWasDealtWith(state, conversation);
    answersAreInOrder(state, conversation);
    operatorAndPeopleWereTold(state, host);
    assert.deepEqual(missingKinds(conversation), []);
    t.diagnostic(`kills: ${JSON.stringify(count)}; ${conversation.said.length} messages: ${JSON.stringify(tally)}`);
  });
});
