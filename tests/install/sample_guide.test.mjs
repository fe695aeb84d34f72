// examples/guide: what docs/adapters.md shows besides the other samples.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Host, until } from '../e2e/lib/host.mjs';
import { assertSample, buildWithCMake, copyOfSample, echoConfig, withHost } from './lib/sample.mjs';

async function inBuilt(name, body) {
  const { folder, sample } = copyOfSample('guide');
  try {
    await body(await buildWithCMake(path.join(sample, name)));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test('the first adapter is one, and is online', () => inBuilt('hello', async (plugins) => {
  await assertSample(path.join(plugins, 'hello.so'));
  await withHost(new Host({ plugins, config: echoConfig('hello') }), async (host) => {
    await until(async () => (await host.call('status')).instances[0].state === 'online', 'the instance to be online');
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
  });
}));

test('the one with a WebSocket is one', () => inBuilt('gateway', (plugins) =>
  assertSample(path.join(plugins, 'livechat.so'), { gateway_url: 'wss://gateway.example.com', token: 'made-up' })));
