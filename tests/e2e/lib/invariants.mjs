// The invariants that hold at any time after faults have stopped, whatever happened before: nothing
// is lost, nothing is shown twice, order holds, every state is final, nothing is left lying about.
// One checker for all tests; every violation names its invariant and the row.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { readDataFolder } from './databases.mjs';

const STATES = ['waiting', 'sending', 'delivered', 'failed', 'unknown'];
const STORED = 0; // store::Disposition
const INTAKE = 1;

// What people on Telegram said and saw:
//   said   {eventId, chat, thread, messageId, text, files, acknowledged}
//   shown  {id, chat, thread, text, files: [{name, bytes}]}
export function telegramView(server, instance = 'telegram') {
  const keyOf = (chat) => `telegram:${chat.type === 'private' ? 'dm' : 'group'}:${chat.id}`;
  const threadOf = (message) => (message.is_topic_message ? String(message.message_thread_id) : '');
  const bytesOf = (message) => [message.document, message.photo?.at(-1)]
    .filter(Boolean).map((file) => server.files.get(file.file_id).bytes);
  return {
    instance,
    said: server.pushed.filter((update) => update.message).map(({ update_id, message }) => ({
      eventId: `message:${message.message_id}`, chat: keyOf(message.chat), thread: threadOf(message),
      messageId: String(message.message_id), chatId: String(message.chat.id),
      text: message.text ?? message.caption ?? '', files: bytesOf(message),
      acknowledged: update_id < (server.confirmed ?? 0),
    })),
    shown: server.messages.map((message) => ({
      id: String(message.message_id), chat: keyOf(message.chat), thread: threadOf(message),
      text: message.text ?? message.caption ?? '',
      files: message.bytes ? [{ name: message.file_name, bytes: message.bytes }] : [],
    })),
  };
}

// Returns what is wrong, as sentences; nothing: all is well. `views`: what the platforms know;
// `mayBeOpen(delivery)`: whether it need not have ended, since its adapter never takes it.
export function violations(data, views = [], mayBeOpen = () => false) {
  const found = [];
  const state = readDataFolder(data);
  const check = (invariant) => (condition, what) => {
    if (!condition) found.push(`${invariant}: ${typeof what === 'function' ? what() : what}`);
  };
  addLookups(state);
  databasesAreSound(state, check('databases are sound'));
  for (const view of views) {
    acknowledgedIsStored(state, view, check('what was acknowledged is stored'));
    storedWasSaid(state, view, check('what is stored was said'));
    shownWasWritten(state, view, check('what people saw was written, once'));
  }
  storedOnce(state, check('nothing is stored twice'));
  inboxFitsRows(state, check('inbox files fit their rows'));
  everythingEnded(state, check('everything has ended'), mayBeOpen);
  ledgerFitsAgents(state, check('the ledger is what agents wrote'));
  projectionFitsLedger(state, check('agents know what became of their messages'));
  nothingIsLeft(state, check('nothing is left lying about'));
  return found;
}

export function assertInvariants(data, views = [], mayBeOpen = undefined) {
  const found = violations(data, views, mayBeOpen);
  assert.ok(found.length === 0, `${found.length} invariants violated:\n  ${found.slice(0, 40).join('\n  ')}`);
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const parsed = (text) => { try { return JSON.parse(text); } catch { return {}; } };
const shownRow = (delivery) =>
  `delivery ${delivery.id} (${delivery.message_out_id}, ${STATES[delivery.state]}) to ${delivery.chat}`;

function addLookups(state) {
  const { central } = state;
  state.sessionOf = new Map(state.sessions.map((session) => [session.name, session]));
  state.partsOf = new Map(central.deliveries.map((delivery) => [delivery.id, []]));
  for (const part of central.parts) state.partsOf.get(part.delivery)?.push(part);
  state.deliveryOf = new Map(central.deliveries.filter((delivery) => delivery.agent !== '')
    .map((delivery) => [`${delivery.agent}/${delivery.session} ${delivery.message_out_id}`, delivery]));
  for (const delivery of central.deliveries) delivery.parts = state.partsOf.get(delivery.id);
}

function databasesAreSound(state, check) {
  const all = [['patchbay.db', state.central]];
  for (const session of state.sessions) {
    all.push([`${session.name}/inbound.db`, session.inbound], [`${session.name}/outbound.db`, session.outbound]);
  }
  for (const [name, database] of all) {
    check(database.integrity.length === 0, () => `${name}: ${database.integrity.join('; ')}`);
  }
}

// ---- the way in -------------------------------------------------------------------------------

function rowsOfEvent(state, instance, said) {
  return state.sessions.flatMap((session) => session.inbound.messages
    .filter((row) => row.channel_type === instance && row.platform_id === said.chat &&
      row.id.startsWith(`${said.chatId}:${said.messageId}:`))
    .map((row) => ({ session, row })));
}

function acknowledgedIsStored(state, view, check) {
  const seen = new Map(state.central.seen.filter((row) => row.instance === view.instance)
    .map((row) => [`${row.chat} ${row.event_id}`, row]));
  for (const said of view.said) {
    if (!said.acknowledged) continue;
    const what = `${said.eventId} of ${said.chat} ("${said.text.slice(0, 40)}")`;
    const row = seen.get(`${said.chat} ${said.eventId}`);
    check(row !== undefined, `${what} was confirmed to the platform and is not in seen`);
    if (!row || (row.disposition !== STORED && row.disposition !== INTAKE)) continue;
    const held = state.central.intake.some((kept) => kept.chat === said.chat && kept.event.includes(`"${said.messageId}"`));
    check(held || rowsOfEvent(state, view.instance, said).length > 0,
      `${what} was confirmed to the platform and is in no inbound.db and not in the intake`);
  }
}

function storedWasSaid(state, view, check) {
  for (const said of view.said) {
    for (const { session, row } of rowsOfEvent(state, view.instance, said)) {
      const content = parsed(row.content);
      const name = `row ${row.id} of ${session.name}`;
      check(content.text === said.text, () => `${name} says "${content.text}", the person wrote "${said.text}"`);
      const attachments = content.attachments ?? [];
      check(attachments.length === said.files.length, `${name} has ${attachments.length} files, the person sent ${said.files.length}`);
      said.files.forEach((bytes, index) => {
        const attachment = attachments[index];
        if (!attachment) return;
        check(attachment.error === undefined, `${name}: its file ${attachment.name} could not be had: ${attachment.error}`);
        const file = path.join(session.folder, attachment.localPath ?? '-');
        check(attachment.localPath && fs.existsSync(file) && fs.readFileSync(file).equals(bytes),
          `${name}: ${attachment.localPath} has not the bytes that the person sent`);
      });
    }
  }
  for (const session of state.sessions) {
    const last = new Map();
    const place = new Map(view.said.map((said, index) => [`${said.chat} ${said.chatId}:${said.messageId}`, index]));
    for (const row of session.inbound.messages.filter((row) => row.channel_type === view.instance)) {
      const key = `${row.platform_id} ${row.id.split(':').slice(0, 2).join(':')}`;
      check(place.has(key), `row ${row.id} of ${session.name} was said by nobody`);
      const lane = `${row.platform_id} ${row.thread_id ?? ''}`;
      check((last.get(lane)?.at ?? -1) < place.get(key),
        `row ${row.id} of ${session.name} comes after ${last.get(lane)?.id}, which was said later`);
      last.set(lane, { at: place.get(key), id: row.id });
    }
  }
}

function storedOnce(state, check) {
  const where = new Map();
  for (const session of state.sessions) {
    for (const row of session.inbound.messages) {
      if (row.channel_type === 'agent') continue;
      const key = `${session.agent} ${row.id}`;
      check(!where.has(key), `row ${row.id} is in ${where.get(key)} and in ${session.name}`);
      where.set(key, session.name);
    }
    const seqs = [...session.inbound.messages, ...session.outbound.messages].map((row) => row.seq);
    check(new Set(seqs).size === seqs.length, `${session.name} has a sequence number twice`);
    for (const row of session.inbound.messages) check(row.seq % 2 === 0, `row ${row.id} of ${session.name} has the odd number ${row.seq}`);
  }
}

function inboxFitsRows(state, check) {
  for (const session of state.sessions) {
    if (session.setAside.some((name) => name.startsWith('inbound.db'))) continue;
    const named = new Map();
    for (const row of session.inbound.messages) {
      for (const attachment of parsed(row.content).attachments ?? []) {
        if (attachment.localPath) named.set(attachment.localPath, { row, attachment });
      }
    }
    for (const [localPath, { row, attachment }] of named) {
      const file = path.join(session.folder, localPath);
      check(fs.existsSync(file), `row ${row.id} of ${session.name} names ${localPath}, which is not there`);
      if (fs.existsSync(file)) {
        check(fs.statSync(file).size === attachment.size, `${localPath} of ${session.name} has ${fs.statSync(file).size} bytes, its row says ${attachment.size}`);
      }
    }
    for (const file of session.inbox) check(named.has(`inbox/${file}`), `inbox/${file} of ${session.name} belongs to no row`);
  }
}

// ---- the way out ------------------------------------------------------------------------------

const squeezed = (text) => text.replace(/\s+/g, ' ').trim();

// And no edit, reaction or deletion of another one.
const isMessage = (delivery) => parsed(delivery.content).operation === undefined;

// What the row says, and what it was edited to say.
function textsOf(delivery, all) {
  const edits = all.filter((edit) => edit.chat === delivery.chat && parsed(edit.content).operation === 'edit' &&
    edit.parts.some((part) => delivery.parts.some((own) => own.remote_id === part.remote_id)));
  return [delivery, ...edits].map((row) => parsed(row.content)).map((content) => content.text ?? content.markdown ?? '');
}

// Whether the message can be a part of what the row says.
function fits(delivery, message, all) {
  const written = squeezed(`${textsOf(delivery, all).join('\n')} ${delivery.refused_files}`);
  const files = delivery.files === '' ? [] : JSON.parse(delivery.files);
  return message.files.every((file) => files.includes(file.name)) && written.includes(squeezed(message.text)) &&
    (message.text !== '' || message.files.length > 0);
}

const mark = (message) => sha256(`${message.text}\n${message.files.map((file) => `${file.name} ${sha256(file.bytes)}`)}`);

function shownWasWritten(state, view, check) {
  const ours = state.central.deliveries.filter((delivery) => delivery.instance === view.instance && isMessage(delivery));
  const byRemote = new Map();
  for (const delivery of ours) {
    for (const part of delivery.parts) {
      const key = `${delivery.chat} ${part.remote_id}`;
      check(part.remote_id === '' || !byRemote.has(key), () => `${part.remote_id} is a part of ${shownRow(delivery)} and of ${shownRow(byRemote.get(key))}`);
      byRemote.set(key, delivery);
    }
  }
  // What an edit added to a message that became longer.
  const added = new Map();
  for (const edit of state.central.deliveries.filter((row) => row.instance === view.instance && parsed(row.content).operation === 'edit')) {
    for (const part of edit.parts) added.set(`${edit.chat} ${part.remote_id}`, edit);
  }
  const used = new Map(ours.map((delivery) => [delivery.id, new Set()]));
  const order = new Map(); // lane → what was shown there, as deliveries
  for (const message of view.shown) {
    const what = `"${message.text.slice(0, 60)}"${message.files.map((file) => ` with ${file.name}`)} (message ${message.id} in ${message.chat})`;
    let delivery = byRemote.get(`${message.chat} ${message.id}`);
    if (delivery) {
      check(fits(delivery, message, state.central.deliveries), () => `${what} is not what ${shownRow(delivery)} says`);
    } else if (added.has(`${message.chat} ${message.id}`)) {
      const edit = added.get(`${message.chat} ${message.id}`);
      check(fits(edit, message, state.central.deliveries), () => `${what} is not what ${shownRow(edit)} says`);
    } else {
      const candidates = ours.filter((row) => row.chat === message.chat && row.thread === message.thread && fits(row, message, state.central.deliveries));
      // Only a delivery whose outcome nobody could learn may have a part that the ledger does not know.
      delivery = candidates.find((row) => !used.get(row.id).has(mark(message)) &&
        (STATES[row.state] === 'unknown' || (STATES[row.state] === 'failed' && row.evidence !== '')));
      check(delivery !== undefined, () => (candidates.length === 0
        ? `${what} was written by nobody` : `${what} was shown again: ${shownRow(candidates[0])}`));
    }
    if (!delivery) continue;
    check(!used.get(delivery.id).has(mark(message)), () => `${what} was shown twice: ${shownRow(delivery)}`);
    used.get(delivery.id).add(mark(message));
    const lane = `${message.chat} ${message.thread}`;
    order.set(lane, [...(order.get(lane) ?? []), delivery]);
  }
  const visible = new Set(view.shown.map((message) => `${message.chat} ${message.id}`));
  for (const delivery of ours.filter((row) => STATES[row.state] === 'delivered')) {
    check(delivery.parts.length > 0, () => `${shownRow(delivery)} has no part`);
    for (const part of delivery.parts) {
      check(visible.has(`${delivery.chat} ${part.remote_id}`), () => `part ${part.part} of ${shownRow(delivery)} is nowhere to be seen`);
    }
  }
  for (const [lane, deliveries] of order) ordered(state, lane, deliveries, check);
}

// In the order in which the agent committed them.
function ordered(state, lane, deliveries, check) {
  const last = new Map();
  for (const delivery of deliveries) {
    const name = `${delivery.agent}/${delivery.session}`;
    const row = state.sessionOf.get(name)?.outbound.messages.find((written) => written.id === delivery.message_out_id);
    if (!row || row.deliver_after) continue;
    // A request of a host that was killed may still be on its way when the next host sends more: that
    // is what "unknown" says.
    if (STATES[delivery.state] === 'unknown') continue;
    const before = last.get(name);
    check(!before || before.row.row <= row.row,
      () => `in ${lane}, ${shownRow(delivery)} was shown after ${shownRow(before.delivery)}, which was written later`);
    last.set(name, { row, delivery });
  }
}

function everythingEnded(state, check, mayBeOpen) {
  for (const delivery of state.central.deliveries) {
    check(delivery.state >= 2 || mayBeOpen(delivery), () => `${shownRow(delivery)} is still ${STATES[delivery.state]}: ${delivery.reason}`);
    check(delivery.state < 3 || delivery.reason !== '', () => `${shownRow(delivery)} has no reason`);
  }
  check(state.central.hostOutbox.length === 0, () => `${state.central.hostOutbox.length} messages of the host were not taken`);
  check(state.central.pendingFiles.length === 0, () => `files of ${state.central.pendingFiles.map((row) => row.row_id)} are still to be fetched`);
  const waiting = state.central.intake.filter((row) => row.session !== '');
  check(waiting.length === 0, () => `the intake still holds rows for ${waiting.map((row) => row.session)}`);
  for (const session of state.sessions) {
    for (const row of session.inbound.messages) {
      const ended = row.status === 'completed' || row.status === 'failed' || row.trigger === 0 || row.kind === 'task';
      check(ended, `row ${row.id} of ${session.name} is ${row.status} after ${row.tries} tries, due ${row.process_after}`);
    }
    check(session.outbound.claims.length === 0, () => `${session.name} still claims ${session.outbound.claims.map((row) => row.message_id)}`);
  }
}

function ledgerFitsAgents(state, check) {
  for (const session of state.sessions) {
    for (const row of session.outbound.messages) {
      const delivery = state.deliveryOf.get(`${session.name} ${row.id}`);
      check(delivery || row.kind === 'task_log', `row ${row.id} of ${session.name} is not in the ledger`);
      if (delivery) check(delivery.content === row.content, `row ${row.id} of ${session.name} and the ledger say different things`);
    }
    const written = new Set(session.outbound.messages.map((row) => row.id));
    const lost = session.setAside.some((name) => name.startsWith('outbound.db'));
    for (const delivery of state.central.deliveries) {
      if (`${delivery.agent}/${delivery.session}` !== session.name) continue;
      check(lost || written.has(delivery.message_out_id), () => `${shownRow(delivery)} was never written by ${session.name}`);
    }
    const last = session.outbound.messages.at(-1);
    const watermark = state.central.watermarks.find((row) => `${row.agent}/${row.session}` === session.name);
    check(!last || (watermark?.row === last.row && watermark.id === last.id),
      () => `${session.name} was read up to ${watermark?.id}, its last row is ${last.id}`);
  }
  for (const delivery of state.central.deliveries) {
    check(delivery.agent === '' || state.sessionOf.has(`${delivery.agent}/${delivery.session}`), () => `${shownRow(delivery)} is of a session that is not there`);
  }
  const counted = new Map(state.central.counts.map((row) => [`${row.instance} ${row.state}`, row.count]));
  for (const delivery of state.central.deliveries) {
    const key = `${delivery.instance} ${delivery.state}`;
    counted.set(key, (counted.get(key) ?? 0) - 1);
  }
  for (const [key, left] of counted) check(left === 0, `the count of deliveries for "${key}" is off by ${left}`);
}

function projectionFitsLedger(state, check) {
  for (const delivery of state.central.deliveries) {
    const session = state.sessionOf.get(`${delivery.agent}/${delivery.session}`);
    if (!session || delivery.state < 2) continue;
    const row = session.inbound.delivered.find((known) => known.message_out_id === delivery.message_out_id);
    check(row !== undefined, () => `${shownRow(delivery)} is not in the delivered table of ${session.name}`);
    if (row) {
      check(row.status === STATES[delivery.state], () => `${shownRow(delivery)}: ${session.name} reads ${row.status}`);
      check((row.platform_message_id ?? '') === (delivery.parts[0]?.remote_id ?? ''), () => `${shownRow(delivery)}: ${session.name} reads the id ${row.platform_message_id}`);
    }
    if (delivery.state < 3) continue;
    const notices = session.inbound.messages.filter((notice) => notice.channel_type === 'agent').map((notice) => parsed(notice.content).text ?? '');
    const { action, requestId = delivery.message_out_id } = parsed(delivery.content);
    if (delivery.kind === 'system' && action !== undefined) {
      const answers = session.inbound.messages.filter((answer) => answer.kind === 'system').map((answer) => parsed(answer.content));
      check(answers.some((answer) => [answer.questionId, answer.requestId].includes(requestId)), () => `${shownRow(delivery)}: no answer to the action is in ${session.name}`);
      continue;
    }
    check(notices.some((text) => text.includes(delivery.message_out_id) || / more of your messages\./.test(text)),
      () => `${shownRow(delivery)}: no notice tells ${session.name} of it`);
  }
}

// ---- remains ----------------------------------------------------------------------------------

function isFolderOf(name, id) {
  return name === id || name.endsWith(`~${sha256(id).slice(0, 32)}`);
}

// The spool folders that no delivery needs.
export function spoolOrphans(spool, deliveries) {
  const needed = deliveries.filter((delivery) => delivery.spool !== '' && delivery.state !== 2).map((delivery) => delivery.spool);
  return spool.filter((name) => !needed.some((id) => isFolderOf(name, id)));
}

function nothingIsLeft(state, check) {
  check(state.staging.length === 0, () => `staging holds ${state.staging}`);
  check(state.unfinished.length === 0, () => `unfinished session folders: ${state.unfinished}`);
  for (const name of spoolOrphans(state.spool, state.central.deliveries)) check(false, `spool/${name} belongs to no delivery that failed or is unknown`);
  for (const delivery of state.central.deliveries) {
    const there = delivery.spool === '' || state.spool.some((name) => isFolderOf(name, delivery.spool));
    check(there || delivery.state === 2 || delivery.files === '', () => `the files of ${shownRow(delivery)} are gone from the spool`);
  }
  for (const session of state.sessions) check(session.outbox.length === 0, () => `the outbox of ${session.name} holds ${session.outbox}`);
}
