// `patchbay chat` in a pipe, against a host on embedded defaults.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { Host, bin, run, temporaryFolder } from './lib/host.mjs';

async function withHost(body) {
  const host = new Host();
  const folder = temporaryFolder();
  try {
    await host.start();
    await body(host, folder);
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-6000)}`;
    throw error;
  } finally {
    await host.kill();
    host.remove();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const chat = (host, folder, input, ...args) =>
  run(bin('patchbay'), ['chat', ...args, '--data', host.data, '--save', folder], { input });

test('three lines say how to talk to it, and a line gets its answer', () => withHost(async (host, folder) => {
  assert.equal(host.output.trim().split('\n').length, 3);
  const answered = await chat(host, folder, 'hello\n', 'ada');
  assert.deepEqual(answered, { code: 0, signal: null, stdout: 'hello\n', stderr: '' });
}));

test('a file goes there and comes back', () => withHost(async (host, folder) => {
  const file = path.join(folder, 'notes.bin');
  const bytes = randomBytes(3_000_000);
  fs.writeFileSync(file, bytes);
  const answered = await chat(host, folder, `/file ${file}\n`, 'ada');
  assert.equal(answered.code, 0, answered.stderr);
  const saved = /\[file\] (.+) \(/.exec(answered.stdout)[1];
  assert.ok(fs.readFileSync(saved).equals(bytes));
  assert.equal(path.basename(saved), 'notes-2.bin');
}));

test('what came while nobody was attached is shown at the next time, once', () => withHost(async (host, folder) => {
  const left = await chat(host, folder, 'while away\n', 'bob', '--answers', '0');
  assert.equal(left.code, 0, left.stderr);
  const later = await chat(host, folder, '', 'bob', '--answers', '1');
  assert.deepEqual([left.stdout + later.stdout, later.code], ['while away\n', 0]);
  const nothing = await chat(host, folder, 'next\n', 'bob');
  assert.equal(nothing.stdout, 'next\n');
}));

test('without a host there is a remedy and exit code 3', async () => {
  const folder = temporaryFolder();
  const answered = await run(bin('patchbay'), ['chat', '--data', folder], { input: 'x\n' });
  assert.equal(answered.code, 3);
  assert.match(answered.stderr, /start it with/);
  fs.rmSync(folder, { recursive: true });
});
