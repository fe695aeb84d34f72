// A host of many accounts needs many descriptors, and programs that it starts the limit that they expect.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Host, bin, run } from './lib/host.mjs';

// [soft, hard] of a process.
const openFiles = (pid) => fs.readFileSync(`/proc/${pid}/limits`, 'utf8').match(/^Max open files +(\S+) +(\S+)/m).slice(1);

test('the host may open what its hard limit allows, an agent what the host was started with', async () => {
  const host = new Host({
    within: ['sh', '-c', 'ulimit -Sn 300 && exec "$0" "$@"'],
    config: {
      instances: { console: { channel: 'console' } },
      agents: { main: { command: [bin('patchbay-agent'), '--exec', 'ulimit -Sn; ulimit -Hn'] } },
      wirings: [{ chats: '*', agent: 'main', engage: 'always' }],
    },
  });
  try {
    await host.start();
    const [, most] = openFiles(process.pid);
    assert.deepEqual(openFiles(host.pid), [most, most]);
    const told = await run(bin('patchbay'), ['chat', '--data', host.data], { input: 'how many?\n' });
    assert.deepEqual([told.code, told.stdout], [0, `300\n${most}\n`], `${told.stderr}\n${host.log}`);
  } finally {
    await host.stop();
    host.remove();
  }
});
