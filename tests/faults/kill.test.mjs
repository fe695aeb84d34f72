// Several people talk with the agent over Telegram while host and agents are killed at random points.
// Afterwards: every message is stored and answered, or its answer is unknown and everybody was told;
// nothing was shown twice; order holds. PATCHBAY_SEED repeats a run, PATCHBAY_KILLS makes it longer.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { until, DEADLINE } from '../e2e/lib/host.mjs';
import { readDataFolder } from '../e2e/lib/databases.mjs';
import { randomFrom, runningAgents, withConversation } from './conversation.mjs';
import { answersAreInOrder, atSomePoint, everyMessageWasDealtWith, missingKinds, operatorAndPeopleWereTold, talk } from './talk.mjs';

const SEED = Number(process.env.PATCHBAY_SEED ?? randomInt(1 << 30));
const KILLS = Number(process.env.PATCHBAY_KILLS ?? 20);

// The agents that run now get SIGKILL; returns how many.
function killAgents(host, random, all) {
  const running = runningAgents(host.data);
  const victims = all || running.length === 0 ? running : [random.pick(running)];
  for (const pid of victims) process.kill(pid, 'SIGKILL');
  return victims.length;
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
    assert.equal(await conversation.settled(host, DEADLINE), null);
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    const state = readDataFolder(host.data);
    const tally = everyMessageWasDealtWith(state, conversation);
    answersAreInOrder(state, conversation);
    operatorAndPeopleWereTold(state, host);
    assert.deepEqual(missingKinds(conversation), []);
    t.diagnostic(`kills: ${JSON.stringify(count)}; ${conversation.said.length} messages: ${JSON.stringify(tally)}`);
  });
});
