// A host with instances of the misbehaving sample, each with a switch of its own, beside Telegram.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { telegramConfig } from '../e2e/lib/configs.mjs';
import { readDatabase, readLive } from '../e2e/lib/databases.mjs';
import { BUILD, DEADLINE, Host, PLUGINS, temporaryFolder, until } from '../e2e/lib/host.mjs';
import { assertInvariants, telegramView } from '../e2e/lib/invariants.mjs';
import { WAITING, plantDeliveries } from '../e2e/lib/ledger.mjs';
import { TelegramServer } from '../e2e/telegram/server.mjs';
import { Conversation } from './conversation.mjs';
import { isThere, runnersOf } from './runners.mjs';

const README = fileURLToPath(new URL('../../examples/misbehaving/README.md', import.meta.url));
export const TOKEN = 'a-canary-token-that-nobody-may-read';
const TEXTS = ['one', 'two'];
const LOST = "the adapter's process was lost: ";
const LEAST_RESTARTS = 2;
const LEAST_ROUNDS = 3;
const LETTERS = 'WSDFU'; // by store::DeliveryState: waiting, sending, delivered, failed, unknown
const LIBRARIES = { [PLUGINS]: ['telegram', 'console'], [path.join(BUILD, 'test-plugins')]: ['misbehaving'] };

// As the table has them, so that none is forgotten.
export function switchesOfReadme() {
  return fs.readFileSync(README, 'utf8').split('\n').filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...line.split('|')[1].matchAll(/`(\w+)`/g)].map(([, name]) => name));
}

// One that the host trusts, whatever the umask is.
export function makePluginFolder() {
  const folder = path.join(temporaryFolder(), 'plugins');
  fs.mkdirSync(folder, { mode: 0o755 });
  for (const [from, names] of Object.entries(LIBRARIES)) {
    for (const file of names.flatMap((name) => [`${name}.so`, `${name}.adapter.json`])) {
      fs.copyFileSync(path.join(from, file), path.join(folder, file));
      fs.chmodSync(path.join(folder, file), 0o644);
    }
  }
  fs.chmodSync(folder, 0o755);
  return folder;
}

// Where the sample posts its texts: what came, by instance. Those who write to `silent` get no answer.
class Platform {
  constructor() {
    this.posted = new Map(); // instance → texts
    this.http = http.createServer(async (request, response) => {
      const [, answers, instance] = request.url.split('/');
      let text = '';
      for await (const bytes of request) text += bytes;
      this.posted.set(instance, [...(this.posted.get(instance) ?? []), text]);
      if (answers === 'answers') response.end();
    });
  }

  async start() {
    this.http.listen(0, '127.0.0.1');
    await once(this.http, 'listening');
    this.base = `http://127.0.0.1:${this.http.address().port}`;
    return this;
  }

  async stop() {
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, 'close');
  }
}

// Where a process listens on TCP: the only port.
function listeningPort(pid) {
  const sockets = fs.readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try { return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]; } catch { return undefined; }
  });
  const lines = fs.readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  const ports = lines.filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.includes(inode))
    .map(([, local]) => parseInt(local.split(':')[1], 16));
  assert.equal(ports.length, 1, `the host listens on ${ports}`);
  return ports[0];
}

// What a library could change of the process that it is in.
function stateOf(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)[1];
  return { umask: field('Umask'), ignored: field('SigIgn'), caught: field('SigCgt'), folder: fs.readlinkSync(`/proc/${pid}/cwd`) };
}

// The value of the field that is the last one of a line of the log.
function lastField(line, name) {
  const value = line.slice(line.indexOf(` ${name}=`) + name.length + 2);
  return value.startsWith('"') ? JSON.parse(value) : value;
}

// `bad`: the plans of misbehaving.test.mjs with the names of their switches, an instance for each. `token`: as
// the configuration has it.
export class MisbehavingHost {
  constructor({ plugins, isolation, bad, token = { env: 'MISBEHAVING_TOKEN' } }) {
    this.isolation = isolation;
    this.bad = bad.map((plan) => ({ ...plan, instance: `bad-${plan.name.replaceAll('_', '-')}` }));
    this.token = token;
    this.host = new Host({ plugins, env: { MISBEHAVING_TOKEN: TOKEN } });
    this.host.configFile = path.join(this.host.data, 'patchbay.json');
    this.server = new TelegramServer();
    this.platform = new Platform();
    this.conversation = new Conversation(this.server);
    this.rounds = 0;
  }

  // From the start to the end, with all that must be true on the way.
  async run() {
    const { host } = this;
    await this.server.start();
    await this.platform.start();
    try {
      await this.#start();
      const before = stateOf(host.pid);
      await this.#talkUntilSettled();
      await Promise.all(this.bad.map((plan) => this.#callWebhook(plan)));
      await this.#talk();
      assert.deepEqual(stateOf(host.pid), before);
      const runners = runnersOf(host.pid, 'misbehaving').map(({ pid }) => pid);
      assert.deepEqual(await host.stop(), { code: 0, signal: null });
      assert.deepEqual(runners.filter(isThere), [], 'runners that outlive their host');
      const prints = this.isolation === 'daemon' && this.bad.some(({ name }) => name === 'print');
      assert.equal(host.output.includes('hello from the adapter'), prints);
      assert.ok(!host.log.includes(TOKEN), `the log gives the token away:\n${host.log.split('\n').find((line) => line.includes(TOKEN))}`);
      for (const plan of this.bad) this.#logTellsOf(plan);
      this.#nothingWasDeliveredTwice();
      assertInvariants(host.data, [telegramView(this.server)], (delivery) => delivery.instance !== 'telegram');
    } catch (error) {
      error.message += `\n---- host log ----\n${host.log.slice(-8000)}`;
      throw error;
    } finally {
      if (host.process) await host.kill();
      await this.server.stop();
      await this.platform.stop();
      host.remove();
    }
  }

  // The deliveries stand in the ledger before the instances are there to take them.
  async #start() {
    const { host, server } = this;
    host.writeConfig(telegramConfig(server));
    await host.start(); // makes its tables
    await host.stop();
    for (const { instance } of this.bad) {
      plantDeliveries(host.data, [...TEXTS, { text: 'three', file: { name: 'file.txt', bytes: 'bytes' } }],
        { instance, chat: `${instance}:group:-100`, state: WAITING });
    }
    const config = telegramConfig(server, { webhooks: { listen: '127.0.0.1:0' } });
    for (const { name, instance, silent } of this.bad) {
      config.instances[instance] = { channel: 'misbehaving', isolation: this.isolation,
        settings: { misbehave: name, token: this.token, api_base: `${this.platform.base}/${silent ? 'silent' : 'answers'}/${instance}` } };
    }
    host.writeConfig(config);
    await host.start();
    this.webhooks = `http://127.0.0.1:${listeningPort(host.pid)}/webhook`;
  }

  // People say something, and each is answered once, in order.
  async #talk() {
    const { server, conversation } = this;
    const round = ++this.rounds;
    for (const n of [1, 2]) {
      for (const id of [41, 42]) conversation.say(server.chat(id, { first_name: `P${id}` }), server.user(id, `P${id}`), `${round}.${n} of ${id}`);
    }
    if (round <= LEAST_ROUNDS) { // more would be held back: a group takes 20 a minute
      conversation.say(server.chat(-1001, { title: 'Team' }), server.user(7, 'Bob'), `${round} in the group`, { name: 'note.txt', bytes: Buffer.from(`note ${round}`) });
    }
    await until(() => this.#everybodyIsAnswered(), 'people to be answered');
    for (const id of [41, 42, -1001]) {
      const said = conversation.said.filter(({ chat }) => chat.id === id).map(({ text }) => text);
      assert.deepEqual(server.visible(id).map(({ text, caption }) => text ?? caption), said);
    }
  }

  async #everybodyIsAnswered() {
    assert.ok(this.host.alive, 'the host ended');
    const deliveries = await this.#deliveriesOf("= 'telegram'");
    return this.server.updates.length === 0 && this.conversation.unanswered(deliveries).length === 0 &&
      deliveries.every((row) => LETTERS[row.state] === 'D' && row.projected === 1);
  }

  async #talkUntilSettled() {
    const end = Date.now() + DEADLINE;
    for (;;) {
      await this.#talk();
      const wrong = await this.#unsettled();
      if (wrong === null && this.rounds >= LEAST_ROUNDS) return;
      assert.ok(Date.now() < end, wrong);
    }
  }

  // What is not as its plan has it; null: all is.
  async #unsettled() {
    const { instances } = await this.host.call('status');
    const statusOf = new Map(instances.map((one) => [one.name, one]));
    const rows = lettersOf(await this.#deliveriesOf("<> 'telegram'"));
    for (const plan of this.bad) {
      const status = statusOf.get(plan.instance);
      const found = rows.get(plan.instance);
      const { name, state, restarts, delivered, violations, reason, userAction } = status;
      const wasLost = restarts >= LEAST_RESTARTS;
      const isAsPlanned = plan.either !== undefined && restarts > 0 ? plan.either.test(found) : (
        plan.rows.test(found) && delivered === found.split('D').length - 1 && (violations > 0) === (plan.broken !== undefined) &&
        (plan.state === 'lost' ? wasLost : plan.state === state && restarts === 0) &&
        (state !== 'failed' || (plan.reason.test(reason) && plan.action.test(userAction))));
      if (!isAsPlanned) return `${name}: its deliveries are ${found}, its status is ${JSON.stringify(status)}`;
    }
    return null;
  }

  async #callWebhook({ instance, webhook }) {
    if (webhook === undefined) return;
    const { status } = await fetch(`${this.webhooks}/${instance}`, { method: 'POST', body: 'hello' });
    assert.equal(status, webhook, instance);
  }

  #logTellsOf({ instance, state, reason, broken, logs, mayBeRefused, either, end = /./ }) {
    const lines = (event) => this.host.log.split('\n').filter((line) => line.includes(` ${event} instance=${instance} `));
    for (const line of lines('adapter.contract_broken')) assert.match(lastField(line, 'what'), broken);
    for (const line of lines('adapter.refused')) assert.match(line, mayBeRefused ?? /^nothing is refused$/);
    const losses = lines('adapter.state').filter((line) => line.includes(LOST));
    assert.ok(losses.length >= (state === 'lost' ? LEAST_RESTARTS : 0), `${instance} was lost ${losses.length} times`);
    if (either === undefined) {
      for (const line of losses) assert.match(line, state === 'lost' ? reason : /^nothing is lost$/);
    }
    for (const line of losses) assert.match(line, /; it is started again in \d+ s"/);
    if (logs) assert.ok(this.host.log.split('\n').some((line) => line.includes(`instance=${instance} `) && logs.test(line)), `${instance}: no line is like ${logs}`);
    assert.match(lines('adapter.state').at(-1), end);
  }

  // By the ledger, the log and the platform.
  #nothingWasDeliveredTwice() {
    const { deliveries } = readDatabase(path.join(this.host.data, 'patchbay.db'), { deliveries: "SELECT * FROM deliveries WHERE instance <> 'telegram' ORDER BY id" });
    const rows = lettersOf(deliveries);
    for (const { instance, rows: before, rowsAtEnd = before, either = rowsAtEnd, posts } of this.bad) {
      const found = rows.get(instance);
      if (posts !== undefined) assert.equal(this.platform.posted.get(instance)?.length ?? 0, posts, `requests of ${instance}`);
      assert.ok(rowsAtEnd.test(found) || either.test(found), `the deliveries of ${instance} are ${found}`);
      for (const text of TEXTS) {
        const times = (this.platform.posted.get(instance) ?? []).filter((posted) => posted === text).length;
        assert.ok(times <= 1, `"${text}" was posted ${times} times by ${instance}`);
      }
    }
    for (const { id, instance, state } of deliveries) {
      const told = this.host.log.split('\n').filter((line) => line.includes(` delivery.delivered delivery=${id} `)).length;
      assert.equal(told, LETTERS[state] === 'D' ? 1 : 0, `delivery ${id} of ${instance} was recorded ${told} times`);
    }
  }

  async #deliveriesOf(instances) {
    return (await readLive(path.join(this.host.data, 'patchbay.db'),
      { deliveries: `SELECT * FROM deliveries WHERE instance ${instances} ORDER BY id` })).deliveries;
  }
}

function lettersOf(deliveries) {
  const letters = new Map();
  for (const { instance, state } of deliveries) letters.set(instance, (letters.get(instance) ?? '') + LETTERS[state]);
  return letters;
}
