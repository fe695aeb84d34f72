// Starts the real host on a folder of its own, speaks to its control socket, and stops what it
// started by its own process id.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// Where the programs are: the build folder, given by ctest.
export const BUILD = process.env.PATCHBAY_BUILD ?? fileURLToPath(new URL('../../../build/release', import.meta.url));
export const bin = (name) => path.join(BUILD, 'bin', name);
export const PLUGINS = path.join(BUILD, 'plugins');

// A sanitizer build is slower, and a loaded machine slower still: deadlines are for what hangs.
export const DEADLINE = Number(process.env.PATCHBAY_E2E_DEADLINE ?? 60_000);

export function temporaryFolder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'patchbay-e2e-'));
}

// Resolves when check() gives something truthy; rejects at the deadline, saying what was waited for.
// Checks follow each other as fast as they answer, with the event loop in between.
export async function until(check, what, timeout = DEADLINE) {
  const end = Date.now() + timeout;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export class Host {
  // `within`: a command that runs the host, with its arguments; `seen`: where the test finds what the
  // host has in `data`, if that is somewhere else. `command`, in `cwd`: what starts the host, if it is
  // not to be told its folders.
  constructor({ config, data = temporaryFolder(), seen = data, plugins = PLUGINS, env = {}, args = [], within = [], command, cwd } = {}) {
    this.data = data;
    this.seen = seen;
    this.within = within;
    this.command = command;
    this.cwd = cwd;
    this.config = config;
    this.plugins = plugins;
    this.env = env;
    this.args = args;
    this.log = '';
    this.output = '';
    if (config) {
      this.configFile = path.join(data, 'patchbay.json');
      fs.mkdirSync(data, { recursive: true });
      this.writeConfig(config);
    }
  }

  writeConfig(config) {
    fs.writeFileSync(this.configFile, typeof config === 'string' ? config : JSON.stringify(config), { mode: 0o600 });
  }

  spawn(extra = {}) {
    const args = ['run', '--data', this.data, ...this.args];
    if (this.plugins) args.push('--plugins', this.plugins); // null: those the program finds by itself
    if (this.configFile) args.push('--config', this.configFile);
    const [program, ...words] = this.command ?? [...this.within, bin('patchbay'), ...args];
    this.process = spawn(program, words, {
      cwd: this.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.env, ...extra },
    });
    this.exited = once(this.process, 'exit').then(([code, signal]) => ({ code, signal }));
    this.process.stdout.on('data', (bytes) => { this.output += bytes; });
    this.process.stderr.on('data', (bytes) => { this.log += bytes; });
    return this;
  }

  // Starts and waits until it serves.
  async start(extra = {}) {
    const before = this.log.length;
    this.spawn(extra);
    let ended = null;
    this.exited.then((how) => { ended = how; });
    await until(() => ended || this.log.slice(before).includes('host.ready'), 'the host to serve').catch((error) => {
      throw new Error(`${error.message}\n${this.log}`);
    });
    if (ended) throw new Error(`the host ended: ${JSON.stringify(ended)}\n${this.log}`);
    return this;
  }

  get pid() { return this.process.pid; }
  get alive() { return this.process && this.process.exitCode === null && this.process.signalCode === null; }

  async stop() {
    if (!this.process) return null;
    if (this.alive) this.process.kill('SIGTERM');
    const how = await Promise.race([
      this.exited,
      new Promise((resolve) => setTimeout(() => resolve(null), DEADLINE).unref()),
    ]);
    if (how === null) {
      this.process.kill('SIGKILL');
      throw new Error(`the host did not stop\n${this.log}`);
    }
    return how;
  }

  async kill() {
    if (this.alive) this.process.kill('SIGKILL');
    return this.exited;
  }

  remove() {
    fs.rmSync(this.data, { recursive: true, force: true });
  }

  // One call on the control socket.
  call(method, params = {}) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(path.join(this.seen, 'run', 'control.sock'));
      let answer = '';
      socket.on('connect', () => socket.write(JSON.stringify({ type: 'req', id: '1', method, params }) + '\n'));
      socket.on('data', (bytes) => {
        answer += bytes;
        if (!answer.includes('\n')) return;
        socket.destroy();
        const frame = JSON.parse(answer);
        if (frame.ok) resolve(frame.payload);
        else reject(new Error(`${frame.error.code}: ${frame.error.message}`));
      });
      socket.setTimeout(DEADLINE, () => socket.destroy(new Error(`the control socket did not answer ${method} within ${DEADLINE} ms`)));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the control socket closed')));
    });
  }

  // Newest first.
  async #all(rows, params = {}) {
    const all = [];
    let next;
    do {
      const page = await this.call(`${rows}.list`, { limit: 200, ...params, ...(next ? { before: next } : {}) });
      all.push(...page[rows]);
      next = page.next;
    } while (next);
    return all;
  }

  async deliveries(state) {
    return (await this.#all('deliveries', state ? { state } : {})).reverse(); // oldest first
  }

  async sessions() {
    return this.#all('sessions');
  }

  sessionFolder(session) {
    return path.join(this.seen, 'sessions', session.agentId, session.sessionId);
  }
}

// Runs one program to its end.
export async function run(program, args, { input = '', env = {}, cwd, timeout = DEADLINE } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, cwd });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes) => { stdout += bytes; });
  child.stderr.on('data', (bytes) => { stderr += bytes; });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(input);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { code, signal, stdout, stderr };
}
