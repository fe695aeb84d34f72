// What a service manager is told (sd_notify), and when: systemd acts on it, and starts what needs the
// host once it is ready.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Host, bin, run, temporaryFolder, until } from './lib/host.mjs';

// Node has no datagram sockets of this kind.
const MANAGER = `
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print('listens', flush=True)
while True:
    print(manager.recv(4096).decode().split('\\n')[0], flush=True)
`;
const ROWS = 50_000; // take a second to be read
const SIGHUP = 1n; // in a mask of signals

// body(host, heard): heard() tells what the manager has heard since the last call.
async function managed(body) {
  const folder = temporaryFolder();
  const socket = path.join(folder, 'notify');
  const manager = spawn('python3', ['-c', MANAGER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  manager.stdout.on('data', (bytes) => { output += bytes; });
  const host = new Host({
    env: { NOTIFY_SOCKET: socket },
    config: {
      instances: { console: { channel: 'console' } },
      agents: { main: { command: [bin('patchbay-agent'), '--echo'] } },
      wirings: [{ chats: 'console:*', agent: 'main', engage: 'always' }],
    },
  });
  let read = 0;
  const heard = () => {
    const lines = output.split('\n').slice(0, -1).filter((line) => line !== 'listens');
    const fresh = lines.slice(read);
    read = lines.length;
    return fresh;
  };
  try {
    await until(() => output.includes('listens'), 'the manager to listen');
    await body(host, heard);
  } finally {
    if (host.process) await host.kill();
    manager.kill();
    host.remove();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function sqlite(file, sql) {
  const done = spawnSync('sqlite3', [file], { input: sql, encoding: 'utf8' });
  assert.equal(done.stderr, '', file);
}

// The next start has to read all this before it serves.
function leaveMuchToRead(host) {
  const [session] = fs.readdirSync(path.join(host.data, 'sessions/main')).filter((name) => !name.startsWith('.'));
  sqlite(path.join(host.data, 'sessions/main', session, 'outbound.db'),
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
     INSERT INTO messages_out (id, seq, timestamp, kind, content)
     SELECT 'log-' || i, 1000001 + 2 * i, datetime('now'), 'task_log', '{}' FROM n;`);
  sqlite(path.join(host.data, 'patchbay.db'), 'UPDATE sessions SET agent_ran = 1;');
}

const takesReloads = ({ pid }) => {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (BigInt(`0x${mask}`) & SIGHUP) !== 0n;
};

test('it is ready when it serves, also if it was to reload before', () => managed(async (host, heard) => {
  await host.start();
  const said = await run(bin('patchbay'), ['chat', '--data', host.data], { input: 'hello\n' });
  assert.equal(said.stdout, 'hello\n', said.stderr);
  await host.stop();
  assert.deepEqual(heard(), ['READY=1', 'STOPPING=1']);

  leaveMuchToRead(host);
  host.log = '';
  host.spawn();
  await until(() => takesReloads(host), 'the host to take signals');
  assert.ok(!host.log.includes('host.ready'), 'it starts faster than this test');
  host.process.kill('SIGHUP');
  await until(() => host.log.includes('config.reloaded'), 'the configuration to be read again');
  await host.stop();
  assert.deepEqual(heard(), ['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
}));
