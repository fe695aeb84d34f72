// `patchbay chat` in a pipe, against a host on embedded defaults.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { Host, bin, run, temporaryFolder, until } from './lib/host.mjs';

async function withHost(body, options = {}) {
  const host = new Host(options);
  const folder = temporaryFolder();
  try {
    await host.start();
    await body(host, folder);
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
    assert.doesNotMatch(host.log, /contract_broken/);
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
  await until(() => host.output.trim().split('\n').length === 3, 'three lines');
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

test('messages and files that follow each other arrive whole and in order', () => withHost(async (host, folder) => {
  const sent = path.join(folder, 'sent');
  fs.mkdirSync(sent);
  const files = [700_000, 0, 1, 300_000].map((size, i) => {
    const file = path.join(sent, `file-${i}.bin`);
    fs.writeFileSync(file, randomBytes(size));
    return file;
  });
  const input = files.flatMap((file, i) => [`/file ${file}`, ...[1, 2, 3].map((n) => `after ${i}: line ${n}`)]);
  const answered = await chat(host, folder, `${input.join('\n')}\n`, 'ada');
  assert.equal(answered.code, 0, answered.stderr + answered.stdout);
  const expected = files.flatMap((file, i) => [path.join(folder, path.basename(file)), ...[1, 2, 3].map((n) => `after ${i}: line ${n}`)]);
  const seen = answered.stdout.trim().split('\n').map((line) => /^\[file\] (.+) \(/.exec(line)?.[1] ?? line);
  assert.deepEqual(seen, expected);
  for (const file of files) {
    assert.ok(fs.readFileSync(path.join(folder, path.basename(file))).equals(fs.readFileSync(file)), file);
  }
}));

test('what came while nobody was attached is shown at the next time, once', () => withHost(async (host, folder) => {
  const left = await chat(host, folder, 'while away\n', 'bob', '--answers', '0');
  assert.equal(left.code, 0, left.stderr);
  const later = await chat(host, folder, '', 'bob', '--answers', '1');
  assert.deepEqual([left.stdout + later.stdout, later.code], ['while away\n', 0]);
  const nothing = await chat(host, folder, 'next\n', 'bob');
  assert.equal(nothing.stdout, 'next\n');
}));

// An agent whose turns wait for a file, so that a test says how far it is.
async function withGatedAgent(body) {
  const gate = temporaryFolder();
  const go = path.join(gate, 'go');
  const agent = {
    open: () => fs.writeFileSync(go, ''),
    close: () => fs.rmSync(go),
  };
  const config = {
    instances: { console: { channel: 'console' } },
    agents: { main: { command: [bin('patchbay-agent'), '--exec', `while ! [ -e '${go}' ]; do sleep 0.02; done; cat`] } },
    wirings: [{ chats: 'console:*', agent: 'main', engage: 'always' }],
  };
  try {
    await withHost((host, folder) => body(host, folder, agent), { config });
  } finally {
    fs.rmSync(gate, { recursive: true });
  }
}

const received = async (host) => (await host.call('status')).instances[0].received;
const waits = (host) => until(async () => (await host.deliveries('waiting')).length === 1, 'the answer to wait');

test('what came while nobody was attached is shown first, and answers nothing', () => withGatedAgent(async (host, folder, agent) => {
  for (const [line, ...args] of [['one'], ['two'], ['three', '--answers', '1']]) {
    const left = await chat(host, folder, `${line}\n`, 'bob', '--answers', '0');
    assert.equal(left.code, 0, left.stderr);
    agent.open();
    await waits(host);
    const answered = await chat(host, folder, `after ${line}\n`, 'bob', ...args);
    assert.deepEqual(answered, { code: 0, signal: null, stdout: `${line}\nafter ${line}\n`, stderr: '' });
    agent.close();
  }
}));

test('without input it shows what came meanwhile and ends', () => withGatedAgent(async (host, folder, agent) => {
  const shows = async (stdout) =>
    assert.deepEqual(await chat(host, folder, '', 'bob'), { code: 0, signal: null, stdout, stderr: '' });
  await shows('');
  await chat(host, folder, 'one\n', 'bob', '--answers', '0');
  agent.open();
  await waits(host);
  await shows('one\n');
  await shows('');
}));

test('lines that an agent answers together are answered by it', () => withGatedAgent(async (host, folder, agent) => {
  const talk = chat(host, folder, 'one\ntwo\nthree\nfour\n', 'ada');
  await until(async () => await received(host) === 4, 'all to be stored');
  agent.open();
  const answered = await talk;
  assert.deepEqual([answered.code, answered.stderr], [0, ''], answered.stdout);
  assert.match(answered.stdout, /one\n(.*\n)*.*four\n$/);
  assert.ok((await host.deliveries()).length < 4);
  const exact = await chat(host, folder, 'five\n', 'ada', '--answers', '2', '--timeout', '2s');
  assert.equal(exact.code, 1);
  assert.match(exact.stderr, /1 of 2 answers came in time; --timeout gives them longer, --answers waits for another number\n$/);
}));

test('the answer to a message of an earlier call, which comes now, is not the answer', () => withGatedAgent(async (host, folder, agent) => {
  await chat(host, folder, 'one\n', 'ada', '--answers', '0');
  await until(async () => (await host.sessions()).some((session) => session.containerStatus === 'running'), 'the agent to run');
  const talk = chat(host, folder, 'two\n', 'ada');
  await until(async () => await received(host) === 2, 'both to be stored');
  agent.open();
  const answered = await talk;
  assert.deepEqual([answered.code, answered.stderr], [0, ''], answered.stdout);
  assert.match(answered.stdout, /one\n(.*\n)*.*two\n$/);
}));

test('the only console instance is the one, whatever its name; of several one is named', async () => {
  const named = (...names) => ({
    config: {
      instances: Object.fromEntries(names.map((name) => [name, { channel: 'console' }])),
      agents: { main: { command: [bin('patchbay-agent'), '--echo'] } },
        wirings: [{ chats: '*', agent: 'main', engage: 'always' }],
    },
  });
  await withHost(async (host, folder) => {
    const answered = await chat(host, folder, 'hello\n', 'ada');
    assert.deepEqual(answered, { code: 0, signal: null, stdout: 'hello\n', stderr: '' });
  }, named('desk'));
  await withHost(async (host, folder) => {
    const refused = await chat(host, folder, 'hello\n', 'ada');
    assert.deepEqual([refused.code, refused.stdout], [2, '']);
    assert.match(refused.stderr, /^patchbay: the host has several console instances \(desk, door\); name one with --instance\n$/);
    assert.equal((await chat(host, folder, 'hello\n', 'ada', '--instance', 'door')).stdout, 'hello\n');
  }, named('desk', 'door'));
});

test('a file that cannot be saved stays with the host until it can', () => withHost(async (host, folder) => {
  const file = path.join(folder, 'notes.txt');
  fs.writeFileSync(file, 'notes');
  const gone = path.join(folder, 'gone');
  fs.mkdirSync(gone);
  const child = spawn(bin('patchbay'), ['chat', 'ada', '--data', host.data, '--save', gone]);
  let output = '';
  child.stdout.on('data', (bytes) => { output += bytes; });
  child.stdin.write('first\n');
  await until(() => output.includes('first\n'), 'the first answer');
  fs.rmdirSync(gone);
  child.stdin.end(`/file ${file}\n`);
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(output, /notes\.txt cannot be saved in .*: No such file or directory\. The host keeps .* --save DIR/);
  await until(async () => (await host.deliveries('waiting')).length === 1, 'it to wait');
  const [waiting] = await host.deliveries('waiting');
  assert.match(JSON.stringify(waiting), /No such file or directory/);
  assert.equal(waiting.attempts, 0); // it was not shown: it waits for the chat, and uses up nothing
  const later = await chat(host, folder, '', 'ada', '--answers', '1');
  assert.equal(later.code, 0, later.stderr);
  assert.equal(fs.readFileSync(path.join(folder, 'notes-2.txt'), 'utf8'), 'notes');
}));

test('a terminal that is stopped holds up nobody, and sees everything when it goes on', () => withHost(async (host, folder) => {
  const attach = () => {
    const child = spawn(bin('patchbay'), ['chat', 'ada', '--data', host.data, '--save', folder]);
    const terminal = { child, output: '', closed: once(child, 'close') };
    child.stdout.on('data', (bytes) => { terminal.output += bytes; });
    return terminal;
  };
  const shows = (terminal, text) => until(() => terminal.output.includes(text), `"${text.trim()}" to be shown`);
  const [stopped, reader] = [attach(), attach()];
  try {
    for (const [terminal, line] of [[stopped, 'one\n'], [reader, 'two\n']]) {
      terminal.child.stdin.write(line);
      await shows(terminal, line);
    }
    stopped.child.kill('SIGSTOP');
    for (const line of ['three\n', 'four\n']) {
      reader.child.stdin.write(line);
      await shows(reader, line);
    }
    await until(async () => (await host.deliveries('delivered')).length === 4, 'all to be delivered');
    assert.deepEqual((await host.deliveries()).map(({ attempts }) => attempts), [1, 1, 1, 1]);
    stopped.child.kill('SIGCONT');
    await shows(stopped, 'four\n');
    assert.match(stopped.output, /one\n(two\n)?three\nfour\n$/);
  } finally {
    for (const { child, closed } of [stopped, reader]) {
      child.kill('SIGCONT');
      child.stdin.end();
      await closed;
    }
  }
}));

test('a text that is too long is refused once, one that is just short enough is answered', () => withHost(async (host, folder) => {
  const refused = await chat(host, folder, `${'x'.repeat(1_500_000)}\nnext\n`, 'ada');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^\["x{40}…" was not sent: it has 1 MiB, a message at most 1 MiB; .*\]\nnext\n$/);
  const text = 'ä'.repeat(512 * 1024);
  const answered = await chat(host, folder, `${text}\n`, 'ada');
  assert.deepEqual([answered.code, answered.stdout === `${text}\n`], [0, true], answered.stderr);
}));

test('/file understands home and quotes, and says what it needs', () => withHost(async (host, folder) => {
  fs.writeFileSync(path.join(folder, 'a b.txt'), 'one');
  fs.writeFileSync(path.join(folder, 'c.txt'), 'two');
  const input = `/file "${folder}/a b.txt"\n/file ~/c.txt\n/file\n/file /none\n/help\n`;
  const answered = await run(bin('patchbay'), ['chat', 'ada', '--data', host.data, '--save', folder],
    { input, env: { HOME: folder } });
  assert.equal(answered.code, 1);
  assert.match(answered.stdout, /a b-2\.txt/);
  assert.match(answered.stdout, /c-2\.txt/);
  assert.match(answered.stdout, /\[\/file needs a path: \/file PATH\]/);
  assert.match(answered.stdout, /\[\/none cannot be read: No such file or directory\]/);
  assert.match(answered.stdout, /~\/ is your home/);
}));

test('wrong names and folders are told once, with the remedy', () => withHost(async (host, folder) => {
  const refused = async (pattern, ...args) => {
    const answered = await run(bin('patchbay'), ['chat', '--data', host.data, ...args], { input: 'x\n' });
    assert.deepEqual([answered.code, answered.stdout], [2, ''], answered.stderr);
    assert.equal(answered.stderr.trim().split('\n').length, 1, answered.stderr);
    assert.match(answered.stderr, pattern);
  };
  await refused(/a:b: a chat's name has letters/, 'a:b');
  await refused(/the host runs, but no console instance "nope" is online/, '--instance', 'nope');
  await refused(/an instance's name has/, '--instance', '../../etc');
  await refused(/--save \/nonexist: files cannot be saved there: No such file/, '--save', '/nonexist');
  await refused(/files cannot be saved there: Not a directory/, '--save', bin('patchbay'));
  assert.deepEqual(fs.readdirSync(folder), []);
}));

test('without a host there is a remedy and exit code 3', async () => {
  const folder = temporaryFolder();
  const answered = await run(bin('patchbay'), ['chat', '--data', folder], { input: 'x\n' });
  assert.equal(answered.code, 3);
  assert.match(answered.stderr, /start it with/);
  fs.rmSync(folder, { recursive: true });
});
