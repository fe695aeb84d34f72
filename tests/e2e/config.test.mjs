// Bad configuration and bad plugins: one line with the remedy, and the others start.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Host, PLUGINS, bin, run, temporaryFolder } from './lib/host.mjs';

const check = (folder, config, ...args) => {
  const file = path.join(folder, 'patchbay.json');
  fs.writeFileSync(file, JSON.stringify(config, null, 1), { mode: 0o600 });
  return run(bin('patchbay'), ['run', '--check-config', '--config', file, '--plugins', PLUGINS, '--data', folder, ...args]);
};
const agents = { main: { command: ['patchbay-agent', '--echo'] } };

async function inFolder(body) {
  const folder = temporaryFolder();
  try { await body(folder); } finally { fs.rmSync(folder, { recursive: true, force: true }); }
}

test('a good configuration is fine', () => inFolder(async (folder) => {
  const checked = await check(folder, { agents, instances: { console: { channel: 'console' } } });
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
}));

for (const [name, config, says] of [
  ['an unknown key', { agents, instanses: {} }, /:\d+: instanses: unknown key; did you mean "instances"\?/],
  ['an unknown channel', { agents, instances: { x: { channel: 'telegramm' } } }, /no adapter speaks "telegramm"; there are: console, telegram/],
  ['an unknown setting', { agents, instances: { telegram: { channel: 'telegram', settings: { bot_tokn: 'x' } } } }, /bot_tok/],
  ['a missing setting', { agents, instances: { telegram: { channel: 'telegram' } } }, /bot_token/],
]) {
  test(`${name} is refused with the place and the remedy`, () => inFolder(async (folder) => {
    const checked = await check(folder, config);
    assert.equal(checked.code, 2);
    assert.match(checked.stderr, says);
    assert.equal(checked.stderr.trim().split('\n').length, 1, checked.stderr);
  }));
}

test('a secret in a file that others can read is refused', () => inFolder(async (folder) => {
  const file = path.join(folder, 'patchbay.json');
  fs.writeFileSync(file, JSON.stringify({ agents, instances: { telegram: { channel: 'telegram', settings: { bot_token: '1:AA-in-clear' } } } }));
  fs.chmodSync(file, 0o644);
  const checked = await run(bin('patchbay'), ['run', '--check-config', '--config', file, '--plugins', PLUGINS, '--data', folder]);
  assert.equal(checked.code, 2);
  assert.match(checked.stderr, /chmod 600/);
  assert.ok(!checked.stderr.includes('AA-in-clear'));
}));

// A file that cannot be a configuration: `make` puts it there and returns its path.
for (const [name, make, says] of [
  ['a folder', (folder) => folder, /^patchbay: configuration: cannot read \S+: Is a directory; give the path of a file .*--config\n$/],
  ['a file that is not there', (folder) => path.join(folder, 'none.json'), /none\.json: No such file or directory; give the path of a file .*--config\n$/],
  ['a file without end', () => '/dev/zero', /cannot read \/dev\/zero: it has more than 64 MiB/],
  ['no path', () => '', /^patchbay: --config: give the path of a file\n$/],
  ['an empty file', (folder) => write(folder, ' \n'), /patchbay\.json is empty; write \{…\} into it, or start without --config\n$/],
  ['a list', (folder) => write(folder, '[]'), /patchbay\.json: must be one object/],
  ['a file cut short', (folder) => write(folder, '{"agents": {'), /patchbay\.json: parse error at line 1/],
  ['text in UTF-16', (folder) => write(folder, Buffer.from('\ufeff{}', 'utf16le')), /patchbay\.json: parse error at line 1/],
]) {
  test(`${name} as the configuration is refused in one line`, () => inFolder(async (folder) => {
    const file = make(folder);
    for (const args of [['--check-config'], []]) {
      const started = await run(bin('patchbay'), ['run', ...args, '--config', file, '--plugins', PLUGINS, '--data', path.join(folder, 'data')]);
      assert.deepEqual([started.code, started.signal, started.stdout], [2, null, ''], started.stderr);
      assert.match(started.stderr, says);
      assert.equal(started.stderr.trim().split('\n').length, 1, started.stderr);
    }
  }));
}

function write(folder, content) {
  const file = path.join(folder, 'patchbay.json');
  fs.writeFileSync(file, content, { mode: 0o600 });
  return file;
}

test('a configuration that this user may not read is refused in one line', () => inFolder(async (folder) => {
  const file = write(folder, '{}');
  fs.chmodSync(file, 0o000);
  // Root reads everything, unless it gives up what lets it.
  const root = process.getuid() === 0;
  const command = [bin('patchbay'), 'run', '--check-config', '--config', file, '--plugins', PLUGINS, '--data', folder];
  const checked = await run(root ? 'setpriv' : command[0], root ? ['--bounding-set=-dac_override,-dac_read_search', ...command] : command.slice(1));
  assert.equal(checked.code, 2, checked.stderr);
  assert.match(checked.stderr, /^patchbay: configuration: cannot read \S+: Permission denied; give the path of a file that this user can read with --config\n$/);
}));

test('a byte order mark before the configuration is no harm', () => inFolder(async (folder) => {
  const file = write(folder, `\ufeff${JSON.stringify({ agents })}`);
  const checked = await run(bin('patchbay'), ['run', '--check-config', '--config', file, '--plugins', PLUGINS, '--data', folder]);
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
}));

test('a second host on the folder is refused', () => inFolder(async (folder) => {
  const host = new Host({ data: folder });
  try {
    await host.start();
    const second = await run(bin('patchbay'), ['run', '--plugins', PLUGINS, '--data', folder]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`already runs on .*process ${host.pid}`));
  } finally {
    await host.stop();
  }
}));

// A folder with the console adapter, and something wrong beside it.
async function withPlugins(folder, spoil, says) {
  const plugins = path.join(folder, 'plugins');
  fs.mkdirSync(plugins, { mode: 0o755 });
  for (const name of ['console.so', 'console.adapter.json']) {
    fs.copyFileSync(path.join(PLUGINS, name), path.join(plugins, name));
    fs.chmodSync(path.join(plugins, name), 0o644);
  }
  spoil(plugins);
  const host = new Host({ data: path.join(folder, 'data'), plugins });
  try {
    await host.start();
    const lines = host.log.split('\n').filter((line) => says.test(line));
    assert.equal(lines.length, 1, host.log);
    const answered = await run(bin('patchbay'), ['chat', 'ada', '--data', host.data], { input: 'still here\n' });
    assert.equal(answered.stdout, 'still here\n', answered.stderr);
  } finally {
    await host.stop();
  }
}

const sidecar = (plugins, name, change) => {
  const text = JSON.parse(fs.readFileSync(path.join(plugins, 'console.adapter.json')));
  fs.writeFileSync(path.join(plugins, `${name}.adapter.json`), JSON.stringify(change(text)), { mode: 0o644 });
};

test('a plugin that others can write is refused; the others start', () => inFolder((folder) =>
  withPlugins(folder, (plugins) => {
    fs.copyFileSync(path.join(PLUGINS, 'telegram.so'), path.join(plugins, 'telegram.so'));
    fs.copyFileSync(path.join(PLUGINS, 'telegram.adapter.json'), path.join(plugins, 'telegram.adapter.json'));
    fs.chmodSync(path.join(plugins, 'telegram.so'), 0o666);
    fs.chmodSync(path.join(plugins, 'telegram.adapter.json'), 0o644);
  }, /telegram\.so.*(writ|chmod)/)));

test('a library that is no adapter is refused; the others start', () => inFolder((folder) =>
  withPlugins(folder, (plugins) => {
    fs.writeFileSync(path.join(plugins, 'junk.so'), 'not a library', { mode: 0o644 });
    sidecar(plugins, 'junk', (text) => ({ ...text, id: 'junk' }));
  }, /junk\.so/)));

test('a newer major version is refused; the others start', () => inFolder((folder) =>
  withPlugins(folder, (plugins) => {
    fs.copyFileSync(path.join(PLUGINS, 'telegram.so'), path.join(plugins, 'telegram.so'));
    fs.chmodSync(path.join(plugins, 'telegram.so'), 0o644);
    const text = JSON.parse(fs.readFileSync(path.join(PLUGINS, 'telegram.adapter.json')));
    text.abi.major = 2;
    fs.writeFileSync(path.join(plugins, 'telegram.adapter.json'), JSON.stringify(text), { mode: 0o644 });
  }, /telegram.*(major|newer|version)/)));

test('a plugin folder that is missing is said', () => inFolder(async (folder) => {
  const host = new Host({ data: path.join(folder, 'data'), plugins: path.join(folder, 'nowhere') });
  try {
    await host.start();
    assert.match(host.log, /nowhere/);
    const { instances } = await host.call('status');
    assert.equal(instances[0].state, 'failed');
  } finally {
    await host.stop();
  }
}));
