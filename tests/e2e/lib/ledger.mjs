// Puts deliveries into the ledger of a host that has made its tables and is stopped.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export const WAITING = 0;
export const DELIVERED = 2;

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

// Where the host has the files of a row that it accepted.
function spool(data, id, { name, bytes }) {
  const folder = path.join(data, 'spool', id);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.writeFileSync(path.join(folder, name), bytes, { mode: 0o600 });
}

// Texts of the host itself, which has no session to tell what became of them; {text, file: {name, bytes}}
// is one with a file.
export function plantDeliveries(data, texts, { instance, chat, state }) {
  const now = Date.now();
  const ended = state === WAITING ? 'NULL' : now;
  const rows = texts.map((given, n) => {
    const { text, file } = typeof given === 'string' ? { text: given } : given;
    const id = `planted-${instance}-${n}`;
    if (file) spool(data, id, file);
    return `('', '', '${id}', ${quoted(instance)}, ${quoted(chat)}, '', 'chat', ${quoted(JSON.stringify({ text }))},
    '', '', '${file ? id : ''}', ${quoted(file ? JSON.stringify([file.name]) : '')}, '', '', ${state}, 0, '', '', ${now}, ${ended}, 0, 1, 1)`;
  });
  const sql = `INSERT INTO deliveries(agent, session, message_out_id, instance, chat, thread, kind, content,
    in_reply_to, target, spool, files, refused_files, idempotency_key, state, attempts, reason, evidence, accepted_at,
    finished_at, paused_total, projected, notified) VALUES ${rows.join(',')};
    INSERT INTO delivery_counts(instance, state, count) VALUES (${quoted(instance)}, ${state}, ${rows.length})
    ON CONFLICT DO UPDATE SET count = count + excluded.count;`;
  const { status, stderr } = spawnSync('sqlite3', ['-bail', path.join(data, 'patchbay.db')], { input: sql, encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
}
