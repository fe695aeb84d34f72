// `patchbay chat` when the host is busy, refuses, or goes away: nothing that was said is lost
// without a word.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { bin, run, temporaryFolder, until } from './lib/host.mjs';
import { FakeConsole } from './lib/console.mjs';

async function withConsole(body) {
  const data = temporaryFolder();
  const fake = new FakeConsole(data);
  try {
    await fake.start();
    await body(fake, data);
  } finally {
    await fake.stop();
    fs.rmSync(data, { recursive: true, force: true });
  }
}

const chat = (data, input, ...args) =>
  run(bin('patchbay'), ['chat', 'ada', '--data', data, '--answers', '0', ...args], { input });

test('a busy host is asked again with growing pauses, and nothing overtakes', () => withConsole(async (fake, data) => {
  const busy = { type: 'busy', reason: 'the disk is full' };
  fake.answers = [busy, busy, busy];
  const ended = await chat(data, 'one\ntwo\n');
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(fake.messages.map(({ body }) => body), ['one', 'one', 'one', 'one', 'two']);
  assert.equal(new Set(fake.messages.map(({ head }) => head.id)).size, 2);
  const [first, second, third, fourth] = fake.messages.map(({ at }) => at);
  assert.ok(second - first >= 240 && third - second >= 490 && fourth - third >= 990);
  assert.equal(ended.stdout, '[the host cannot take "one" now: the disk is full; trying again]\n');
}));

test('a refusal is told once, and what follows is sent', () => withConsole(async (fake, data) => {
  fake.answers = [{ type: 'refused', reason: 'too\x1b[2J large' }];
  const ended = await chat(data, 'one\ntwo\n');
  assert.equal(ended.code, 1);
  assert.deepEqual(fake.messages.map(({ body }) => body), ['one', 'two']);
  assert.equal(ended.stdout, '["one" was not sent: too?[2J large]\n');
}));

test('what the host says for good ends the program', () => withConsole(async (fake, data) => {
  fake.answers = [{ type: 'error', message: 'not here' }];
  const ended = await chat(data, 'one\n');
  assert.equal(ended.code, 1);
  assert.equal(ended.stdout, '');
  assert.match(ended.stderr, /^patchbay: not here\npatchbay: 1 of your messages were not acknowledged/);
  assert.equal(fake.frames.filter(({ head }) => head.type === 'hello').length, 1);
}));

test('a message without an answer is sent again after a lost connection, and at last told', () => withConsole(async (fake, data) => {
  fake.answers = ['silence', 'silence'];
  const child = spawn(bin('patchbay'), ['chat', 'ada', '--data', data, '--answers', '0', '--timeout', '3s']);
  let output = '';
  let errors = '';
  child.stdout.on('data', (bytes) => { output += bytes; });
  child.stderr.on('data', (bytes) => { errors += bytes; });
  child.stdin.write('one\n');
  await until(() => fake.messages.length === 1, 'the message');
  await fake.stop();
  await until(() => output.includes('trying again'), 'the notice');
  await fake.start();
  await until(() => fake.messages.length === 2, 'the message again');
  assert.equal(fake.messages[0].head.id, fake.messages[1].head.id);
  child.stdin.end('two\n');
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.equal(output, '[connection lost, trying again]\n[connected again]\n');
  assert.equal(errors, 'patchbay: 2 of your messages were not acknowledged by the host and are lost unless it has them; '
    + 'say them again when it runs\n');
}));

test('a signal is a wish to leave: what was not acknowledged is told', () => withConsole(async (fake, data) => {
  fake.answers = ['silence'];
  const child = spawn(bin('patchbay'), ['chat', 'ada', '--data', data]);
  let errors = '';
  child.stderr.on('data', (bytes) => { errors += bytes; });
  child.stdin.write('one\n');
  await until(() => fake.messages.length === 1, 'the message');
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(errors, /1 of your messages/);
}));

test('a file that becomes shorter or goes away meanwhile is told', () => withConsole(async (fake, data) => {
  const file = path.join(data, 'a.txt');
  fs.writeFileSync(file, '0123456789');
  fake.answers = ['silence'];
  const child = spawn(bin('patchbay'), ['chat', 'ada', '--data', data, '--answers', '0']);
  let output = '';
  child.stdout.on('data', (bytes) => { output += bytes; });
  child.stdin.end(`/file ${file}\n/file ${file}\n`);
  await until(() => fake.messages.length === 1, 'the message');
  const { id } = fake.messages[0].head;
  fake.send({ type: 'get', id, file: 0, offset: 4 });
  await until(() => fake.frames.some(({ head }) => head.type === 'data'), 'the chunk');
  assert.deepEqual([fake.frames.at(-1).head.offset, fake.frames.at(-1).body], [4, '456789']);
  fs.rmSync(file);
  fake.send({ type: 'get', id, file: 0, offset: 10 });
  await until(() => fake.frames.some(({ head }) => head.type === 'gone'), 'the end of it');
  fake.send({ type: 'refused', id, reason: 'gone' });
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.equal(output, `[${file} was not sent: gone]\n[${file} was not sent: it cannot be read any more: No such file or directory]\n`);
}));

test('what a folder cannot take is asked for again, and told once', () => withConsole(async (fake, data) => {
  const save = path.join(data, 'save');
  fs.mkdirSync(save);
  const child = spawn(bin('patchbay'), ['chat', 'ada', '--data', data, '--save', save]);
  let output = '';
  child.stdout.on('data', (bytes) => { output += bytes; });
  const offer = async (count) => {
    fake.send({ type: 'message', id: 'k1', files: [{ name: 'a.txt', size: 3 }] }, 'here it is');
    await until(() => fake.frames.filter(({ head }) => head.type === 'unsaved').length === count, 'it to be given back');
    await until(() => fake.frames.filter(({ head }) => head.type === 'ready').length === count, 'it to be asked for');
  };
  await until(() => fake.frames.length === 1, 'hello');
  fs.rmdirSync(save);
  await offer(1);
  await offer(2);
  fs.mkdirSync(save);
  fake.send({ type: 'message', id: 'k1', files: [{ name: 'a.txt', size: 3 }] }, 'here it is');
  await until(() => fake.frames.at(-1).head.type === 'get', 'the chunk to be asked for');
  fake.send({ type: 'data', id: 'k1', file: 0, offset: 0 }, 'abc');
  await until(() => fake.frames.at(-1).head.type === 'ack', 'the acknowledgement');
  fake.send({ type: 'message', id: 'k1', files: [{ name: 'a.txt', size: 3 }] }, 'here it is');
  await until(() => fake.frames.filter(({ head }) => head.type === 'ack').length === 2, 'the second');
  child.stdin.end();
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.match(output, /^\[a\.txt cannot be saved in [^\n]*\]\nhere it is\n\[file\] [^\n]*a\.txt \(3 B\)\n$/);
  assert.deepEqual(fs.readdirSync(save), ['a.txt']);
}));
