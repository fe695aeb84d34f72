// A host with two agents: one that attacks it (evil-agent.mjs, in chat 666) and an honest one.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Host, bin, temporaryFolder, until } from '../e2e/lib/host.mjs';
import { telegramConfig } from '../e2e/lib/configs.mjs';
import { TelegramServer } from '../e2e/telegram/server.mjs';

const SECRET = 'the content of a file of the host';
const evil = fileURLToPath(new URL('./evil-agent.mjs', import.meta.url));

class Attacked {
  constructor(server, outside) {
    this.server = server;
    this.outside = outside;
    this.canary = path.join(outside, 'canary.txt');
    fs.writeFileSync(this.canary, SECRET);
    this.host = new Host({ config: telegramConfig(server, {
      agents: {
        evil: { command: [process.execPath, evil], env: { CANARY: this.canary } },
        main: { command: [bin('patchbay-agent'), '--echo'] },
      },
      wirings: [
        { chats: 'telegram:dm:666', agent: 'evil', engage: 'always' },
        { chats: 'telegram:dm:4*', agent: 'main', engage: 'always' },
      ],
    }) });
    this.chat = server.chat(666);
    this.questions = 0;
  }

  // What the attacker is told to do; the text of a message.
  say(text) { return this.server.say(this.chat, this.server.user(666), { text }); }

  // The texts that are visible in the attacker's chat.
  get shown() { return this.server.visible(this.chat).map((m) => m.text ?? m.caption ?? ''); }
  shows(pattern) { return this.server.until(() => this.shown.some((text) => pattern.test(text)), `${pattern} to be shown`, 60_000); }

  // The same, and the ledger knows it: a host that is killed then has nothing under way.
  async delivers(pattern) {
    await this.shows(pattern);
    await until(async () => (await this.host.deliveries()).every(({ state }) => state === 'delivered'), 'the ledger to know');
  }

  // The operator is told so.
  logs(pattern) { return until(() => pattern.test(this.host.log), `${pattern} in the log`); }

  agentFile(name) { return path.join(this.host.data, 'agents/evil', name); }
  // Once the attack was made.
  done() { return until(() => fs.existsSync(this.agentFile('attacked')), 'the attack'); }

  // The attacker's session folder, and a file in it.
  async sessionFile(name) {
    const session = (await this.host.sessions()).find(({ agentId }) => agentId === 'evil');
    return path.join(this.host.sessionFolder(session), name);
  }

  // The honest agent answers while all this goes on.
  async neighbourAnswers() {
    const other = this.server.chat(42);
    const text = `are you still there ${++this.questions}`;
    this.server.say(other, this.server.user(42), { text });
    await this.server.until((s) => s.visible(other).some((m) => m.text === text), 'the other session to answer', 60_000);
  }

  nothingOutsideWasTouched() {
    assert.equal(fs.readFileSync(this.canary, 'utf8'), SECRET);
    assert.deepEqual(fs.readdirSync(this.outside), ['canary.txt']);
    for (const message of this.server.messages) {
      assert.ok(!(message.bytes ?? Buffer.alloc(0)).includes(SECRET), 'a file of the host was sent');
    }
  }
}

// Runs `body` with a host that serves; whatever it did, no file outside was touched, the other
// session answers, and the host stops in order.
export async function underAttack(body) {
  const outside = temporaryFolder();
  const server = await new TelegramServer().start();
  const attacked = new Attacked(server, outside);
  const { host } = attacked;
  try {
    await host.start();
    await body(attacked);
    await attacked.neighbourAnswers();
    attacked.nothingOutsideWasTouched();
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-5000)}`;
    throw error;
  } finally {
    await host.kill();
    await server.stop();
    host.remove();
    fs.rmSync(outside, { recursive: true, force: true });
  }
}
