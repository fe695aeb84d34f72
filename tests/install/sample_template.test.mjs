// examples/template: a repository to copy. Its own tests pass, and what it makes serves in a host.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { Host, bin, until } from '../e2e/lib/host.mjs';
import { succeed } from './lib/package.mjs';
import { assertSample, buildWithCMake, copyOfSample, echoConfig, withHost } from './lib/sample.mjs';

const SECRET = 'a-long-enough-secret';
const FILE = Buffer.from('the bytes of a file');

class Platform {
  posted = []; // {type, body}

  async start() {
    this.server = http.createServer(async (request, response) => {
      const body = Buffer.from(await new Response(request).arrayBuffer());
      if (request.headers.authorization !== 'Bearer token-1') return response.writeHead(401).end();
      if (request.method === 'GET' && request.url === '/files/f-3') return response.writeHead(200).end(FILE);
      if (request.method !== 'POST' || request.url !== '/messages') return response.writeHead(404).end();
      this.posted.push({ type: request.headers['content-type'], body: body.toString() });
      return response.writeHead(201).end(JSON.stringify({ id: `m-${this.posted.length}` }));
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.base = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }
  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let folder;
let plugins;
let sample;
before(async () => {
  ({ folder, sample } = copyOfSample('template'));
  plugins = await buildWithCMake(sample);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('it has what a repository needs', () => {
  for (const name of ['.clang-format', '.github/workflows/ci.yml', 'LICENSE', 'README.md', 'CMakeLists.txt']) {
    assert.ok(fs.existsSync(path.join(sample, name)), name);
  }
});

test('it is what a host takes', () => assertSample(path.join(plugins, 'mychannel.so'),
  { api_base: 'https://api.example.com', token: 'made-up', webhook_secret: 'made-up-secret-of-16' }));

// The seed makes an id empty, which no host takes.
test('it keeps the rules whatever the platform sends', async () => {
  await succeed(bin('patchbay-validate'), [path.join(plugins, 'mychannel.so'), '--config', path.join(sample, 'tests/validate.json'),
    '--fixtures', path.join(sample, 'fixtures'), '--kind', 'update', '--seed', '5'], { timeout: 300_000 });
});

test('a message with a file comes by webhook, and goes back over HTTP', async () => {
  const platform = await new Platform().start();
  const port = await freePort();
  const config = echoConfig('mychannel', {
    settings: { api_base: platform.base, token: 'token-1', webhook_secret: SECRET } });
  config.webhooks = { listen: `127.0.0.1:${port}` };
  const call = async (body, secret = SECRET) => (await fetch(`http://127.0.0.1:${port}/webhook/mychannel`,
    { method: 'POST', headers: { 'x-secret': secret }, body: JSON.stringify(body) })).status;
  try {
    await withHost(new Host({ plugins, config }), async (host) => {
      await until(async () => (await host.call('status')).instances[0].state === 'online', 'the route to be open');
      const message = { id: 'm-100', chat: { id: 'c-7', group: true }, from: { id: 'u-1', name: 'Ada' }, text: 'the plan',
        files: [{ id: 'f-3', name: 'plan.txt', mime: 'text/plain', size: FILE.length }] };
      assert.equal(await call({ message }, 'a-guess-of-a-stranger'), 401);
      assert.equal(await call({ message: 7 }), 400);
      assert.equal(await call({ message: { ...message, id: 'm-99', text: 'x'.repeat(1024 * 1024 + 1) } }), 200); // never taken
      assert.equal(await call({ message }), 200);
      assert.equal(await call({ message }), 200); // the platform repeats itself
      await until(() => platform.posted.length === 2, 'text and file');
      assert.match(platform.posted[0].body, /the plan/);
      assert.match(platform.posted[1].type, /^multipart\/form-data/);
      assert.ok(platform.posted[1].body.includes(FILE.toString()));
      await until(async () => (await host.deliveries('delivered')).length === 1, 'the delivery to be over');
      assert.deepEqual(await host.stop(), { code: 0, signal: null });
      assert.equal(platform.posted.length, 2);
    });
  } finally {
    await platform.stop();
  }
});
