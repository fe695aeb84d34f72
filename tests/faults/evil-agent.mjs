// An agent that was talked into attacking its host. The text of a message names the attack; what it
// leaves in its session folder is all that an agent can do through it.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const folder = process.env.PATCHBAY_SESSION_DIR;
const canary = process.env.CANARY; // a file of the host's that must neither be read nor changed
const at = (...parts) => path.join(folder, ...parts);
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

const attacks = {
  'symlink file': () => sendFile('symlink-file', 'x.txt', (file) => fs.symlinkSync(canary, file)),
  'hard link': () => sendFile('hard-link', 'x.txt', (file) => fs.linkSync(canary, file)),
  'fifo': () => sendFile('fifo', 'x.txt', (file) => execFileSync('mkfifo', [file])),
  'symlink outbox row': () => {
    fs.symlinkSync(path.dirname(canary), at('outbox', 'symlink-row'));
    write('symlink-row', { text: 'attack symlink-row', files: [path.basename(canary)] });
  },
  'dot dot name': () => write('dot-dot', { text: 'attack dot-dot', files: ['../../../../canary.txt', canary] }),
  'unsafe row id': () => write('../../../../..', { text: 'attack unsafe-id', files: [path.basename(canary)] }),
  'symlink inbox': () => {
    fs.rmSync(at('inbox'), { recursive: true, force: true });
    fs.symlinkSync(path.dirname(canary), at('inbox'));
    write('inbox', { text: 'attack inbox' });
  },
  'symlink outbox': () => {
    fs.rmSync(at('outbox'), { recursive: true, force: true });
    fs.symlinkSync(path.dirname(canary), at('outbox'));
    write('outbox', { text: 'attack outbox', files: [path.basename(canary)] });
  },
  'huge content': () => sql('outbound.db', `INSERT INTO messages_out(id, seq, timestamp, kind, content) VALUES('huge', ${seq += 2}, datetime('now'), 'chat', zeroblob(999000000))`),
  'endless view': () => sql('outbound.db', `ALTER TABLE messages_out RENAME TO real_out; CREATE VIEW messages_out AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'v' || i AS id, i AS seq, NULL AS in_reply_to, '' AS timestamp, NULL AS deliver_after, NULL AS recurrence, 'chat' AS kind, NULL AS platform_id, NULL AS channel_type, NULL AS thread_id, '{"text":"endless"}' AS content FROM n`),
  'corrupt file': () => fs.writeFileSync(at('outbound.db'), Buffer.alloc(8192, 0x41)),
  'fifo journal': () => execFileSync('mkfifo', [at('outbound.db-journal')]),
  'super journal': () => {
    // A rollback journal that names a super-journal: opening it read-write would delete that file.
    const name = Buffer.from(canary);
    let sum = 0;
    for (const byte of name) sum = (sum + byte) >>> 0;
    const tail = Buffer.alloc(16);
    tail.writeUInt32BE(name.length, 0);
    tail.writeUInt32BE(sum, 4);
    Buffer.from([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]).copy(tail, 8);
    const head = Buffer.alloc(512);
    Buffer.from([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]).copy(head, 0);
    head.writeUInt32BE(0, 8);
    head.writeUInt32BE(512, 20);
    head.writeUInt32BE(4096, 24);
    fs.writeFileSync(at('outbound.db-journal'), Buffer.concat([head, Buffer.from([0, 0, 0, 1]), name, tail]));
  },
  'rows deleted': () => {
    write('kept-back', { text: 'attack rows-deleted' });
    sql('outbound.db', "DELETE FROM messages_out WHERE id <> 'kept-back'; VACUUM");
  },
};

// One turn: takes what is pending, attacks, acknowledges, ends.
const pending = JSON.parse(execFileSync('sqlite3', ['-readonly', '-json', at('inbound.db'),
  "SELECT id, content FROM messages_in WHERE status = 'pending' AND trigger = 1 ORDER BY seq"], { encoding: 'utf8' }) || '[]');
for (const { id, content } of pending) {
  sql('outbound.db', `INSERT OR REPLACE INTO processing_ack VALUES(${quote(id)}, 'completed', datetime('now'))`);
  const name = JSON.parse(content).text;
  try {
    attacks[name]();
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
    continue;
  }
  fs.writeFileSync(path.join(process.env.PATCHBAY_AGENT_DIR, 'attacked'), name);
}
