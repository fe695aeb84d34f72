// A session folder attacked by its own agent: refused or healed by name, no file outside touched,
// other sessions keep answering.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { readDataFolder } from '../e2e/lib/databases.mjs';
import { until } from '../e2e/lib/host.mjs';
import { underAttack } from './attacked-host.mjs';

// attack: the text that the agent is sent. Its function waits for what must come of it, by name.
const attacks = {
  'symlink file': shows('attack symlink-file', '[x.txt: outbox/symlink-file/x.txt is a symbolic link]'),
  'hard link': shows('attack hard-link', '[x.txt: outbox/hard-link/x.txt has 2 hard links]'),
  fifo: shows('attack fifo', '[x.txt: outbox/fifo/x.txt is a FIFO]'),
  'symlink outbox row': shows('attack symlink-row', '[canary.txt: outbox/symlink-row is a symbolic link, not a folder]'),
  'dot dot name': shows('attack dot-dot', '[../../../../canary.txt: outbox/dot-dot: there is no such folder]', /^\[\/.*\/canary\.txt: outbox\/dot-dot: there is no such folder\]$/),
  'dot dot name beside a file': shows('attack dot-dot-beside', /^\[\.\.\/\.\.\/\.\.\/\.\.\/canary\.txt: .+\]$/),
  'unsafe row id': shows('attack unsafe-id', '[canary.txt: the row id ../../../../.. cannot be the name of a folder]'),
  'symlink outbox': shows('attack outbox', '[canary.txt: outbox is a symbolic link, not a folder]'),
  'symlink inbox': sendsAFileInto(/is a symbolic link/),
  'fifo inbox': sendsAFileInto(/is (a FIFO|not a folder|no folder)/),
  'rows deleted': shows('attack rows-deleted'),
  'table emptied': shows('attack after-emptied'),
  'huge content': ends(/^huge$/, /content/i),
  'endless view': logs(/delivery\.session_not_read session=evil\/.*messages_out is no plain table/),
  'corrupt file': heals('outbound.db', /malformed|not a database/),
  // Which of it a host sees that is just about to write is chance.
  'emptied inbound.db': heals('inbound.db', /malformed|messages_in is no plain table/),
  'corrupt inbound.db': heals('inbound.db', /malformed|not a database|messages_in is no plain table/),
  'symlink database': heals('outbound.db', /outbound\.db is a symbolic link/),
  'hard link database': heals('outbound.db', /outbound\.db has 2 hard links/),
  'fifo journal': heals('outbound.db', /outbound\.db-journal is a FIFO/),
  'super journal': heals('outbound.db', /outbound\.db is refused: its journal names a super-journal/),
};

// The message arrives without the files, each of which is named with the reason.
function shows(text, ...refusals) {
  return async (attacked) => {
    await attacked.shows(new RegExp(text));
    const [first, ...lines] = attacked.shown.at(-1).split('\n').filter((line) => line !== '');
    assert.equal(first, text);
    assert.equal(lines.length, refusals.length, attacked.shown.at(-1));
    refusals.forEach((refusal, n) => (refusal instanceof RegExp ? assert.match(lines[n], refusal) : assert.equal(lines[n], refusal)));
    assert.equal(attacked.server.messages.filter(({ bytes }) => bytes).length, 0, 'a file was sent');
  };
}

// A person's file does not go where the agent would have it: it is in the session's own inbox, or its
// row says why not.
function sendsAFileInto(reason) {
  return async (attacked) => {
    await attacked.shows(/^attack inbox$/);
    const bytes = Buffer.alloc(5000, 'a file ');
    attacked.server.say(attacked.chat, attacked.server.user(666), { caption: 'echo with a file', document: attacked.server.upload(bytes, { file_name: 'notes.txt' }) });
    await attacked.shows(/^echo with a file$/);
    await attacked.host.stop();
    const session = readDataFolder(attacked.host.data).sessions.find(({ agent }) => agent === 'evil');
    const [attachment] = JSON.parse(session.inbound.messages.at(-1).content).attachments;
    if (attachment.localPath) assert.ok(fs.readFileSync(path.join(session.folder, attachment.localPath)).equals(bytes));
    else assert.match(attachment.error, reason);
    attacked.nothingOutsideWasTouched();
    await attacked.host.start();
  };
}

function ends(row, reason) {
  return async ({ host }) => {
    const failed = await until(async () => (await host.deliveries()).find((d) => row.test(d.rowId) && d.state === 'failed'), `${row} to fail`);
    assert.match(failed.reason, reason);
  };
}

function logs(pattern) {
  return async (attacked) => {
    await attacked.done();
    await attacked.logs(pattern);
  };
}

// The database is set aside for the reason, and the session goes on.
function heals(file, reason) {
  return async (attacked) => {
    await attacked.done();
    await attacked.logs(/agent\.exited session=evil\//);
    attacked.say('echo afterwards'); // inbound.db is looked at when there is something for it
    await attacked.logs(new RegExp(`session\\.database_replaced session=evil/\\S+ file=${file} reason="[^"]*(${reason.source})[^"]*" done="[^"]*set aside with the ending \\.corrupt-`));
    await attacked.shows(/^echo afterwards$/);
  };
}

for (const [attack, expect] of Object.entries(attacks)) {
  test(`attack: ${attack}`, () => underAttack(async (attacked) => {
    attacked.say(attack);
    // The others are answered while it goes on.
    await Promise.all([expect(attacked), attacked.neighbourAnswers()]);
  }));
}
