// What the tests that kill at random points have in common: several people who talk with the agent for a
// while, the point at which a kill falls, and what must be true of the whole traffic afterwards.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../e2e/lib/host.mjs';

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
export async function talk({ server, conversation }, random, over) {
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

// Into the start of the host, or after some requests to the platform: by progress and not by time,
// so that it falls into the work on a slow machine as well.
export async function atSomePoint(server, random) {
  if (random.chance(0.2)) {
    await sleep(random.below(600));
    return;
  }
  const calls = server.calls.length + 3 + random.below(15);
  await until(() => server.calls.length >= calls, 'requests', 4000).catch(() => {}); // all was said
  await sleep(random.below(40));
}

export function everyMessageWasDealtWith(state, conversation) {
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
export function answersAreInOrder(state, conversation) {
  for (const [place, questions] of conversation.answersShown(state.central)) {
    const told = questions.map((index) => conversation.said[index].text);
    assert.deepEqual(questions, [...questions].sort((a, b) => a - b), `in ${place} the answers came in the order ${told}`);
  }
}

// What the traffic still has to have in it, or the test shows less than it says.
export function missingKinds({ said }) {
  const kinds = { 'the large document': ({ bytes }) => bytes?.length === DOCUMENT, 'a photo': ({ message }) => message.photo };
  for (const topic of TOPICS) kinds[`topic ${topic}`] = (one) => one.topic === topic;
  return Object.keys(kinds).filter((kind) => !said.some(kinds[kind]));
}

// With what is known of its parts as evidence. The invariants say that the agent was told.
export function operatorAndPeopleWereTold(state, host) {
  for (const delivery of state.central.deliveries.filter((row) => row.state === UNKNOWN && row.agent !== '')) {
    assert.notEqual(delivery.reason, '', `delivery ${delivery.id} has no reason`);
    const [first] = state.central.parts.filter((part) => part.delivery === delivery.id);
    if (first) assert.ok(delivery.evidence.includes(first.remote_id), `delivery ${delivery.id} does not say that ${first.remote_id} is there`);
    assert.match(host.log, new RegExp(`delivery\\.unknown delivery=${delivery.id} `), `the log does not tell of delivery ${delivery.id}`);
    assert.ok(state.central.deliveries.some((row) => row.agent === '' && row.chat === delivery.chat &&
      row.content.includes('may not have been delivered')), `nobody in ${delivery.chat} was told of delivery ${delivery.id}`);
  }
}
