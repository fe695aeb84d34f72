// The checker of invariants is only worth something if it notices: each case damages what an
// undisturbed conversation left, in a copy, and names the invariant that must speak.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { temporaryFolder, DEADLINE } from '../e2e/lib/host.mjs';
import { telegramView, violations } from '../e2e/lib/invariants.mjs';
import { withConversation } from './conversation.mjs';


function sessionFolder(data) {
  const agent = path.join(data, 'sessions', 'main');
  return path.join(agent, fs.readdirSync(agent)[0]);
}
const sql = (file, statement) => execFileSync('sqlite3', [file, statement]);
const central = (statement) => ({ data }) => sql(path.join(data, 'patchbay.db'), statement);
const inbound = (statement) => ({ data }) => sql(path.join(sessionFolder(data), 'inbound.db'), statement);
const outbound = (statement) => ({ data }) => sql(path.join(sessionFolder(data), 'outbound.db'), statement);

const DAMAGES = [
  ['a confirmed message without a row', 'what was acknowledged is stored', inbound("DELETE FROM messages_in WHERE id LIKE '42:1:%'")],
  ['a confirmed message that was not seen', 'what was acknowledged is stored', central("DELETE FROM seen WHERE event_id = 'message:1'")],
  ['another text', 'what is stored was said', inbound("UPDATE messages_in SET content = replace(content, 'first', 'worst')")],
  ['rows in another order', 'what is stored was said', inbound("UPDATE messages_in SET seq = 1000 WHERE id LIKE '42:1:%'")],
  ['a row of nobody', 'what is stored was said', inbound("INSERT INTO messages_in(id, seq, kind, timestamp, status, channel_type, platform_id, content) VALUES('42:99:main', 900, 'chat', '', 'completed', 'telegram', 'telegram:dm:42', '{}')")],
  ['a message shown again', 'what people saw was written, once', ({ view }) => view.shown.push({ ...view.shown[0], id: '999' })],
  ['a message that nobody wrote', 'what people saw was written, once', ({ view }) => view.shown.push({ ...view.shown[0], id: '999', text: 'spam' })],
  ['messages shown in another order', 'what people saw was written, once', ({ view }) => view.shown.reverse()],
  ['a delivered message that nobody sees', 'what people saw was written, once', ({ view }) => view.shown.shift()],
  ['a file without a row', 'inbox files fit their rows', ({ data }) => fs.writeFileSync(path.join(sessionFolder(data), 'inbox', 'stray'), 'x')],
  ['a file cut short', 'inbox files fit their rows', ({ data }) => {
    const inbox = path.join(sessionFolder(data), 'inbox');
    const [row] = fs.readdirSync(inbox);
    fs.truncateSync(path.join(inbox, row, fs.readdirSync(path.join(inbox, row))[0]), 1);
  }],
  ['a delivery that did not end', 'everything has ended', central('UPDATE deliveries SET state = 1 WHERE id = 1')],
  ['a message nobody answered', 'everything has ended', inbound("UPDATE messages_in SET status = 'pending' WHERE id LIKE '42:1:%'")],
  ['a claim that stayed', 'everything has ended', outbound("INSERT INTO processing_ack VALUES('42:1:main', 'processing', '')")],
  ['an answer that was not read', 'the ledger is what agents wrote', central('DELETE FROM deliveries WHERE id = 1')],
  ['an answer that was never written', 'the ledger is what agents wrote', outbound("DELETE FROM messages_out WHERE id LIKE '42:1:%'")],
  ['an agent that was not told', 'agents know what became of their messages', inbound("DELETE FROM delivered WHERE message_out_id LIKE '42:1:%'")],
  ['an unknown one without a notice', 'agents know what became of their messages', central("UPDATE deliveries SET state = 4, reason = 'x' WHERE id = 1")],
  ['a row in two sessions', 'nothing is stored twice', ({ data }) => fs.cpSync(sessionFolder(data), path.join(data, 'sessions', 'main', 's-copy'), { recursive: true })],
  ['a staged file', 'nothing is left lying about', ({ data }) => fs.writeFileSync(path.join(data, 'staging', 'stray'), 'x')],
  ['a spool folder', 'nothing is left lying about', ({ data }) => fs.mkdirSync(path.join(data, 'spool', 'stray'))],
  ['an outbox folder', 'nothing is left lying about', ({ data }) => fs.mkdirSync(path.join(sessionFolder(data), 'outbox', 'stray'))],
  ['a damaged page', 'databases are sound', ({ data }) => {
    const file = fs.openSync(path.join(data, 'patchbay.db'), 'r+');
    fs.writeSync(file, Buffer.alloc(2048, 0xff), 0, 2048, 4096 * 3);
    fs.closeSync(file);
  }],
];

test('every damage is noticed by its invariant', async () => {
  await withConversation({}, async ({ server, host, conversation }) => {
    const chat = server.chat(42, { first_name: 'Ada' });
    conversation.say(chat, server.user(42), 'the first');
    conversation.say(chat, server.user(42), 'the second', { name: 'notes.bin', bytes: Buffer.alloc(5000, 'n') });
    await host.start();
    assert.equal(await conversation.settled(host, DEADLINE), null);
    await host.stop();
    assert.deepEqual(violations(host.data, [telegramView(server)]), []);
    for (const [what, invariant, damage] of DAMAGES) {
      const copy = temporaryFolder();
      try {
        fs.cpSync(host.data, copy, { recursive: true });
        const view = telegramView(server);
        damage({ data: copy, view });
        const found = violations(copy, [view]);
        assert.ok(found.some((text) => text.startsWith(`${invariant}: `)), `${what}: ${JSON.stringify(found)}`);
      } finally {
        fs.rmSync(copy, { recursive: true, force: true });
      }
    }
  });
});
