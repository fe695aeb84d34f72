// examples/guide: what docs/adapters.md shows besides the other samples.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
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

// The peer of the one with a WebSocket: its protocol stands in gateway.cpp.
class Gateway {
  opened = []; // the address of each connection
  acknowledged = []; // numbers
  posted = []; // {key, body}

  async start() {
    this.server = http.createServer(async (request, response) => {
      const body = JSON.parse(await new Response(request).text());
      this.posted.push({ key: request.headers['idempotency-key'], body });
      response.writeHead(request.headers.authorization === 'Bearer token-1' ? 200 : 401).end();
    });
    this.server.on('upgrade', (request, socket) => this.open(request, socket));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  // RFC 6455, as much of it as short texts need.
  open(request, socket) {
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
      + `Sec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`);
    this.opened.push(request.url);
    this.socket = socket;
    let bytes = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (more) => {
      bytes = Buffer.concat([bytes, more]);
      while (bytes.length >= 6 && bytes.length >= 6 + (bytes[1] & 0x7F)) {
        const size = bytes[1] & 0x7F;
        const text = bytes.subarray(6, 6 + size).map((byte, at) => byte ^ bytes[2 + (at % 4)]);
        if ((bytes[0] & 0x0F) === 1) this.acknowledged.push(JSON.parse(text.toString()).ack);
        bytes = bytes.subarray(6 + size);
      }
    });
  }

  say(event) {
    const text = Buffer.from(JSON.stringify(event));
    assert.ok(text.length < 126);
    this.socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
  }

  stop() {
    this.socket?.destroy();
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

test('the one with a WebSocket is one, passes messages both ways, and goes on where it was', () => inBuilt('gateway', async (plugins) => {
  await assertSample(path.join(plugins, 'livechat.so'), { gateway_url: 'wss://gateway.example.com', token: 'made-up' });
  const gateway = await new Gateway().start();
  const config = echoConfig('livechat', { settings: { gateway_url: `ws://127.0.0.1:${gateway.port}/`,
    api_base: `http://127.0.0.1:${gateway.port}`, token: 'token-1' } });
  try {
    await withHost(new Host({ plugins, config }), async (host) => {
      await until(() => gateway.opened.length === 1, 'the connection');
      assert.equal(gateway.opened[0], '/?after=0');
      gateway.say({ seq: 7, chat: 'c1', from: 'ann', text: 'hi' });
      await until(() => gateway.posted.length === 1, 'the answer');
      assert.deepEqual(gateway.posted[0].body, { chat: 'c1', text: 'hi' });
      await until(() => gateway.acknowledged.length === 1, 'the message to be acknowledged');
      assert.deepEqual(gateway.acknowledged, [7]);
      await until(async () => (await host.deliveries('delivered')).length === 1, 'the delivery to be over');

      gateway.socket.destroy();
      await until(() => gateway.opened.length === 2, 'the connection to come back');
      assert.equal(gateway.opened[1], '/?after=7');
      gateway.say({ seq: 7, chat: 'c1', from: 'ann', text: 'hi' }); // it repeats itself
      gateway.say({ seq: 8, chat: 'c1', from: 'ann', text: 'still there?' });
      await until(() => gateway.posted.length === 2, 'the second answer');
      assert.deepEqual(gateway.posted[1].body, { chat: 'c1', text: 'still there?' });
      assert.notEqual(gateway.posted[1].key, gateway.posted[0].key);
      assert.deepEqual(await host.stop(), { code: 0, signal: null });
      assert.equal(gateway.posted.length, 2);
    });
  } finally {
    await gateway.stop();
  }
}));
