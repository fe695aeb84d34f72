// The peer of examples/c and examples/rust (the protocol stands in lines.c), and what both must do.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Host, until } from '../../e2e/lib/host.mjs';
import { TREE, succeed } from './package.mjs';
import { assertSample, copyOfSample, echoConfig, withHost } from './sample.mjs';

class Peer {
  static async connect(host, channel) {
    const file = path.join(host.data, 'run', `${channel}.sock`);
    await until(() => fs.existsSync(file), `the socket ${file}`);
    return new Peer(net.connect(file));
  }

  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.heard = []; // {verb, id, text}
    this.closed = false;
    socket.on('data', (bytes) => { this.bytes = Buffer.concat([this.bytes, bytes]); this.read(); });
    socket.on('error', () => {});
    socket.on('close', () => { this.closed = true; });
  }

  read() {
    for (;;) {
      const end = this.bytes.indexOf('\n');
      if (end < 0) return;
      const [verb, id, size] = this.bytes.subarray(0, end).toString().split(' ');
      const whole = verb === 'msg' ? end + 1 + Number(size) + 1 : end + 1;
      if (this.bytes.length < whole) return;
      this.heard.push({ verb, id, text: this.bytes.subarray(end + 1, whole - 1).toString() });
      this.bytes = this.bytes.subarray(whole);
    }
  }

  tell(line) { this.socket.write(`${line}\n`); }
  // The next that was heard and is one of these; it is forgotten.
  async hear(...verbs) {
    const isOne = ({ verb }) => verbs.includes(verb);
    await until(() => this.heard.some(isOne), `${verbs}, among ${JSON.stringify(this.heard)}`);
    return this.heard.splice(this.heard.findIndex(isOne), 1)[0];
  }
  async leave() {
    this.socket.destroy();
    await until(() => this.closed, 'the peer to be gone');
  }
}

const delivered = (host, count) => until(async () =>
  (await host.deliveries('delivered')).length === count, `${count} deliveries to be delivered`);

// build(sample): makes the adapter, returns its plugin folder.
export function testLines(name, channel, build) {
  let folder;
  let plugins;
  before(async () => {
    const copy = copyOfSample(name);
    folder = copy.folder;
    plugins = await build(copy.sample);
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const inHost = (body) => withHost(new Host({ plugins, config: echoConfig(channel) }), body);

  test('it is what a host takes', () => assertSample(path.join(plugins, `${channel}.so`)));

  test('it reads and writes no more than an older host knows', () => succeed(path.join(TREE, 'tests/older_host_test'), [],
    { env: { PATCHBAY_SAMPLE: path.join(plugins, `${channel}.so`) } }));

  test('a message goes in, its answer comes out, each is confirmed', () => inHost(async (host) => {
    const peer = await Peer.connect(host, channel);
    peer.tell('say 1 hello there');
    assert.equal((await peer.hear('ok')).id, '1');
    const answer = await peer.hear('msg');
    assert.equal(answer.text, 'hello there');
    assert.equal((await host.deliveries('delivered')).length, 0); // not before the peer says so
    peer.tell(`got ${answer.id}`);
    await delivered(host, 1);
    assert.deepEqual(await host.stop(), { code: 0, signal: null });
  }));

  test('many at once keep their order; one that is said again is kept once', () => inHost(async (host) => {
    const peer = await Peer.connect(host, channel);
    peer.tell('say 1 one\nsay 2 two\nsay 1 one\nsay 3 three');
    const kept = [];
    for (let i = 0; i < 4; ++i) kept.push((await peer.hear('ok')).id);
    assert.deepEqual(kept, ['1', '2', '1', '3']);
    const answers = [];
    while (!answers.some((text) => text.includes('three'))) {
      const answer = await peer.hear('msg');
      answers.push(...answer.text.split('\n').filter((line) => line !== ''));
      peer.tell(`got ${answer.id}`);
    }
    assert.deepEqual(answers.join(' ').match(/one|two|three/g), ['one', 'two', 'three']);
  }));

  test('what can never be kept is said to be so, and does not stop the rest', () => inHost(async (host) => {
    const peer = await Peer.connect(host, channel);
    peer.socket.write(Buffer.concat([Buffer.from('say '), Buffer.from([0xFF]), Buffer.from(' hello\nsay 2 two\n')]));
    assert.equal((await peer.hear('ok', 'no', 'bad')).verb, 'bad'); // an id is UTF-8
    assert.deepEqual(await peer.hear('ok', 'no', 'bad'), { verb: 'ok', id: '2', text: '' });
    assert.match((await peer.hear('msg')).text, /two/);
  }));

  test('what the peer did not confirm comes again under its key', () => inHost(async (host) => {
    const first = await Peer.connect(host, channel);
    first.tell('say 1 hello');
    const unconfirmed = await first.hear('msg');
    await first.leave();
    const second = await Peer.connect(host, channel);
    const again = await second.hear('msg');
    assert.deepEqual(again, unconfirmed);
    second.tell(`got ${again.id}`);
    await delivered(host, 1);
  }));

  test('what is answered while nobody is there waits for the next peer', () => inHost(async (host) => {
    const first = await Peer.connect(host, channel);
    first.tell('say 1 anybody?');
    await first.hear('ok');
    await first.leave();
    await until(async () => (await host.deliveries()).length === 1, 'the answer');
    const second = await Peer.connect(host, channel);
    const answer = await second.hear('msg');
    assert.equal(answer.text, 'anybody?');
    second.tell(`got ${answer.id}`);
    await delivered(host, 1);
  }));

  test('a second peer and one that speaks nonsense are hung up; the first goes on', () => inHost(async (host) => {
    const first = await Peer.connect(host, channel);
    first.tell('say 1 one');
    await first.hear('ok');
    const second = await Peer.connect(host, channel);
    await until(() => second.closed, 'the second to be hung up');
    first.tell(`got ${(await first.hear('msg')).id}`);
    await delivered(host, 1);
    first.tell('nonsense');
    await until(() => first.closed, 'the first to be hung up');
    const third = await Peer.connect(host, channel);
    third.tell(`say 2 ${'x'.repeat(100_000)}`); // longer than a line may be
    await until(() => third.closed, 'the third to be hung up');
    assert.equal((await host.call('status')).instances[0].state, 'online');
  }));
}
