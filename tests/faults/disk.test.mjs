// The disk of the data folder is full, to the last byte, in the middle of a conversation: nothing that
// was acknowledged is lost, the operator is told, and everything arrives when there is room again.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Host, bin, run, temporaryFolder, until, DEADLINE } from '../e2e/lib/host.mjs';
import { telegramConfig } from '../e2e/lib/configs.mjs';
import { assertInvariants, telegramView } from '../e2e/lib/invariants.mjs';
import { TelegramServer } from '../e2e/telegram/server.mjs';
import { Conversation } from './conversation.mjs';
import { SmallDisk } from './small_disk.mjs';

const DISK = 24 << 20; // bytes

// Runs `body` with a host that has answered once; afterwards everything that was said was answered.
async function withSmallDisk(body) {
  const folder = temporaryFolder();
  const data = path.join(folder, 'data');
  fs.mkdirSync(data);
  const disk = await new SmallDisk(data, DISK).mount();
  const server = await new TelegramServer().start();
  const { within, seen } = disk;
  const host = new Host({ data, seen, within });
  host.configFile = path.join(folder, 'patchbay.json');
  host.writeConfig(telegramConfig(server));
  const conversation = new Conversation(server);
  const chat = server.chat(42, { first_name: 'Ada' });
  const scene = { server, host, disk,
    say: (text, file) => conversation.say(chat, server.user(42), text, file),
    status: () => run(within[0], [...within.slice(1), bin('patchbay'), 'status', '--data', data]).then(({ stdout }) => stdout) };
  try {
    await host.start();
    scene.say('while there is room');
    await until(async () => (await conversation.pending(host)) === null, 'the first answer');
    await body(scene);
    let pending;
    await until(async () => (pending = await conversation.pending(host)) === null, 'everything to settle', DEADLINE)
      .catch((error) => { throw new Error(`${error.message}: ${pending}`); });
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    // All came, once and in order.
    assertInvariants(seen, [telegramView(server)]);
    assert.deepEqual(server.visible(chat).map((m) => m.text ?? m.caption), conversation.said.map(({ text }) => text));
    assert.deepEqual(conversation.filesThatDiffer(), []);
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-8000)}`;
    throw error;
  } finally {
    await host.kill();
    await disk.unmount();
    await server.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const notes = { name: 'notes.bin', bytes: Buffer.alloc(300_000, 'notes ') };
const logs = (host, pattern) => until(() => pattern.test(host.log), `${pattern} in the log`);

describe('a full disk', { concurrency: 2 }, () => {
  test('what cannot be kept is not acknowledged, the operator is told, and all arrives when there is room', () => withSmallDisk(async (scene) => {
    const { server, host, disk } = scene;
    assert.match(await scene.status(), /\nthe disk of the data folder has \d+ MiB left; make room: /);
    disk.fill();
    const before = server.confirmed;
    scene.say('into the full disk');
    await logs(host, /routing\.not_settled .*disk is full/);
    await logs(host, /messages could not be stored; Telegram keeps them, trying again/);
    scene.say('a file as well', notes);
    assert.equal(server.confirmed, before, 'Telegram was told that it need not keep them');
    assert.equal(server.messages.length, 1);
    assert.match(await scene.status(), /\nthe disk of the data folder has 0 MiB left; make room: messages that find none stay with their platforms\n/);
    assert.ok(host.alive);
    disk.free();
  }));

  test('a file that finds no room is not lost, also if the host is killed over it', () => withSmallDisk(async (scene) => {
    const { server, host, disk } = scene;
    disk.fill();
    const before = server.confirmed;
    scene.say('a file', notes);
    await logs(host, /a file cannot be had yet, its message waits for it: .*No space left/);
    assert.equal(server.confirmed, before, 'Telegram was told that it need not keep it');
    await host.kill();
    disk.free();
    await host.start();
  }));

  test('room that ends on the way of many questions and answers', () => withSmallDisk(async (scene) => {
    const { host, disk } = scene;
    disk.fill();
    disk.leave(64 << 10); // somewhere on the way of so many it ends
    for (let n = 1; n <= 12; ++n) scene.say(`question ${n}${', a long one'.repeat(300)}`);
    await logs(host, /disk is full|No space left/);
    assert.ok(host.alive);
    disk.free();
  }));

  test('a host that is started on it says so in one line', () => withSmallDisk(async ({ host, disk, say }) => {
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    disk.fill();
    const before = host.log.length;
    host.spawn();
    assert.deepEqual(await host.exited, { code: 1, signal: null });
    const said = host.log.slice(before).trim().split('\n').filter((line) => line.startsWith('patchbay: '));
    assert.equal(said.length, 1, host.log.slice(before));
    assert.match(said[0], /No space left on device|disk is full/);
    disk.free();
    await host.start();
    say('afterwards');
  }));
});
