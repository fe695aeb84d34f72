// Several people talk with the agent over Telegram while the process of the isolated adapter is killed at
// random points. Afterwards: every message is stored and answered, or its answer is unknown and everybody
// was told; nothing was shown twice; order holds; the host never ended. PATCHBAY_SEED repeats a run.
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { DEADLINE, until } from '../e2e/lib/host.mjs';
import { readDataFolder } from '../e2e/lib/databases.mjs';
import { randomFrom, withConversation } from './conversation.mjs';
import { answersAreInOrder, atSomePoint, everyMessageWasDealtWith, operatorAndPeopleWereTold, talk } from './talk.mjs';
import { isThere, runnersOf } from './runners.mjs';

const SEED = Number(process.env.PATCHBAY_SEED ?? randomInt(1 << 30));
const CONVERSATIONS = 4;
const KILLS = 3; // in each: after five losses within ten minutes an instance rests, as it should
// The agent hears of at most one failure a chat and minute, and the host is not started anew for it here.
const NOTICES = 70_000;

// The process gets SIGKILL at some point of the traffic, and the host starts another one. Returns its id.
async function killRunner({ server, host }, random) {
  const restarts = async () => (await host.call('status')).instances.find(({ name }) => name === 'telegram').restarts;
  const before = await restarts();
  await atSomePoint(server, random);
  const [{ pid }] = await until(() => (runnersOf(host.pid, 'telegram').length > 0 ? runnersOf(host.pid, 'telegram') : null), 'a runner');
  process.kill(pid, 'SIGKILL');
  await until(async () => (await restarts()) > before, 'another runner');
  return pid;
}

async function killAndTalk(scene, seed) {
  const { server, host, conversation } = scene;
  const [random, talkers, delays] = [seed, seed + 1, seed + 2].map(randomFrom); // what is said does not depend on the kills
  // A platform that takes its time: kills fall before, into and after what happens there.
  server.latency = (method) => (method.startsWith('send') ? delays.below(150) : 0);
  await host.start();
  const { pid } = host;
  const killed = [];
  let over = false;
  const talking = talk(scene, talkers, () => over);
  try {
    while (killed.length < KILLS) killed.push(await killRunner(scene, random));
  } finally {
    over = true;
    await talking;
  }
  let pending = null;
  await until(async () => (pending = await conversation.pending(host)) === null, 'everything to settle', DEADLINE + NOTICES)
    .catch(() => assert.fail(pending));
  const { instances: [instance] } = await host.call('status');
  assert.deepEqual([instance.state, instance.restarts], ['online', KILLS]);
  const [last] = runnersOf(pid, 'telegram');
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
  assert.equal(host.pid, pid);
  assert.deepEqual([...killed, last.pid].filter(isThere), [], 'runners that outlive their host');
  assert.equal(host.log.split("the adapter's process was lost: it was killed").length - 1, KILLS);
}

// At a time: most of it is waiting for notices.
describe(`kills of the adapter's process: nothing is lost, nothing is shown twice (PATCHBAY_SEED=${SEED})`, { concurrency: CONVERSATIONS }, () => {
  console.log(`# PATCHBAY_SEED=${SEED}`);
  for (let n = 0; n < CONVERSATIONS; ++n) {
    it(`conversation ${n + 1}, ${KILLS} kills`, (t) => withConversation({ config: () => ({ isolation: 'process' }) }, async (scene) => {
      const { host, conversation } = scene;
      await killAndTalk(scene, SEED + 10 * n); // each takes three seeds
      const state = readDataFolder(host.data);
      const tally = everyMessageWasDealtWith(state, conversation);
      answersAreInOrder(state, conversation);
      operatorAndPeopleWereTold(state, host);
      t.diagnostic(`${conversation.said.length} messages: ${JSON.stringify(tally)}`);
    }));
  }
});
