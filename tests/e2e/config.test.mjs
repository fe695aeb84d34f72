// Bad configuration: one line with the place and the remedy.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Host, PLUGINS, bin, run, temporaryFolder, until } from './lib/host.mjs';

const check = (folder, config, ...args) => {
  const file = path.join(folder, 'patchbay.json');
  fs.writeFileSync(file, JSON.stringify({ wirings: [{ chats: '*', agent: 'main' }], ...config }, null, 1), { mode: 0o600 });
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

test('wirings that can match no chat are a warning', () => inFolder(async (folder) => {
  const instances = { console: { channel: 'console' } };
  const typo = await check(folder, { agents, instances, wirings: [{ chats: 'consol:*', agent: 'main' }] });
  assert.equal(typo.code, 0);
  assert.equal(typo.stderr, 'patchbay: warning: wirings[0].chats: "consol:*" can match no chat: no instance is called "consol"; there are: console\n');
  assert.match(typo.stdout, /patchbay\.json is fine, but for the warnings\n$/);
  const none = await check(folder, { agents, instances, wirings: [] }, '--json');
  assert.match(JSON.parse(none.stdout).warnings[0], /^wirings: there is none, so no message reaches an agent; add one like/);
}));

for (const [name, config, says] of [
  ['an unknown key', { agents, instanses: {} }, /:\d+: instanses: unknown key; did you mean "instances"\?/],
  ['an unknown channel', { agents, instances: { x: { channel: 'telegramm' } } }, /:\d+: instances\.x\.channel: no adapter speaks "telegramm"; there are: console, telegram/],
  ['an unknown setting', { agents, instances: { telegram: { channel: 'telegram', settings: { bot_token: 'x', bot_tokn: 'x' } } } }, /:\d+: instances\.telegram\.settings\.bot_tokn: is not known; did you mean 'bot_token'\?/],
  ['a program that is not there', { agents: { main: { command: ['no-such-agent'] } } }, /:\d+: agents\.main\.command: agent command no-such-agent is neither/],
  ['a command in one word', { agents: { main: { command: 'patchbay-agent --echo' } } }, /write each word on its own/],
  ['a listener on a name', { agents, webhooks: { listen: 'nonsense:999' } }, /:\d+: webhooks\.listen: "nonsense" is no numeric address/],
  ['a time zone of another planet', { agents: { main: { command: ['sh'], timezone: 'Mars/Base' } } }, /:\d+: agents\.main\.timezone: there is no time zone/],
  ['a missing secret of an agent', { agents: { main: { command: ['sh'], env: { A: { env: 'PATCHBAY_TEST_NOT_SET' } } } } }, /:\d+: agents\.main\.env\.A: the environment has no PATCHBAY_TEST_NOT_SET/],
  ['a missing setting', { agents, instances: { telegram: { channel: 'telegram' } } }, /bot_token/],
]) {
  test(`${name} is refused with the place and the remedy`, () => inFolder(async (folder) => {
    const checked = await check(folder, config);
    assert.equal(checked.code, 2);
    assert.match(checked.stderr, says);
    assert.equal(checked.stderr.trim().split('\n').length, 1, checked.stderr);
  }));
}

test('all that is wrong with the settings of an instance is said at once', () => inFolder(async (folder) => {
  const checked = await check(folder, { agents, instances: { telegram: { channel: 'telegram', settings: { bot_tokn: 'x', api_base: 7 } } } });
  assert.equal(checked.code, 2);
  for (const line of [/^.*:\d+: instances\.telegram\.settings\.bot_tokn: is not known; did you mean 'bot_token'\?$/m,
    /^.*:\d+: instances\.telegram\.settings\.api_base: must be string, not number$/m,
    /^.*:\d+: instances\.telegram\.settings\.bot_token: is missing \(.*\)$/m]) assert.match(checked.stderr, line);
}));

test('with --json the verdict is JSON', () => inFolder(async (folder) => {
  const good = await check(folder, { agents }, '--json');
  assert.deepEqual([good.code, good.stderr, JSON.parse(good.stdout).ok], [0, '', true]);
  const bad = await check(folder, { agents, instanses: {}, limts: {} }, '--json');
  assert.deepEqual([bad.code, bad.stderr], [2, '']);
  const { ok, problems } = JSON.parse(bad.stdout);
  assert.equal(ok, false);
  assert.equal(problems.length, 2);
  assert.match(problems[1], /:\d+: limts: unknown key; did you mean "limits"\?/);
}));

test('the same instance twice is refused', () => inFolder(async (folder) => {
  const file = write(folder, '{ "agents": {"main": {"command": ["sh"]}},\n"instances": {"t": {"channel": "console"},\n"t": {"channel": "telegram"}} }');
  const checked = await run(bin('patchbay'), ['run', '--check-config', '--config', file, '--plugins', PLUGINS, '--data', folder]);
  assert.equal(checked.code, 2);
  assert.match(checked.stderr, /:3: instances\.t: stands here a second time/);
}));

// A host that is told to read its configuration again.
async function reloading(config, body) {
  const host = new Host({ config });
  const reload = async (changed, says) => {
    const before = host.log.length;
    if (changed) host.writeConfig(changed);
    host.process.kill('SIGHUP');
    return until(() => (says.test(host.log.slice(before)) ? host.log.slice(before) : null), `${says} in the log`);
  };
  try {
    await host.start();
    await body(host, reload);
  } finally {
    await host.stop();
    host.remove();
  }
}
const echo = { command: [bin('patchbay-agent'), '--echo'] };
const silent = { instances: { console: { channel: 'console' } }, agents: { main: echo }, people: { unknown_chats: 'drop' } };
const talking = { ...silent, wirings: [{ chats: 'console:*', agent: 'main', engage: 'always' }] };

test('SIGHUP: wirings and the log level take effect at once', () => reloading(silent, async (host, reload) => {
  await reload({ ...talking, log: { level: 'debug' } }, /config\.reloaded/);
  const answered = await run(bin('patchbay'), ['chat', 'ada', '--data', host.data], { input: 'are you there\n' });
  assert.equal(answered.stdout, 'are you there\n', answered.stderr + host.log);
}));

test('SIGHUP: what needs a restart is said, each key once', () => reloading(
  { ...talking, webhooks: { public_url: 'https://a.example', listen: '127.0.0.1:0' } }, async (host, reload) => {
    const log = await reload({
      ...talking, webhooks: { public_url: 'https://b.example', listen: '127.0.0.1:0' }, limits: { running_agents: 2 },
    }, /config\.reloaded/);
    const keys = [...log.matchAll(/config\.needs_restart.*key=(\S+)/g)].map(([, key]) => key);
    assert.deepEqual(keys, ['limits', 'webhooks'], log);
  }));

test('SIGHUP: what is doubtful is said as at the start, and a command that was wrong is tried at once', () => reloading(
  { ...talking, agents: { main: { command: ['no-such-program'] } } }, async (host, reload) => {
    const chat = run(bin('patchbay'), ['chat', 'ada', '--data', host.data], { input: 'hello\n' });
    await until(() => host.log.includes('agent.not_started'), 'the agent to fail');
    const doubts = await reload({ ...talking, agents: { main: { command: ['no-such-one'] } },
      wirings: [...talking.wirings, { chats: 'consle:*', agent: 'main' }] }, /config\.reloaded/);
    assert.match(doubts, /error config\.no_program .*no-such-one/);
    assert.match(doubts, /warning config\.doubtful .*no instance is called \\"consle\\"/);
    await reload(talking, /config\.reloaded/);
    assert.equal((await chat).stdout, 'hello\n');
  }));

test('SIGHUP: a configuration that is wrong changes nothing', () => reloading(talking, async (host, reload) => {
  const wrong = await reload({ ...silent, agnts: {} }, /config\.not_reloaded/);
  assert.match(wrong, /agnts: unknown key; did you mean/);
  const answered = await run(bin('patchbay'), ['chat', 'ada', '--data', host.data], { input: 'still here\n' });
  assert.equal(answered.stdout, 'still here\n', answered.stderr + host.log);
}));

test('SIGHUP: a secret in a file that others can read now is refused', () => {
  const config = {
    ...talking,
    instances: { console: { channel: 'console' },
      telegram: { channel: 'telegram', settings: { bot_token: '1:AA-in-clear', api_base: 'http://127.0.0.1:9' } } },
  };
  return reloading(config, async (host, reload) => {
    fs.chmodSync(host.configFile, 0o644);
    const log = await reload(null, /config\.(not_)?reloaded/);
    assert.match(log, /config\.not_reloaded.*chmod 600/);
    assert.ok(!host.log.includes('AA-in-clear'));
  });
});

test('without a file TELEGRAM_BOT_TOKEN starts a bot, and an empty one does not', () => inFolder(async (folder) => {
  const tried = await run(bin('patchbay'), ['run', '--check-config', '--plugins', PLUGINS, '--data', folder],
    { env: { TELEGRAM_BOT_TOKEN: '' } });
  assert.deepEqual([tried.code, tried.stderr], [0, '']);
  const host = new Host({ data: folder, env: { TELEGRAM_BOT_TOKEN: '123456:AAG-canary-canary-canary-canary-cana' },
    args: ['--set', 'instances.telegram.settings.api_base=http://127.0.0.1:9'] });
  try {
    await host.start();
    const { instances } = await host.call('status');
    assert.deepEqual(instances.map((instance) => instance.name).sort(), ['console', 'telegram']);
    assert.ok(!host.log.includes('AAG-canary'), host.log);
  } finally {
    await host.stop();
  }
}));

test('a secret may be a systemd credential', () => inFolder(async (folder) => {
  const credentials = path.join(folder, 'credentials');
  fs.mkdirSync(credentials);
  fs.writeFileSync(path.join(credentials, 'bot'), '123456:AAG-credential\n', { mode: 0o400 });
  const config = { agents, wirings: [{ chats: '*', agent: 'main' }], instances: { telegram: { channel: 'telegram', settings: { bot_token: { credential: 'bot' } } } } };
  const file = write(folder, JSON.stringify(config));
  const args = ['run', '--check-config', '--config', file, '--plugins', PLUGINS, '--data', folder];
  const found = await run(bin('patchbay'), args, { env: { CREDENTIALS_DIRECTORY: credentials } });
  assert.deepEqual([found.code, found.stderr], [0, '']);
  const missing = await run(bin('patchbay'), args, { env: { CREDENTIALS_DIRECTORY: path.join(folder, 'none') } });
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /instances\.telegram\.settings\.bot_token: .*bot/);
}));

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
  const file = write(folder, `\ufeff${JSON.stringify({ agents, wirings: [{ chats: '*', agent: 'main' }] })}`);
  const checked = await run(bin('patchbay'), ['run', '--check-config', '--config', file, '--plugins', PLUGINS, '--data', folder]);
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
}));

test('a second host on the folder is refused', () => inFolder(async (folder) => {
  const host = new Host({ data: folder });
  try {
    await host.start();
    const second = await run(bin('patchbay'), ['run', '--plugins', PLUGINS, '--data', folder]);
    assert.equal(second.code, 4);
    assert.match(second.stderr, new RegExp(`already runs on .*process ${host.pid}`));
  } finally {
    await host.stop();
  }
}));

test('the first lines say what is true', () => inFolder(async (folder) => {
  const host = new Host({ data: path.join(folder, 'data'), plugins: path.join(folder, 'nowhere'),
    args: ['--set', 'agents.main.command=["/bin/cat"]'] });
  try {
    await host.start();
    await until(() => host.output.includes('Ctrl-C'), 'the first lines');
    assert.match(host.output, /^Patchbay is running with nobody to talk to, data is in /m);
    assert.match(host.output, /There is no console: no adapter was loaded; give the folder /);
    assert.doesNotMatch(host.output, /answers|Talk to it/);
    assert.equal(host.log.match(/no adapter speaks|instance_refused|not_started/g).length, 1, host.log);
  } finally {
    await host.stop();
  }
}));
