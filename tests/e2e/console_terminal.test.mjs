// `patchbay chat` on a terminal: editing, history, notices, and a host that comes and goes.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Host, bin, temporaryFolder } from './lib/host.mjs';
import { Terminal } from './lib/terminal.mjs';

const UP = '\x1b[A';
const LEFT = '\x1b[D';
// What comes is written over the line that is being edited.
const answer = (text) => `\x1b[K${text.replaceAll('\n', '\r\n')}\r\n`;

async function atTerminal(body) {
  const host = new Host();
  const folder = temporaryFolder();
  let terminal;
  try {
    await host.start();
    terminal = new Terminal(bin('patchbay'), ['chat', 'ada', '--data', host.data, '--save', folder]);
    await terminal.sees('attached as ada; /file PATH');
    await terminal.sees('> ');
    await body(terminal, host, folder);
  } catch (error) {
    error.message += `\n---- screen ----\n${JSON.stringify(terminal?.screen)}\n---- host log ----\n${host.log.slice(-4000)}`;
    throw error;
  } finally {
    await terminal?.kill();
    await host.kill();
    host.remove();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test('a line is edited, continued, and found again in the history', () => atTerminal(async (terminal) => {
  terminal.type(`helo${LEFT}l\r`);
  await terminal.sees(answer('hello'));
  terminal.type('one\\\r');
  await terminal.sees('. ');
  terminal.type('zwölf\r');
  await terminal.sees(answer('one\nzwölf'));
  terminal.type(`${UP}${UP}${UP} again\r`);
  await terminal.sees(answer('hello again'));
  terminal.type('/help\r');
  await terminal.sees('~/ is your home');
  terminal.type('\x04'); // Ctrl-D
  assert.deepEqual(await terminal.exited, { code: 0, signal: null });
}));

test('an answer comes above a line that is being typed, which stays', () => atTerminal(async (terminal) => {
  terminal.type('first\rhalf a li');
  await terminal.sees(answer('first'));
  terminal.type('ne\r');
  await terminal.sees(answer('half a line'));
  terminal.type('/quit\r');
  assert.deepEqual(await terminal.exited, { code: 0, signal: null });
}));

test('a host that restarts is told once each, and what was typed meanwhile arrives', () => atTerminal(async (terminal, host) => {
  await host.stop();
  await terminal.sees('[connection lost, trying again]');
  terminal.type('while away\r');
  await host.start();
  await terminal.sees('[connected again]');
  await terminal.sees(answer('while away'));
  await host.stop();
  await terminal.sees('[connection lost, trying again]');
  terminal.type('never\r/quit\r');
  assert.deepEqual(await terminal.exited, { code: 1, signal: null });
  assert.match(terminal.screen, /1 of your messages were not acknowledged by the host/);
  assert.deepEqual(['[connection lost, trying again]', '[connected again]'].map((text) => terminal.count(text)), [2, 1]);
}));

test('a file is sent and saved, one that cannot be read is told', () => atTerminal(async (terminal, host, folder) => {
  fs.writeFileSync(path.join(folder, 'a.txt'), 'content');
  terminal.type(`/file ${folder}/a.txt\r`);
  await terminal.sees(answer(`[file] ${folder}/a-2.txt (7 B)`));
  terminal.type(`/file ${folder}/b.txt\r`);
  await terminal.sees('b.txt cannot be read: No such file or directory]');
  terminal.type('\x03'); // Ctrl-C leaves as Ctrl-D does
  assert.deepEqual(await terminal.exited, { code: 0, signal: null });
}));
