// An agent that holds locks for ever on the databases of its session, or leaves hot journals beside
// them. What people write meanwhile is kept, and answered when the session works again.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../e2e/lib/host.mjs';
import { readDataFolder, readLive } from '../e2e/lib/databases.mjs';
import { underAttack } from './attacked-host.mjs';
import { DIES_IN_TRANSACTION, makeJournal } from './journals.mjs';

// ---- locks --------------------------------------------------------------------------------------

// Runs `body` while the attack's lock is held; ends the holder by letGo() at the latest.
async function whileLocked(attacked, attack, body) {
  attacked.say(attack);
  await whileHeld(attacked, body);
}

// The same, but the holder is no process of the agent's: it stays when the agent ends.
async function whileLockedByAnother(attacked, database, statement, body) {
  attacked.say(`${database} is locked by another`);
  await until(() => fs.existsSync(attacked.agentFile('lock-it')), 'the agent to be ready for the lock');
  const script = fileURLToPath(new URL('./hold-lock.mjs', import.meta.url));
  spawn(process.execPath, [script, await attacked.sessionFile(database), statement, attacked.agentFile('held')], { stdio: 'ignore' });
  await whileHeld(attacked, body);
}

async function whileHeld(attacked, body) {
  const mark = attacked.agentFile('held');
  await until(() => fs.existsSync(mark), 'the lock to be held');
  const holder = Number(fs.readFileSync(mark, 'utf8'));
  try {
    await body(() => process.kill(holder));
  } finally {
    try { process.kill(holder); } catch { /* it was let go */ }
  }
}

function intake({ host }) {
  return readLive(path.join(host.data, 'patchbay.db'), { rows: 'SELECT count(*) AS n FROM intake' }).then(({ rows }) => rows[0].n);
}

// Each message of the attacker's chat was answered once and in order, and nothing waits any more.
async function allAnswered(attacked, texts) {
  await attacked.shows(new RegExp(`^${texts.at(-1)}$`));
  assert.deepEqual(attacked.shown, texts);
  await until(async () => await intake(attacked) === 0, 'the intake to be empty');
}

async function saysWhileInboundIsLocked(attacked) {
  attacked.say('echo first');
  await attacked.logs(/session\.inbound_busy session=evil\/.*inbound\.db/);
  await attacked.logs(/routing\.session_diverted session=evil\//);
  attacked.say('echo second');
  await until(async () => await intake(attacked) === 2, 'both messages to be in the intake');
  await attacked.neighbourAnswers();
  assert.deepEqual(attacked.shown, []);
}

test('a read lock on inbound.db: messages wait in the intake until it goes', () => underAttack((attacked) =>
  whileLocked(attacked, 'read lock on inbound.db', async (letGo) => {
    await saysWhileInboundIsLocked(attacked);
    letGo();
    await allAnswered(attacked, ['echo first', 'echo second']);
  })));

test('a read lock on inbound.db for as long as the host runs: the next one delivers', () => underAttack((attacked) =>
  whileLocked(attacked, 'read lock on inbound.db', async () => {
    await saysWhileInboundIsLocked(attacked);
    assert.deepEqual(await attacked.host.stop(), { code: 0, signal: null });
    await attacked.host.start();
    await allAnswered(attacked, ['echo first', 'echo second']);
  })));

test('a read lock on inbound.db by a process that outlives the agent', () => underAttack((attacked) =>
  whileLockedByAnother(attacked, 'inbound.db', 'BEGIN; SELECT count(*) FROM messages_in', async (letGo) => {
    await attacked.logs(/agent\.exited session=evil\//);
    await saysWhileInboundIsLocked(attacked);
    letGo();
    await allAnswered(attacked, ['echo first', 'echo second']);
  })));

test('a read lock on outbound.db stops only the agent that holds it', () => underAttack((attacked) =>
  whileLocked(attacked, 'read lock on outbound.db', async (letGo) => {
    attacked.say('echo first');
    await attacked.neighbourAnswers();
    assert.equal(await intake(attacked), 0);
    letGo();
    await allAnswered(attacked, ['echo first']);
  })));

test('a read lock on outbound.db by a process that outlives the agent', () => underAttack((attacked) =>
  whileLockedByAnother(attacked, 'outbound.db', 'BEGIN; SELECT count(*) FROM messages_out', async (letGo) => {
    await attacked.shows(/attack before-lock/);
    await attacked.logs(/session\.not_healed session=evil\/.*outbound\.db/);
    attacked.say('echo first');
    await attacked.neighbourAnswers();
    assert.equal(await intake(attacked), 0);
    letGo();
    await allAnswered(attacked, ['attack before-lock', 'echo first']);
  })));

test('a write lock on outbound.db by a process that left the session of its agent ends with the agent', () => underAttack((attacked) =>
  whileLocked(attacked, 'write lock on outbound.db that stays', async () => {
    await attacked.logs(/agent\.exited session=evil\//);
    attacked.say('echo first');
    await allAnswered(attacked, ['attack before-lock', 'echo first']);
    const holder = Number(fs.readFileSync(attacked.agentFile('held'), 'utf8'));
    assert.throws(() => process.kill(holder, 0), { code: 'ESRCH' });
  })));

test('a write lock on outbound.db by a process that outlives the agent', () => underAttack((attacked) =>
  whileLockedByAnother(attacked, 'outbound.db', 'BEGIN EXCLUSIVE', async (letGo) => {
    await attacked.logs(/session\.not_healed session=evil\/.*outbound\.db/);
    attacked.say('echo first');
    await attacked.neighbourAnswers();
    assert.equal(await intake(attacked), 0);
    letGo();
    await allAnswered(attacked, ['attack before-lock', 'echo first']);
  })));

// ---- journals -----------------------------------------------------------------------------------

// The session goes on as if nothing had been, and no row of it is lost.
async function goesOn(attacked, texts) {
  attacked.say('echo afterwards');
  await allAnswered(attacked, [...texts.filter((text) => /^(echo|attack) /.test(text)), 'echo afterwards']);
  await attacked.host.stop();
  const session = readDataFolder(attacked.host.data).sessions.find(({ agent }) => agent === 'evil');
  assert.deepEqual(session.inbound.integrity, []);
  assert.deepEqual(session.outbound.integrity, []);
  await attacked.host.start();
  return session;
}
const textsOf = (session) => session.inbound.messages.map((row) => JSON.parse(row.content).text);

test('an honest hot journal of outbound.db is rolled back: what was committed is delivered', () => underAttack(async (attacked) => {
  attacked.say('honest journal');
  await attacked.shows(/attack whole/);
  const session = await goesOn(attacked, ['attack whole']);
  assert.deepEqual(session.setAside, []);
}));

test('a journal that rewrites inbound.db is discarded', () => underAttack(async (attacked) => {
  attacked.say('remember inbound.db');
  await attacked.done();
  attacked.say('rewriting journal of inbound.db');
  await attacked.logs(/session\.foreign_journal_discarded session=.*evil\/.*inbound\.db-journal/);
  const session = await goesOn(attacked, []);
  assert.deepEqual(textsOf(session), ['remember inbound.db', 'rewriting journal of inbound.db', 'echo afterwards']);
  assert.deepEqual(session.setAside, []);
}));

test('a journal of inbound.db that names a super-journal is discarded', () => underAttack(async (attacked) => {
  attacked.say('super journal of inbound.db');
  await attacked.logs(/session\.foreign_journal_discarded session=.*evil\/.*inbound\.db-journal/);
  const session = await goesOn(attacked, []);
  assert.deepEqual(textsOf(session), ['super journal of inbound.db', 'echo afterwards']);
}));

test('a FIFO under the name of the journal of inbound.db is set aside, and costs no message', () => underAttack(async (attacked) => {
  attacked.say('echo before');
  await attacked.shows(/^echo before$/);
  attacked.say('fifo journal of inbound.db');
  await attacked.logs(/session\.hostile_journal .*inbound\.db-journal is a FIFO/);
  const session = await goesOn(attacked, ['echo before']);
  assert.ok(session.setAside.some((name) => name.startsWith('inbound.db-journal.corrupt-')), session.setAside);
  assert.ok(!session.setAside.some((name) => name.startsWith('inbound.db.corrupt-')), session.setAside);
  assert.deepEqual(textsOf(session), ['echo before', 'fifo journal of inbound.db', 'echo afterwards']);
}));

// Leaves something in the session folder while no host runs, as if the host had died over it.
async function afterAKill(attacked, leave) {
  attacked.say('echo before');
  await attacked.delivers(/^echo before$/);
  const inbound = await attacked.sessionFile('inbound.db');
  await attacked.host.kill();
  leave(inbound);
  assert.ok(fs.statSync(`${inbound}-journal`).size > 0, 'no hot journal was left');
  await attacked.host.start();
}

test('an honest hot journal of inbound.db, left by a killed host, is rolled back', () => underAttack(async (attacked) => {
  await afterAKill(attacked, (inbound) => spawnSync('sqlite3', [inbound], {
    input: DIES_IN_TRANSACTION('UPDATE messages_in SET recurrence = hex(randomblob(40000)), status = \'failed\'') }));
  const session = await goesOn(attacked, ['echo before']);
  assert.deepEqual(textsOf(session), ['echo before', 'echo afterwards']);
  assert.deepEqual(session.inbound.messages.map((row) => row.status), ['completed', 'completed']);
  assert.deepEqual(session.setAside, []);
}));

test('an honest hot journal of outbound.db, left by an agent that died with its host, is rolled back', () => underAttack(async (attacked) => {
  attacked.say('echo before');
  await attacked.delivers(/^echo before$/);
  const outbound = await attacked.sessionFile('outbound.db');
  await attacked.host.kill();
  const row = (id, text) => `INSERT INTO messages_out(id, seq, timestamp, kind, content) VALUES('${id}', (SELECT max(seq) + 2 FROM messages_out), '', 'chat', '{"text":"${text}"}')`;
  spawnSync('sqlite3', [outbound, row('whole', 'attack whole')]);
  spawnSync('sqlite3', [outbound], { input: DIES_IN_TRANSACTION(`${row('half', 'attack half')}; UPDATE messages_out SET in_reply_to = hex(randomblob(40000))`) });
  assert.ok(fs.statSync(`${outbound}-journal`).size > 0, 'no hot journal was left');
  await attacked.host.start();
  await attacked.shows(/^attack whole$/);
  const session = await goesOn(attacked, ['echo before', 'attack whole']);
  assert.deepEqual(session.setAside, []);
}));

test('after a kill, a journal of inbound.db loses the name of a super-journal, and no message is lost', () => underAttack(async (attacked) => {
  await afterAKill(attacked, (inbound) =>
    fs.writeFileSync(`${inbound}-journal`, makeJournal(fs.readFileSync(inbound), { superJournal: attacked.canary })));
  attacked.say('echo in between');
  await attacked.logs(/session\.hostile_journal .*named a super-journal/);
  const session = await goesOn(attacked, ['echo before', 'echo in between']);
  assert.deepEqual(session.setAside, []);
  assert.deepEqual(textsOf(session), ['echo before', 'echo in between', 'echo afterwards']);
}));

test('after a kill, an honest hot journal is rolled back although an agent named a super-journal in it', () => underAttack(async (attacked) => {
  await afterAKill(attacked, (inbound) => {
    spawnSync('sqlite3', [inbound], {
      input: DIES_IN_TRANSACTION('UPDATE messages_in SET recurrence = hex(randomblob(40000)), status = \'failed\'') });
    const named = makeJournal(fs.readFileSync(inbound), { superJournal: attacked.canary });
    fs.appendFileSync(`${inbound}-journal`, named.subarray(512));
  });
  await attacked.logs(/session\.hostile_journal .*named a super-journal/);
  const session = await goesOn(attacked, ['echo before']);
  assert.deepEqual(session.inbound.messages.map((row) => row.status), ['completed', 'completed']);
  assert.deepEqual(session.setAside, []);
}));

test('a damaged inbound.db is refilled, and its agent is told', () => underAttack(async (attacked) => {
  attacked.say('echo before');
  await attacked.delivers(/^echo before$/);
  const inbound = await attacked.sessionFile('inbound.db');
  await attacked.host.kill();
  fs.writeFileSync(inbound, Buffer.alloc(8192, 'x'));
  await attacked.host.start();
  await attacked.logs(/session\.refilled session=evil\/.*set_aside=inbound\.db\.corrupt-/);
  const session = await goesOn(attacked, ['echo before']);
  const [notice] = session.inbound.messages;
  assert.equal(notice.id, 'notice-inbound-replaced');
  assert.match(JSON.parse(notice.content).text, /set aside as inbound\.db\.corrupt-/);
  assert.ok(session.setAside.some((name) => name.startsWith('inbound.db.corrupt-')), session.setAside);
  assert.equal(session.inbound.delivered.length, 2);
}));
