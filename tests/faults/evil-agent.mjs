// An agent that was talked into attacking its host. The text of a message names the attack; what it
// leaves in its session folder is all that an agent can do through it.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DIES_IN_TRANSACTION, makeJournal } from './journals.mjs';

const folder = process.env.PATCHBAY_SESSION_DIR;
const canary = process.env.CANARY; // a file of the host's that must neither be read nor changed
const at = (...parts) => path.join(folder, ...parts);
const inAgent = (name) => path.join(process.env.PATCHBAY_AGENT_DIR, name);
const sql = (database, text) => execFileSync('sqlite3', [at(database), `PRAGMA busy_timeout=5000;${text}`], { encoding: 'utf8' });
const quote = (text) => `'${String(text).replaceAll("'", "''")}'`;

let seq = Date.now() * 2 + 1;
function write(id, content) {
  seq += 2;
  sql('outbound.db', `INSERT INTO messages_out(id, seq, timestamp, kind, content) VALUES(${quote(id)}, ${seq}, datetime('now'), 'chat', ${quote(JSON.stringify(content))})`);
}
function sendFile(id, name, make) {
  fs.mkdirSync(at('outbox', id), { recursive: true });
  make(at('outbox', id, name));
  write(id, { text: `attack ${id}`, files: [name] });
}

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

// Until the holder is ended; this process lives as long, unless the holder is detached. Its id is
// in the file `held` once it holds the lock.
async function holdLock(database, statement, { detached = false } = {}) {
  const script = fileURLToPath(new URL('./hold-lock.mjs', import.meta.url));
  const holder = spawn(process.execPath, [script, at(database), statement, inAgent('held')], { detached, stdio: 'ignore' });
  await until(() => fs.existsSync(inAgent('held')));
  if (detached) holder.unref();
}

// A process that is not the agent's takes the lock now.
async function waitForTheLock() {
  fs.writeFileSync(inAgent('lock-it'), '');
  await until(() => fs.existsSync(inAgent('held')));
}

// In place of the journal, in one step, while the host has nothing to do with inbound.db: all that
// was acknowledged has been taken over.
async function plantInboundJournal(make) {
  await until(() => execFileSync('sqlite3', ['-readonly', at('inbound.db'), '.timeout 5000',
    "SELECT count(*) FROM messages_in WHERE status = 'pending'"], { encoding: 'utf8' }).trim() === '0');
  make(inAgent('journal'));
  fs.renameSync(inAgent('journal'), at('inbound.db-journal'));
}

const attacks = {
  'symlink file': () => sendFile('symlink-file', 'x.txt', (file) => fs.symlinkSync(canary, file)),
  'hard link': () => sendFile('hard-link', 'x.txt', (file) => fs.linkSync(canary, file)),
  'fifo': () => sendFile('fifo', 'x.txt', (file) => execFileSync('mkfifo', [file])),
  'symlink outbox row': () => {
    fs.symlinkSync(path.dirname(canary), at('outbox', 'symlink-row'));
    write('symlink-row', { text: 'attack symlink-row', files: [path.basename(canary)] });
  },
  'dot dot name': () => write('dot-dot', { text: 'attack dot-dot', files: ['../../../../canary.txt', canary] }),
  'dot dot name beside a file': () => {
    fs.mkdirSync(at('outbox', 'dot-dot-beside'), { recursive: true });
    write('dot-dot-beside', { text: 'attack dot-dot-beside', files: ['../../../../canary.txt'] });
  },
  'unsafe row id': () => write('../../../../..', { text: 'attack unsafe-id', files: [path.basename(canary)] }),
  'symlink inbox': () => {
    fs.rmSync(at('inbox'), { recursive: true, force: true });
    fs.symlinkSync(path.dirname(canary), at('inbox'));
    write('inbox', { text: 'attack inbox' });
  },
  'fifo inbox': () => {
    fs.rmSync(at('inbox'), { recursive: true, force: true });
    execFileSync('mkfifo', [at('inbox')]);
    write('inbox', { text: 'attack inbox' });
  },
  'symlink outbox': () => {
    fs.rmSync(at('outbox'), { recursive: true, force: true });
    fs.symlinkSync(path.dirname(canary), at('outbox'));
    write('outbox', { text: 'attack outbox', files: [path.basename(canary)] });
  },
  'huge content': () => sql('outbound.db', `INSERT INTO messages_out(id, seq, timestamp, kind, content) VALUES('huge', ${seq += 2}, datetime('now'), 'chat', zeroblob(999000000))`),
  'endless view': () => sql('outbound.db', `ALTER TABLE messages_out RENAME TO real_out; CREATE VIEW messages_out AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'v' || i AS id, i AS seq, NULL AS in_reply_to, '' AS timestamp, NULL AS deliver_after, NULL AS recurrence, 'chat' AS kind, NULL AS platform_id, NULL AS channel_type, NULL AS thread_id, '{"text":"endless"}' AS content FROM n`),
  'emptied inbound.db': () => fs.truncateSync(at('inbound.db')),
  'corrupt inbound.db': () => fs.writeFileSync(at('inbound.db'), Buffer.alloc(8192, 0x41)),
  // In its place, in one step, a file of the host's.
  'symlink database': () => {
    fs.symlinkSync(canary, inAgent('database'));
    fs.renameSync(inAgent('database'), at('outbound.db'));
  },
  'hard link database': () => {
    fs.linkSync(canary, inAgent('database'));
    fs.renameSync(inAgent('database'), at('outbound.db'));
  },
  'corrupt file': () => fs.writeFileSync(at('outbound.db'), Buffer.alloc(8192, 0x41)),
  'fifo journal': () => execFileSync('mkfifo', [at('outbound.db-journal')]),
  // Opening the database read-write would delete the file that it names.
  'super journal': () => fs.writeFileSync(at('outbound.db-journal'), makeJournal(fs.readFileSync(at('outbound.db')), { superJournal: canary })),
  'rows deleted': () => {
    write('kept-back', { text: 'attack rows-deleted' });
    sql('outbound.db', "DELETE FROM messages_out WHERE id <> 'kept-back'; VACUUM");
  },
  'table emptied': () => {
    for (let row = 0; row < 5; ++row) write(`gone-${row}`, { text: `attack gone-${row}` });
    sql('outbound.db', 'DELETE FROM messages_out; VACUUM');
    seq = 1; // rowids and numbers that were given once come again
    write('after-emptied', { text: 'attack after-emptied' });
  },
  // An honest writer that is killed in the middle of a transaction, after one that it finished.
  'honest journal': () => {
    write('whole', { text: 'attack whole' });
    spawnSync('sqlite3', [at('outbound.db')], { input: DIES_IN_TRANSACTION(
      `INSERT INTO messages_out(id, seq, timestamp, kind, content) VALUES('half', ${seq += 2}, '', 'chat', '{"text":"attack half"}'); UPDATE messages_out SET in_reply_to = hex(randomblob(40000))`) });
    if (!fs.statSync(at('outbound.db-journal')).size) throw new Error('no hot journal was left');
  },
  // For a later turn: what inbound.db was.
  'remember inbound.db': () => fs.copyFileSync(at('inbound.db'), inAgent('inbound.earlier')),
  'rewriting journal of inbound.db': () => plantInboundJournal((file) => fs.writeFileSync(file, makeJournal(fs.readFileSync(inAgent('inbound.earlier'))))),
  'super journal of inbound.db': () => plantInboundJournal((file) => fs.writeFileSync(file, makeJournal(fs.readFileSync(at('inbound.db')), { superJournal: canary }))),
  'fifo journal of inbound.db': () => plantInboundJournal((file) => execFileSync('mkfifo', [file])),
  'read lock on inbound.db': () => holdLock('inbound.db', 'BEGIN; SELECT count(*) FROM messages_in'),
  'read lock on outbound.db': () => holdLock('outbound.db', 'BEGIN; SELECT count(*) FROM messages_out'),
  // By a process that left the agent's session and outlives the agent's program.
  'write lock on outbound.db that stays': () => {
    write('before-lock', { text: 'attack before-lock' });
    return holdLock('outbound.db', 'BEGIN EXCLUSIVE', { detached: true });
  },
  'inbound.db is locked by another': () => waitForTheLock(),
  'outbound.db is locked by another': () => {
    write('before-lock', { text: 'attack before-lock' });
    return waitForTheLock();
  },
};

// One turn: takes what is pending, attacks, acknowledges, ends.
const pending = JSON.parse(execFileSync('sqlite3', ['-readonly', '-json', at('inbound.db'),
  "SELECT id, content FROM messages_in WHERE status = 'pending' AND trigger = 1 ORDER BY seq"], { encoding: 'utf8' }) || '[]');
for (const { id, content } of pending) {
  sql('outbound.db', `INSERT OR REPLACE INTO processing_ack VALUES(${quote(id)}, 'completed', datetime('now'))`);
  const { text } = JSON.parse(content);
  try {
    if (text.startsWith('echo ')) write(`${text} ${id}`, { text });
    else await attacks[text]();
  } catch (error) {
    console.error(`${text}: ${error.message}`);
    process.exitCode = 1;
    continue;
  }
  fs.writeFileSync(inAgent('attacked'), text);
}
