// A conversation of several people with the echo agent over Telegram, and the way to tell that all
// of it has been dealt with, however often host and agents died meanwhile.

import fs from 'node:fs';
import path from 'node:path';
import { Host, until, bin } from '../e2e/lib/host.mjs';
import { telegramConfig } from '../e2e/lib/configs.mjs';
import { readLive } from '../e2e/lib/databases.mjs';
import { assertInvariants, spoolOrphans, telegramView } from '../e2e/lib/invariants.mjs';
import { TelegramServer } from '../e2e/telegram/server.mjs';

const UNTOLD = 'nobody was told of deliveries';
const MOST_NOTICES = 30;
const DELIVERED = 2; // store::DeliveryState
const MENTION = '@patch_bot';

// A small generator with a seed (mulberry32): a run is repeated by its seed.
export function randomFrom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (n) => Math.floor(next() * n),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)],
    bytes: (n) => Buffer.from(Array.from({ length: n }, () => Math.floor(next() * 256))),
  };
}

export class Conversation {
  constructor(server) {
    this.server = server;
    this.said = []; // {chat, message, text, bytes}
  }

  // `file`: {bytes, name} sends a document, with photo: true a photo. In a group the bot is addressed.
  // `topic`: of a forum, in which it is said.
  say(chat, user, text, file, topic) {
    const addressed = chat.type === 'private' ? text : `${MENTION} ${text}`;
    const entities = [{ type: 'mention', offset: 0, length: MENTION.length }];
    const isGroup = chat.type !== 'private';
    const fields = file
      ? { caption: addressed, ...(isGroup ? { caption_entities: entities } : {}) }
      : { text: addressed, ...(isGroup ? { entities } : {}) };
    if (file) {
      const uploaded = this.server.upload(file.bytes, { file_name: file.name, mime_type: 'application/octet-stream' });
      if (file.photo) fields.photo = [{ ...uploaded, width: 1, height: 1 }];
      else fields.document = uploaded;
    }
    if (topic !== undefined) Object.assign(fields, { message_thread_id: topic, is_topic_message: true });
    const message = this.server.say(chat, user, fields);
    this.said.push({ chat, topic, message, text: addressed, bytes: file?.bytes });
    return message;
  }

  // The answer of the echo agent to a message has this row id, or a safe form of it.
  answerTo({ chat, message }, deliveries) {
    const id = `${chat.id}:${message.message_id}:main:re:1`;
    return deliveries.find((row) => row.message_out_id === id || row.message_out_id.startsWith(`_${id}~`));
  }

  unanswered(deliveries) {
    return this.said.filter((said) => !this.answerTo(said, deliveries));
  }

  // Nothing is under way any more; else what still is.
  async pending({ data, seen, within }) {
    if (this.server.updates.length > 0) return `${this.server.updates.length} updates are not confirmed`;
    const { deliveries, integrity } = await readLive(path.join(data, 'patchbay.db'), { deliveries: 'SELECT * FROM deliveries' }, within);
    if (!deliveries) return `patchbay.db is not to be read: ${integrity}`;
    const unanswered = this.unanswered(deliveries);
    if (unanswered.length > 0) return `${unanswered.length} messages have no answer, the first is "${unanswered[0].text.slice(0, 40)}"`;
    const open = deliveries.filter((row) => row.state < 2 || (row.agent !== '' && row.projected === 0));
    if (open.length > 0) return `deliveries ${open.map((row) => row.id)} are under way`;
    const untold = deliveries.filter((row) => row.state >= 3 && row.notified === 0);
    if (untold.length > 0) return `${UNTOLD} ${untold.map((row) => row.id)}`;
    const staged = fs.readdirSync(path.join(seen, 'staging'));
    if (staged.length > 0) return `staging holds ${staged}`;
    const orphans = spoolOrphans(fs.readdirSync(path.join(seen, 'spool')), deliveries);
    return orphans.length > 0 ? `the spool holds ${orphans}` : null;
  }

  // Waits until nothing is under way; returns what still is at the deadline. An agent hears of at
  // most one failure a chat and minute; a fresh start of the host tells the next one at once.
  async settled(host, timeout) {
    let untold = null; // what nobody had been told of before the last start
    for (let starts = 0; ; ++starts) {
      let pending = null;
      const done = async () => {
        pending = host.alive ? await this.pending(host) : 'the host ended';
        return pending === null || !host.alive || (pending.startsWith(UNTOLD) && pending !== untold);
      };
      await until(done, 'everything to settle', timeout).catch(() => {});
      if (!pending?.startsWith(UNTOLD) || pending === untold || starts === MOST_NOTICES) return pending;
      untold = pending;
      const how = await host.stop();
      if (how.code !== 0) throw new Error(`the host ended with ${JSON.stringify(how)}`);
      await host.start();
    }
  }

  // The answers that people saw, in each chat and thread: {place, texts of the questions, in the order
  // of the answers}. An answer in parts counts once. Those of unknown outcome are left out: a request
  // of a host that was killed may arrive when the next one has sent more.
  answersShown({ deliveries, parts }) {
    const questionOf = new Map(); // chat and message id → place of its question
    this.said.forEach((said, index) => {
      const answer = this.answerTo(said, deliveries);
      if (answer?.state !== DELIVERED) return;
      for (const part of parts.filter((row) => row.delivery === answer.id)) questionOf.set(`${said.chat.id} ${part.remote_id}`, index);
    });
    const shown = new Map();
    for (const message of this.server.messages) {
      const question = questionOf.get(`${message.chat.id} ${message.message_id}`);
      const place = `${message.chat.id}/${message.message_thread_id ?? ''}`;
      const before = shown.get(place) ?? [];
      if (question !== undefined && before.at(-1) !== question) shown.set(place, [...before, question]);
    }
    return shown;
  }

  // Bytes that came back are the bytes that were sent, under their own text.
  filesThatDiffer() {
    return this.said.filter((said) => said.bytes).filter((said) =>
      this.server.visible(said.chat).some((shown) => shown.bytes && said.text.startsWith(shown.caption ?? '-') &&
        !shown.bytes.equals(said.bytes)));
  }
}

// body({server, host, conversation}); afterwards the invariants are checked. `config` is what differs;
// `Talk` knows its answers in another way.
export async function withConversation({ config = () => ({}), env = {}, Talk = Conversation }, body) {
  const server = await new TelegramServer().start();
  const host = new Host({ env });
  const conversation = new Talk(server);
  let keep = false;
  try {
    host.configFile = path.join(host.data, 'patchbay.json');
    host.writeConfig(telegramConfig(server, config(host)));
    await body({ server, host, conversation });
    if (host.alive) {
      const how = await host.stop();
      if (how.code !== 0) throw new Error(`the host ended with ${JSON.stringify(how)}`);
    }
    assertInvariants(host.data, [telegramView(server)]);
    const differing = conversation.filesThatDiffer();
    if (differing.length > 0) throw new Error(`other bytes came back: ${differing.map((said) => said.text.slice(0, 40))}`);
  } catch (error) {
    keep = process.env.PATCHBAY_KEEP !== undefined;
    if (keep) {
      fs.writeFileSync(path.join(host.data, 'host.log'), host.log);
      error.message += `\n---- kept in ${host.data} ----`;
    }
    error.message += `\n---- host log ----\n${host.log.slice(-8000)}`;
    throw error;
  } finally {
    if (host.process) await host.kill();
    await server.stop();
    if (!keep) host.remove();
  }
}

// The agents that run: their process ids, from the host's run records.
export function runningAgents(data) {
  const folder = path.join(data, 'run', 'agents');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
  const found = [];
  for (const name of names) {
    try {
      const pid = Number(fs.readFileSync(path.join(folder, name), 'utf8').split(' ')[0]);
      const program = fs.readlinkSync(`/proc/${pid}/exe`);
      if (program === fs.realpathSync(bin('patchbay-agent'))) found.push(pid);
    } catch { /* it ended meanwhile */ }
  }
  return found;
}
