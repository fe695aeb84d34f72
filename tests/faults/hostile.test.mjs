// A session folder attacked by its own agent: refused or healed by name, no file outside touched,
// other sessions keep answering.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Host, bin, temporaryFolder, until } from '../e2e/lib/host.mjs';
import { telegramConfig } from '../e2e/lib/configs.mjs';
import { TelegramServer } from '../e2e/telegram/server.mjs';

const SECRET = 'the content of a file of the host';
const evil = fileURLToPath(new URL('./evil-agent.mjs', import.meta.url));

// attack: the text that the agent is sent. expect(context): what must come of it.
const attacks = {
  'symlink file': shows(/attack symlink-file/),
  'hard link': shows(/attack hard-link/),
  fifo: shows(/attack fifo/),
  'symlink outbox row': shows(/attack symlink-row/),
  'dot dot name': shows(/attack dot-dot/),
  'unsafe row id': shows(/attack unsafe-id/),
  'symlink inbox': shows(/attack inbox/),
  'symlink outbox': shows(/attack outbox/),
  'rows deleted': shows(/attack rows-deleted/),
  'huge content': ends(/huge/),
  'endless view': logs(/messages_out is no plain table/),
  'corrupt file': logs(/set aside with the ending \.corrupt-/),
  'fifo journal': logs(/FIFO/),
  'super journal': logs(/super/),
};

function shows(pattern) {
  return ({ server, chat }) => server.until((s) => s.visible(chat).some((m) => pattern.test(m.text ?? m.caption ?? '')), `${pattern} to be shown`, 60_000);
}
function ends(pattern) {
  return ({ host }) => until(async () => (await host.deliveries()).find((d) => pattern.test(d.rowId) && d.state === 'failed'), `${pattern} to fail`);
}
// The operator is told so, once the attack was made and its agent is gone.
function logs(pattern) {
  return async ({ host }) => {
    await until(() => fs.existsSync(path.join(host.data, 'agents/evil/attacked')), 'the attack');
    await until(() => pattern.test(host.log), `${pattern} in the log`);
  };
}

for (const [attack, expect] of Object.entries(attacks)) {
  test(`attack: ${attack}`, async () => {
    const outside = temporaryFolder();
    const canary = path.join(outside, 'canary.txt');
    fs.writeFileSync(canary, SECRET);
    const server = await new TelegramServer().start();
    const host = new Host({ config: telegramConfig(server, {
      agents: {
        evil: { command: [process.execPath, evil], env: { CANARY: canary } },
        main: { command: [bin('patchbay-agent'), '--echo'] },
      },
      wirings: [
        { chats: 'telegram:dm:666', agent: 'evil', engage: 'always' },
        { chats: 'telegram:dm:4*', agent: 'main', engage: 'always' },
      ],
    }) });
    try {
      await host.start();
      const chat = server.chat(666);
      const other = server.chat(42);
      server.say(chat, server.user(666), { text: attack });
      await expect({ server, host, chat });
      server.say(other, server.user(42), { text: 'are you still there' });
      await server.until((s) => s.visible(other).some((m) => m.text === 'are you still there'), 'the other session to answer', 60_000);
      assert.equal(fs.readFileSync(canary, 'utf8'), SECRET);
      assert.deepEqual(fs.readdirSync(outside), ['canary.txt']);
      for (const message of server.messages) {
        assert.ok(!(message.bytes ?? Buffer.alloc(0)).includes(SECRET), 'a file of the host was sent');
      }
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
  });
}
