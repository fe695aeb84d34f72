// examples/misbehaving: it builds against the package, keeps every rule without a switch (its own test), and
// breaks with one what its README says.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { bin, run } from '../e2e/lib/host.mjs';
import { buildWithCMake, copyOfSample } from './lib/sample.mjs';

let folder;
let library;
before(async () => {
  const copy = copyOfSample('misbehaving');
  folder = copy.folder;
  await buildWithCMake(copy.sample);
  library = path.join(copy.sample, 'build/test-plugins/misbehaving.so'); // never installed
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('the rule that a switch breaks is named', async () => {
  const config = path.join(folder, 'settings.json');
  fs.writeFileSync(config, JSON.stringify({ misbehave: 'complete_twice' }));
  const { code, stdout } = await run(bin('patchbay-validate'), [library, '--config', config]);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /one-completion: op_complete of \d+ \(delivery\) a second time/);
});
