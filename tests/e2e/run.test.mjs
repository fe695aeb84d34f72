// The first minutes: the host as scripts/run starts it when all is built, on a machine that never had
// one. What its three lines and README tell a person to type is typed.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILD, Host, run, temporaryFolder, until } from './lib/host.mjs';

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));
const LAST_STEP = fs.readFileSync(path.join(SOURCE, 'scripts/run'), 'utf8').trimEnd().split('\n').at(-1);
const README = fs.readFileSync(path.join(SOURCE, 'README.md'), 'utf8');

// A clone that is built, a home, and what a shell there finds.
async function inNewHome(body) {
  const top = temporaryFolder();
  const clone = path.join(top, 'clone');
  const home = path.join(top, 'home');
  fs.mkdirSync(path.join(clone, 'build'), { recursive: true });
  fs.mkdirSync(home);
  fs.symlinkSync(BUILD, path.join(clone, 'build/dist'));
  const env = { HOME: home, XDG_DATA_HOME: undefined, STATE_DIRECTORY: undefined, TELEGRAM_BOT_TOKEN: undefined };
  try {
    await body({ top, clone, home, env });
  } finally {
    fs.rmSync(top, { recursive: true, force: true });
  }
}

// Runs the last step of scripts/run with these arguments; the three lines are told.
async function afterRun({ clone, env, data, args = [] }, body) {
  const host = new Host({ command: ['bash', '-c', LAST_STEP, 'run', ...args], cwd: clone, env, data });
  const lines = () => host.output.split('\n').slice(0, -1);
  try {
    await host.start();
    await until(() => lines().length >= 3, 'three lines');
    await body(lines());
    host.process.kill('SIGINT'); // Ctrl-C
    await until(() => !host.alive, 'Ctrl-C to stop it');
    assert.deepEqual(await host.exited, { code: 0, signal: null });
    assert.equal(lines().length, 3, host.output);
  } catch (error) {
    error.message += `\n---- host output ----\n${host.output}\n---- host log ----\n${host.log.slice(-6000)}`;
    throw error;
  } finally {
    await host.kill();
  }
}

// The command is typed in a folder, with a text and a file to send; what comes is put there.
async function talks(command, { top, env, folder = top }) {
  const sent = path.join(top, 'sent', 'file.bin');
  fs.mkdirSync(path.dirname(sent), { recursive: true });
  fs.writeFileSync(sent, randomBytes(100_000));
  const told = await run('bash', ['-c', command], { input: `hello\n/file ${sent}\n`, cwd: folder, env });
  assert.deepEqual([told.code, told.stderr], [0, ''], `${command}\n${told.stdout}`);
  assert.match(told.stdout, /^hello\n\[file\] .*file\.bin \(.*\)\n$/);
  assert.ok(fs.readFileSync(path.join(folder, 'file.bin')).equals(fs.readFileSync(sent)));
}

async function threeLinesAreTrue([running, talk, look], { top, env, data }) {
  assert.equal(running, `Patchbay is running: an echo agent answers, data is in ${data}`);
  await talks(/^Talk to it in another terminal: {2}(\S.*)$/.exec(talk)[1], { top, env });
  const [, status] = /^See how it is: {2}(\S.*?) {3}\(Ctrl-C here stops it\)$/.exec(look);
  // What was shown counts a moment later.
  await until(async () => {
    const told = await run('bash', ['-c', status], { cwd: top, env });
    assert.deepEqual([told.code, told.stderr], [0, ''], status);
    return /\nconsole +console +online +2 +2 +0 +0\n$/.test(told.stdout);
  }, 'the status to count two messages in and two out');
}

const places = {
  'in the home': ({ home }) => ({ data: path.join(home, '.local/share/patchbay') }),
  'in XDG_DATA_HOME': ({ top, env }) => ({ data: path.join(top, 'share/patchbay'), env: { ...env, XDG_DATA_HOME: path.join(top, 'share') } }),
  'where the argument says': ({ top }) => ({ data: path.join(top, 'my data'), args: ['--data', path.join(top, 'my data')] }),
};
for (const [where, place] of Object.entries(places)) {
  test(`with its data ${where}, three lines tell how to talk to it, and they are true`, () => inNewHome(async (fresh) => {
    const there = { ...fresh, ...place(fresh) };
    await afterRun(there, (lines) => threeLinesAreTrue(lines, there));
    assert.ok(fs.existsSync(path.join(there.data, 'patchbay.db')));
  }));
}

test('what README says to type in another terminal works in the clone', () => inNewHome(async (fresh) => {
  const [typed, piped, ...more] = README.match(/^.*\bbuild\/dist\/bin\/patchbay .*$/gm);
  assert.deepEqual(more, []);
  const data = path.join(fresh.home, '.local/share/patchbay');
  await afterRun({ ...fresh, data }, async () => {
    await talks(typed, { ...fresh, folder: fresh.clone });
    const told = await run('bash', ['-c', piped], { cwd: fresh.clone, env: fresh.env });
    assert.deepEqual(told, { code: 0, signal: null, stdout: 'hello\n', stderr: '' });
  });
}));
