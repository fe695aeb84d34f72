// Reads the databases of a data folder: always copies, so that nothing that is looked at changes.
// The host must have stopped, or died: its journals are copied along and rolled back in the copy.

import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const MARK = '@@patchbay ';
const OUTPUT = 1 << 28; // bytes

// queries: {name: sql}. Returns {name: rows, integrity: [problem, …]}.
export function readDatabase(file, queries) {
  const copies = fs.mkdtempSync(path.join(os.tmpdir(), 'patchbay-db-'));
  try {
    const copy = path.join(copies, path.basename(file));
    for (const ending of ['', '-journal', '-wal']) {
      if (fs.existsSync(file + ending)) fs.copyFileSync(file + ending, copy + ending);
    }
    const all = { integrity: 'PRAGMA integrity_check', ...queries };
    const result = spawnSync('sqlite3', [copy], { input: scriptOf(all), encoding: 'utf8', maxBuffer: OUTPUT });
    if (result.error) throw new Error(`sqlite3 is needed for this test: ${result.error.message}`);
    return readOutput(result.stdout, result.stderr);
  } finally {
    fs.rmSync(copies, { recursive: true, force: true });
  }
}

// A database in WAL mode may be read while its host runs, and while the test plays a server. `within`:
// a command with its arguments that runs another one where the file is seen.
export function readLive(file, queries, within = []) {
  const [program, ...args] = [...within, 'sqlite3', '-readonly', file];
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: OUTPUT }, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') reject(new Error('sqlite3 is needed for this test'));
      else resolve(readOutput(stdout, stderr));
    });
    child.stdin.on('error', () => {}); // it ended before it read
    child.stdin.end(scriptOf(queries));
  });
}

function scriptOf(queries) {
  const lines = ['.mode json', '.timeout 5000'];
  for (const [name, sql] of Object.entries(queries)) lines.push(`.print "${MARK}${name}"`, `${sql};`);
  return lines.join('\n');
}

function readOutput(stdout, stderr) {
  const found = {};
  for (const section of stdout.split(MARK).slice(1)) {
    const end = section.indexOf('\n');
    const rows = section.slice(end + 1).trim();
    found[section.slice(0, end)] = rows === '' ? [] : JSON.parse(rows);
  }
  const problems = (found.integrity ?? []).map((row) => row.integrity_check).filter((text) => text !== 'ok');
  if (stderr !== '') problems.push(stderr.trim());
  return { ...found, integrity: problems };
}

// An agent may have put anything in a folder's place.
const listOf = (folder) => (fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? fs.readdirSync(folder).sort() : []);

function filesIn(folder) {
  return listOf(folder).flatMap((entry) => {
    const inner = path.join(folder, entry);
    if (!fs.lstatSync(inner).isDirectory()) return [entry];
    const files = listOf(inner);
    return files.length === 0 ? [`${entry}/`] : files.map((name) => `${entry}/${name}`);
  });
}

function readSession(folder, agent, id) {
  const inbound = readDatabase(path.join(folder, 'inbound.db'), {
    messages: 'SELECT rowid AS row, * FROM messages_in ORDER BY seq',
    delivered: 'SELECT * FROM delivered',
  });
  const outbound = readDatabase(path.join(folder, 'outbound.db'), {
    messages: 'SELECT rowid AS row, * FROM messages_out ORDER BY rowid',
    claims: "SELECT * FROM processing_ack WHERE status = 'processing'",
  });
  return {
    name: `${agent}/${id}`, agent, id, folder, inbound, outbound,
    inbox: filesIn(path.join(folder, 'inbox')),
    outbox: listOf(path.join(folder, 'outbox')),
    setAside: listOf(folder).filter((name) => name.includes('.corrupt-')),
  };
}

// Everything that a data folder holds.
export function readDataFolder(data) {
  const central = readDatabase(path.join(data, 'patchbay.db'), {
    sessions: 'SELECT * FROM sessions',
    seen: 'SELECT * FROM seen',
    intake: 'SELECT * FROM intake',
    pendingFiles: 'SELECT * FROM pending_files',
    deliveries: 'SELECT * FROM deliveries ORDER BY id',
    parts: 'SELECT * FROM delivery_parts ORDER BY delivery, part',
    counts: 'SELECT * FROM delivery_counts',
    watermarks: 'SELECT * FROM watermarks',
    hostOutbox: 'SELECT * FROM host_outbox',
  });
  const sessions = [];
  const unfinished = [];
  for (const agent of listOf(path.join(data, 'sessions'))) {
    for (const id of listOf(path.join(data, 'sessions', agent))) {
      const folder = path.join(data, 'sessions', agent, id);
      if (id.startsWith('.')) unfinished.push(`${agent}/${id}`);
      else sessions.push(readSession(folder, agent, id));
    }
  }
  return { data, central, sessions, unfinished,
    staging: listOf(path.join(data, 'staging')), spool: listOf(path.join(data, 'spool')) };
}
