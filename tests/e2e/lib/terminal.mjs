// A person at a terminal: a program on a pty. Node has none; script(1) of util-linux, which every
// Debian has, makes one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from './host.mjs';

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

export class Terminal {
  constructor(program, args, { env = {} } = {}) {
    this.screen = ''; // all that was ever written to it
    const command = ['exec', ...[program, ...args].map(quoted)].join(' ');
    this.process = spawn('script', ['-qefc', command, '/dev/null'], {
      // No locale, as on a bare machine.
      env: { ...process.env, LC_ALL: 'C', TERM: 'xterm', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.process.stdout.setEncoding('utf8').on('data', (text) => { this.screen += text; });
    this.process.stdin.on('error', () => {}); // it may have ended
    this.exited = once(this.process, 'exit').then(([code, signal]) => ({ code, signal }));
  }

  type(keys) {
    this.process.stdin.write(keys);
  }

  // Waits until `text` stands on the screen, after what was waited for before.
  async sees(text) {
    await until(() => this.screen.includes(text, this.seen ?? 0), `the terminal to show ${JSON.stringify(text)}`)
      .catch((error) => { throw new Error(`${error.message}\n---- screen ----\n${JSON.stringify(this.screen)}`); });
    this.seen = this.screen.indexOf(text, this.seen ?? 0) + text.length;
  }

  count(text) {
    return this.screen.split(text).length - 1;
  }

  async kill() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    await this.exited;
  }
}
