// Puts deliveries into the ledger of a host that has made its tables and is stopped.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

export const WAITING = 0;
export const DELIVERED = 2;

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

// Texts of the host itself, which has no session to tell what became of them.
export function plantDeliveries(data, texts, { instance, chat, state }) {
  const now = Date.now();
  const ended = state === WAITING ? 'NULL' : now;
  const rows = texts.map((text, n) => `('', '', 'planted-${n}', ${quoted(instance)}, ${quoted(chat)}, '', 'chat', ${quoted(JSON.stringify({ text }))},
    '', '', '', '', '', '', ${state}, 0, '', '', ${now}, ${ended}, 0, 1, 1)`);
  const sql = `INSERT INTO deliveries(agent, session, message_out_id, instance, chat, thread, kind, content,
    in_reply_to, target, spool, files, refused_files, idempotency_key, state, attempts, reason, evidence, accepted_at,
    finished_at, paused_total, projected, notified) VALUES ${rows.join(',')};`;
  const { status, stderr } = spawnSync('sqlite3', ['-bail', path.join(data, 'patchbay.db')], { input: sql, encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
}
