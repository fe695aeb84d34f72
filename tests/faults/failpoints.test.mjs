// Every named failpoint of the code: the process dies there, or the operation fails; after a restart
// nothing is lost and nothing was shown twice. A failpoint that no conversation passes fails its test.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until, bin, temporaryFolder, DEADLINE } from '../e2e/lib/host.mjs';
import { withConversation } from './conversation.mjs';

const CORE = fileURLToPath(new URL('../../core', import.meta.url));
const AT_ONCE = Number(process.env.PATCHBAY_AT_ONCE ?? 4);

// [{name, fails}]: as the code has them, so that none is forgotten.
function failpointsInCode() {
  const found = new Map();
  for (const file of fs.readdirSync(CORE, { recursive: true })) {
    if (!/\.[ch]pp$/.test(file)) continue;
    const code = fs.readFileSync(path.join(CORE, file), 'utf8').replace(/\/\/.*$/gm, '');
    for (const [, fails, name] of code.matchAll(/PBAY_FAILPOINT(_FAILS)?\(\s*"([^"]+)"/g)) {
      found.set(name, { name, fails: fails !== undefined || (found.get(name)?.fails ?? false) });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

// Two people in two chats, texts and files; the long captions are answered in two parts.
function people({ server, conversation }) {
  const chat = server.chats.get(42) ?? server.chat(42, { first_name: 'Ada' });
  const group = server.chats.get(-1001) ?? server.chat(-1001, { title: 'Team' });
  const say = (text, file) => conversation.say(chat, server.user(42), text, file);
  const sayInGroup = (text, file) => conversation.say(group, server.user(7, 'Bob'), text, file);
  const n = conversation.said.length;
  const file = (name, photo = false) => ({ name: `${name}-${n}.bin`, bytes: Buffer.alloc(20_000, `${name} ${n} `), photo });
  return { chat, group, say, sayInGroup, file, n };
}

const STORY = ' and so on, as long stories go'.repeat(60);

function beginTalk(scene) {
  const { say, sayInGroup, file, n } = people(scene);
  say(`one ${n}`);
  sayInGroup(`ping ${n}`);
  say(`two ${n}${STORY}`, file('report'));
}

// Once the first turns are over, so that each agent takes another one.
function talkOn(scene) {
  const { say, sayInGroup, file, n } = people(scene);
  sayInGroup(`pong ${n}${STORY}`, file('photo', true));
  say(`three ${n}`, file('notes'));
}

const bothWereAnswered = ({ server }) => [42, -1001].every((chat) => server.visible(chat).length > 0);

// What a failpoint needs beside the conversation to be passed; `more`: passages worth a case of
// their own, beside the first and the second.
const SCENES = {
  'store.before_commit': { more: ['kill@5', 'kill@8', 'kill@12', 'kill@16', 'kill@20'] },
  'store.after_commit': { more: ['kill@5', 'kill@8', 'kill@12', 'kill@16', 'kill@20'] },
  // The first is at the start, which ends with the reason.
  'store.commit': { more: ['error@5', 'error@6', 'error@8', 'error@10', 'error@12', 'error@16', 'error@20'] },
  'session.before_commit': { more: ['error@2', 'error@3', 'error@4', 'error@6', 'error@8', 'kill@4', 'kill@6'] },
  'session.after_commit': { more: ['kill@4', 'kill@6'] },
  'staging.write': { more: ['error@2'] },
  'staging.sync': { more: ['error@2'] },
  // A delivery of unknown outcome in each chat: of the first texts at most three go to one chat (an
  // answer, the notice about it, the end of a long caption).
  'delivery.before_notice': {
    prepare: ({ server }) => server.script('sendMessage', { cut: 'after' }, 4),
  },
  // Sessions whose agents left a ruin.
  'session.after_set_aside': {
    prepare: async (scene) => {
      const { host, conversation } = scene;
      await host.start();
      beginTalk(scene);
      assert.equal(await conversation.settled(host, DEADLINE), null);
      await host.stop();
      for (const session of fs.readdirSync(path.join(host.data, 'sessions', 'main'))) {
        fs.writeFileSync(path.join(host.data, 'sessions', 'main', session, 'outbound.db'), 'x'.repeat(8192));
      }
    },
  },
};

// Agents get their failpoints by a shell around them: the first process of each session.
const ARMED_AGENT = `if mkdir "$FLAGS/$PATCHBAY_SESSION_ID" 2>/dev/null; then
  PATCHBAY_FAILPOINTS_SET="$FAILPOINT"; export PATCHBAY_FAILPOINTS_SET
fi
exec "$AGENT" --echo`;

async function tryFailpoint(name, action) {
  const inAgent = name.startsWith('agent.');
  const inRunner = name.startsWith('runner.');
  const flags = temporaryFolder();
  const agents = { main: { command: ['/bin/sh', '-c', ARMED_AGENT],
    env: { FLAGS: flags, FAILPOINT: `${name}=${action}`, AGENT: bin('patchbay-agent') } } };
  try {
    await withConversation({ config: () => ({ ...(inAgent ? { agents } : {}), ...(inRunner ? { isolation: 'process' } : {}) }) }, async (scene) => {
      const { host, conversation } = scene;
      const { prepare = () => {} } = SCENES[name] ?? {};
      await prepare(scene);
      const env = inAgent ? {} : { PATCHBAY_FAILPOINTS_SET: `${name}=${action}` };
      const kills = action.startsWith('kill');
      const died = () => (inAgent && host.log.includes('the agent was ended by signal 9')) ||
        (inRunner && host.log.includes("the adapter's process was lost")) || !host.alive;
      beginTalk(scene);
      host.spawn(env);
      await until(() => died() || bothWereAnswered(scene), 'the first answers', DEADLINE);
      talkOn(scene);
      let settled = false;
      await until(async () => died() || (settled = await isSettled(scene)), 'an end', DEADLINE).catch(() => {});
      // That an error was passed is what the same case with "kill" shows.
      assert.ok(!kills || died(), `${name}: ${settled ? 'the conversation ended' : 'time ran out'}, and ${action} was not reached`);
      if (!host.alive) {
        // A host that cannot start says so; one that serves lives through an error.
        const expected = kills ? { code: null, signal: 'SIGKILL' } : { code: 1, signal: null };
        assert.deepEqual(await host.exited, expected);
        assert.ok(kills || !host.log.includes('host.ready'), `${name}: ${action} ended a host that served`);
        host.spawn();
      }
      assert.equal(await conversation.settled(host, DEADLINE), null);
    });
  } finally {
    fs.rmSync(flags, { recursive: true, force: true });
  }
}

// Before the central database is there, nothing can have settled.
async function isSettled({ host, conversation }) {
  return host.log.includes('host.ready') && fs.existsSync(path.join(host.data, 'patchbay.db')) &&
    (await conversation.pending(host)) === null;
}

const only = process.env.PATCHBAY_FAILPOINT; // one name, to repeat its cases
const cases = failpointsInCode()
  .filter(({ name }) => !only || name === only)
  .flatMap(({ name, fails }) => ['kill@1', 'kill@2', ...(fails ? ['error@1'] : []), ...(SCENES[name]?.more ?? [])].map((action) => ({ name, action })));

test('failpoints', { concurrency: AT_ONCE }, async (t) => {
  assert.ok(cases.length > (only ? 0 : 60), `${cases.length} cases: were the failpoints not found?`);
  await Promise.all(cases.map(({ name, action }) =>
    t.test(`${name}=${action}`, { timeout: 3 * DEADLINE }, () => tryFailpoint(name, action))));
});
