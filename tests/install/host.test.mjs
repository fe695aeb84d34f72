// The installed host, which has to find its adapters, its runner and its agent by itself.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Host, bin, run } from '../e2e/lib/host.mjs';
import { PREFIX, inTemporaryFolder } from './lib/package.mjs';

test('on an empty data folder it answers, and a file comes back', () => inTemporaryFolder(async (folder) => {
  // Nothing of the package is in PATH.
  const host = new Host({ plugins: null, env: { PATH: '/usr/bin:/bin' } });
  try {
    await host.start();
    const { plugins } = await host.call('status');
    assert.deepEqual(plugins.map((plugin) => [plugin.path, plugin.problem]).sort(),
      ['console', 'telegram'].map((name) => [path.join(PREFIX, `lib/patchbay/plugins/${name}.so`), '']));

    const sent = path.join(folder, 'sent.bin');
    fs.writeFileSync(sent, randomBytes(100_000));
    const chat = await run(bin('patchbay'), ['chat', 'ada', '--data', host.data, '--save', folder],
      { input: `hello\n/file ${sent}\n` });
    assert.equal(chat.code, 0, chat.stderr);
    const received = /^hello\n\[file\] (.+) \(/.exec(chat.stdout)?.[1];
    assert.ok(received, chat.stdout);
    assert.ok(fs.readFileSync(received).equals(fs.readFileSync(sent)));
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-6000)}`;
    throw error;
  } finally {
    await host.kill();
    host.remove();
  }
}));
