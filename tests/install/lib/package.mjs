// Where the installed package is, and what an installed adapter has to be.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BUILD, run } from '../../e2e/lib/host.mjs';

export const PREFIX = BUILD; // given by ctest
export const TREE = process.env.PATCHBAY_TREE;
export const PROJECTS = process.env.PATCHBAY_PROJECTS;
export const CC = process.env.CC ?? 'cc';
export const CMAKE = process.env.CMAKE ?? 'cmake';

// All files below a folder, as relative paths in order.
export function filesBelow(folder) {
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name))).sort();
}

// Installs a project that was built against the package; returns the folder with its adapters.
export async function installProject(name, prefix, ...options) {
  await succeed(CMAKE, ['--install', path.join(PROJECTS, name), '--prefix', prefix, ...options]);
  return path.join(prefix, 'lib/patchbay/plugins');
}

// Runs a program that has to succeed; returns what it printed, without the last line's end.
export async function succeed(program, args, options) {
  const { code, signal, stdout, stderr } = await run(program, args, options);
  assert.ok(code === 0, `${program} ${args.join(' ')}: exit ${code ?? signal}\n${stdout}${stderr}`);
  return stdout.trimEnd();
}

export async function inTemporaryFolder(body) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'patchbay-install-'));
  try {
    await body(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

export const sidecarOf = (library) => JSON.parse(fs.readFileSync(library.replace(/\.so$/, '.adapter.json'), 'utf8'));

// Throws unless the library is one that a host loads: one symbol, never unloaded, no run path, a
// sidecar with its hash, and a probe by the installed runner that agrees with the sidecar.
export async function assertAdapter(library) {
  const sidecar = sidecarOf(library);
  assert.equal(sidecar.sha256, createHash('sha256').update(fs.readFileSync(library)).digest('hex'), library);
  const symbols = await succeed('nm', ['-D', '--defined-only', '--format=just-symbols', library]);
  assert.equal(symbols, 'patchbay_adapter_v1', library);
  const dynamic = await succeed('readelf', ['-d', library]);
  assert.match(dynamic, /NODELETE/, library);
  assert.match(dynamic, /BIND_NOW/, library);
  assert.doesNotMatch(dynamic, /RPATH|RUNPATH/, library);
  const runner = path.join(PREFIX, 'libexec/patchbay/patchbay-adapter-runner');
  const probed = JSON.parse(await succeed(runner, ['--probe', library, sidecar.id]));
  assert.deepEqual([probed.ok, probed.channel, probed.version], [true, sidecar.id, sidecar.version], library);
  return sidecar;
}
