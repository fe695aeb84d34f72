// The console adapter's side of the protocol in plugins/console/frames.hpp, for what a real host
// does not do at will: to be busy, to refuse, to go away in the middle.
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

export class FakeConsole {
  constructor(data) {
    this.path = path.join(data, 'run', 'console.sock');
    this.frames = []; // all that came: {head, body, at}
    this.sockets = new Set();
    this.answers = []; // what to answer to messages, in turn: a frame without its id; then "stored"
  }

  async start() {
    fs.mkdirSync(path.dirname(this.path), { recursive: true });
    fs.rmSync(this.path, { force: true });
    this.server = net.createServer((socket) => this.#serve(socket));
    this.server.listen(this.path);
    await once(this.server, 'listening');
    return this;
  }

  // Nobody listens any more, and all connections are cut.
  async stop() {
    for (const socket of this.sockets) socket.destroy();
    if (this.server?.listening) {
      this.server.close();
      await once(this.server, 'close');
    }
    fs.rmSync(this.path, { force: true });
  }

  get messages() {
    return this.frames.filter(({ head }) => head.type === 'message');
  }

  send(frame, body = '') {
    for (const socket of this.sockets) socket.write(`${JSON.stringify({ ...frame, size: Buffer.byteLength(body) })}\n${body}`);
  }

  #serve(socket) {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
    let bytes = Buffer.alloc(0);
    socket.on('data', (more) => {
      bytes = Buffer.concat([bytes, more]);
      for (;;) {
        const end = bytes.indexOf(10);
        if (end < 0) return;
        const head = JSON.parse(bytes.subarray(0, end));
        const size = head.size ?? 0;
        if (bytes.length < end + 1 + size) return;
        const body = bytes.subarray(end + 1, end + 1 + size).toString();
        bytes = bytes.subarray(end + 1 + size);
        this.frames.push({ head, body, at: Date.now() });
        this.#answer(head);
      }
    });
  }

  #answer(head) {
    if (head.type === 'hello') this.send({ type: 'welcome', chat: head.chat });
    if (head.type !== 'message') return;
    const answer = this.answers.shift() ?? { type: 'stored', outcome: 'stored' };
    if (answer !== 'silence') this.send({ ...answer, id: head.id });
  }
}
