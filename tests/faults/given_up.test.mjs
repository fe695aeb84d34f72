// A message that no agent gets done with is given up, and whoever wrote it is told so: once, wherever
// between the steps of that the host is killed.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Host, bin, until } from '../e2e/lib/host.mjs';
import { telegramConfig } from '../e2e/lib/configs.mjs';
import { readDataFolder, readLive } from '../e2e/lib/databases.mjs';
import { TelegramServer } from '../e2e/telegram/server.mjs';

const NOTICE = /before it was done with this message, so it was given up/;
const TRIES = 5; // limits::kClaimTries
const DELIVERED = 2; // store::DeliveryState
const MOST_COMMITS = 40;

const isNotice = ({ message_out_id: id }) => id.startsWith('given-up:');

// Where the host is killed → whether the notice is in the ledger by then.
const KILLS = {
  'session.between_claims_and_acknowledgements': false,
  'delivery.before_accept': false,
  'delivery.after_accept': true,
};

function sqlite(file, sql) {
  const done = spawnSync('sqlite3', [file], { input: sql, encoding: 'utf8' });
  assert.equal(done.stderr, '', file);
}

async function withDyingAgent(body) {
  const server = await new TelegramServer().start();
  const agents = { main: { command: [bin('patchbay-agent'), '--echo'], env: { PATCHBAY_FAILPOINTS_SET: 'agent.after_claim=kill' } } };
  const host = new Host({ config: telegramConfig(server, { agents }) });
  try {
    await body({ server, host, chat: server.chat(42, { first_name: 'Ada' }) });
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-8000)}`;
    throw error;
  } finally {
    if (host.process) await host.kill();
    await server.stop();
    host.remove();
  }
}

// The waits between the tries take minutes: as they leave it before the last one has ended.
function wasTriedOften(host) {
  const [{ folder, inbound }] = readDataFolder(host.data).sessions;
  const [{ id }] = inbound.messages;
  sqlite(path.join(folder, 'inbound.db'), `UPDATE messages_in SET status = 'pending', tries = ${TRIES}, process_after = NULL;`);
  sqlite(path.join(folder, 'outbound.db'), `INSERT OR REPLACE INTO processing_ack VALUES ('${id}', 'processing', datetime('now'));`);
}

const rowOf = (state) => state.sessions[0].inbound.messages[0];

// A message that was tried as often as one is, its host stopped.
async function withOneTryLeft(body) {
  await withDyingAgent(async (scene) => {
    const { server, host, chat } = scene;
    await host.start();
    server.say(chat, server.user(42), { text: 'hello' });
    await until(() => host.log.includes('the agent was ended by signal 9'), 'the agent to die');
    await host.stop();
    wasTriedOften(host);
    await body(scene);
  });
}

async function isToldOnce({ server, host }) {
  const notices = async () => (await readLive(path.join(host.data, 'patchbay.db'),
    { rows: 'SELECT message_out_id, state FROM deliveries' })).rows?.filter(isNotice) ?? [];
  await until(async () => (await notices()).some(({ state }) => state === DELIVERED), 'the notice to be delivered');
  await host.stop();
  const state = readDataFolder(host.data);
  assert.equal(rowOf(state).status, 'failed');
  assert.equal(state.central.deliveries.filter(isNotice).length, 1);
  assert.equal(server.visible(42).filter(({ text }) => NOTICE.test(text)).length, 1);
}

for (const [failpoint, isInLedger] of Object.entries(KILLS)) {
  test(`killed at ${failpoint}: who wrote is told once`, () => withOneTryLeft(async (scene) => {
    const { host } = scene;
    host.spawn({ PATCHBAY_FAILPOINTS_SET: `${failpoint}=kill@1` });
    assert.deepEqual(await host.exited, { code: null, signal: 'SIGKILL' });
    const before = readDataFolder(host.data);
    assert.deepEqual([rowOf(before).status, rowOf(before).tries], ['pending', TRIES + 1]);
    assert.equal(before.central.deliveries.some(isNotice), isInLedger);
    host.spawn();
    await isToldOnce(scene);
  }));
}

// What the host writes at its start comes before; how often, depends on what there is.
test('the commit of the notice fails: it is tried again', async () => {
  let wasTheNotice = false;
  for (let commit = 8; !wasTheNotice; ++commit) {
    assert.ok(commit < MOST_COMMITS, 'none of the commits was that of the notice');
    await withOneTryLeft(async (scene) => {
      const { host } = scene;
      host.spawn({ PATCHBAY_FAILPOINTS_SET: `store.commit=error@${commit}` });
      await until(() => !host.alive || host.log.includes('store.commit_failed'), 'the commit to fail');
      // It could not start: another one can.
      await until(() => !host.alive || host.log.split('host.ready').length > 2, 'the host to serve');
      if (!host.alive) host.spawn();
      await isToldOnce(scene);
      wasTheNotice = host.log.includes('nobody could be told of messages given up: failpoint store.commit');
    });
  }
});
