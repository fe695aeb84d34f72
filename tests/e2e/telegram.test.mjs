// A person on Telegram, the real host, the echo agent: what the person sees.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { readLive } from './lib/databases.mjs';
import { Host, until } from './lib/host.mjs';
import { telegramConfig } from './lib/configs.mjs';
import { withServed } from './lib/served.mjs';
import { TelegramServer } from './telegram/server.mjs';

async function withHost(body, configure = (config) => config,
  make = (server) => new Host({ config: configure(telegramConfig(server)) })) {
  const server = await new TelegramServer().start();
  const host = make(server);
  await withServed({ server, host }, async () => {
    await body({ server, host });
    const how = await host.stop();
    assert.deepEqual(how, { code: 0, signal: null }, host.log);
    assert.ok(!host.log.includes(server.token), 'the token is in the log');
  });
}

const texts = (server, chat) => server.visible(chat).map((m) => m.text);

test('a private text is answered once', () => withHost(async ({ server }) => {
  const ada = server.user(42);
  const chat = server.chat(42, { first_name: 'Ada' });
  server.say(chat, ada, { text: 'hello' });
  await server.until((s) => s.visible(chat).length >= 1, 'the answer');
  assert.deepEqual(texts(server, chat), ['hello']);
  assert.deepEqual(server.allowedUpdates.includes('message'), true);
}));

test('twenty texts are answered in their order', () => withHost(async ({ server }) => {
  const chat = server.chat(42);
  const sent = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  for (const text of sent) server.say(chat, server.user(42), { text });
  await server.until((s) => s.visible(chat).map((m) => m.text).join('\n').includes('line 19'), 'the last answer', 60_000);
  assert.deepEqual(texts(server, chat).join('\n').match(/line \d+/g), sent);
}, (config) => {
  // The server has no limit of one message a second, and this test is about order.
  return config;
}));

test('in a group only those who address the bot are answered', () => withHost(async ({ server }) => {
  const group = server.chat(-1001, { title: 'Team' });
  server.say(group, server.user(7), { text: 'nothing for you' });
  server.say(group, server.user(7), { text: '@patch_bot ping', entities: [{ type: 'mention', offset: 0, length: 10 }] });
  await server.until((s) => s.visible(group).length >= 1, 'the answer');
  assert.equal(server.visible(group).length, 1);
  assert.match(server.visible(group)[0].text, /ping/);
}));

const TO_THE_BOT = {
  'a mention without a user name': (server) => ({ text: 'hi Patch, ping',
    entities: [{ type: 'text_mention', offset: 3, length: 5, user: server.me }] }),
  'a command for the bot': () => ({ text: '/ask@patch_bot ping',
    entities: [{ type: 'bot_command', offset: 0, length: 14 }] }),
  'a reply to the bot': (server, group) => ({ text: 'ping',
    reply_to_message: { message_id: 900, date: 1767225600, from: server.me, chat: group, text: 'Shall I?' } }),
};
for (const [what, message] of Object.entries(TO_THE_BOT)) {
  test(`in a group ${what} is answered`, () => withHost(async ({ server }) => {
    const group = server.chat(-1001, { title: 'Team' });
    server.say(group, server.user(7), { text: 'nothing for you' });
    server.say(group, server.user(7), message(server, group));
    const [shown] = await server.until((s) => s.visible(group).length >= 1 && s.visible(group), 'the answer');
    assert.match(shown.text, /ping/);
    assert.equal(server.visible(group).length, 1);
  }));
}

test("in a group another bot's command is not answered", () => withHost(async ({ server }) => {
  const group = server.chat(-1001, { title: 'Team' });
  server.say(group, server.user(7), { text: '/ask@other_bot ping', entities: [{ type: 'bot_command', offset: 0, length: 14 }] });
  server.say(group, server.user(7), { text: '@patch_bot pong', entities: [{ type: 'mention', offset: 0, length: 10 }] });
  const [shown] = await server.until((s) => s.visible(group).length >= 1 && s.visible(group), 'the answer');
  assert.match(shown.text, /pong/);
  assert.doesNotMatch(shown.text, /ping/);
}));

test('the General topic is answered where it was asked', () => withHost(async ({ server }) => {
  const group = server.chat(-1002, { title: 'Forum', is_forum: true, topics: [7] });
  server.say(group, server.user(7), { text: '@patch_bot here', entities: [{ type: 'mention', offset: 0, length: 10 }] });
  const [shown] = await server.until((s) => s.visible(group).length >= 1 && s.visible(group), 'the answer');
  assert.match(shown.text, /here/);
  assert.equal(shown.message_thread_id, undefined);
}));

test('a group that becomes a supergroup stays one conversation, by the wiring that names its old id', () => withHost(async ({ server, host }) => {
  const ask = async (chat, word) => {
    const { migratedTo, ...plain } = chat;
    server.say(plain, server.user(7), { text: `@patch_bot ${word}`, entities: [{ type: 'mention', offset: 0, length: 10 }] });
    await server.until((s) => texts(s, chat).some((text) => text.includes(word)), `the answer to ${word}`);
  };
  const group = server.chat(-4021, { title: 'Kitchen', type: 'group' });
  await ask(group, 'before');
  const supergroup = server.migrate(group, server.user(7), -1004021);
  await ask(supergroup, 'after');
  assert.match(host.log, /routing\.wiring_names_former_chat.*wirings\[0\]\.chats/);
  assert.deepEqual(await host.stop(), { code: 0, signal: null });
  await host.start();
  await ask(supergroup, 'again');
  const sessions = await host.sessions();
  assert.equal(sessions.length, 1, JSON.stringify(sessions));
  assert.equal(texts(server, group).length, 1);
}, (config) => ({ ...config, wirings: [{ chats: 'telegram:group:-4021', agent: 'main', engage: 'mention' }] })));

test('SIGHUP: an agent that runs reads where it may write as of now', () => withHost(async ({ server, host }) => {
  const groups = [-1001, -1002].map((id) => server.chat(id, { title: `Group ${id}` }));
  for (const group of groups) {
    server.say(group, server.user(7), { text: 'hello' });
    await server.until((s) => s.visible(group).length === 1, 'an answer');
  }
  const first = (await host.sessions()).find(({ key }) => key.includes('-1001'));
  const inbound = path.join(host.sessionFolder(first), 'inbound.db');
  const destinations = async () => (await readLive(inbound, { rows: 'SELECT platform_id FROM destinations ORDER BY 1' })).rows.map((row) => row.platform_id);
  assert.deepEqual(await destinations(), ['telegram:group:-1001']);
  host.process.kill('SIGHUP');
  const both = ['telegram:group:-1001', 'telegram:group:-1002'];
  await until(async () => (await destinations()).length === 2, 'the second chat to be a destination');
  assert.deepEqual(await destinations(), both);
}, (config) => ({ ...config, wirings: [{ chats: 'telegram:group:*', agent: 'main', engage: 'always' }] })));

test('with no configuration a token in the environment is enough', () => withHost(async ({ server }) => {
  const chat = server.chat(42, { first_name: 'Ada' });
  server.say(chat, server.user(42), { text: 'hello' });
  await server.until((s) => s.visible(chat).length >= 1, 'the answer');
  assert.deepEqual(texts(server, chat), ['hello']);
}, undefined, (server) => new Host({
  env: { TELEGRAM_BOT_TOKEN: server.token },
  args: ['--set', `instances.telegram.settings.api_base=${server.base}`],
})));

test('a topic keeps its answers', () => withHost(async ({ server }) => {
  const group = server.chat(-1002, { title: 'Forum', is_forum: true, topics: [7] });
  server.say(group, server.user(7), { text: '@patch_bot here', message_thread_id: 7, is_topic_message: true,
    entities: [{ type: 'mention', offset: 0, length: 10 }] });
  const [shown] = await server.until((s) => s.visible(group).length >= 1 && s.visible(group), 'the answer');
  assert.equal(shown.message_thread_id, 7);
}));

test('a photo comes back with its bytes', () => withHost(async ({ server }) => {
  const chat = server.chat(42);
  const bytes = randomBytes(200_000);
  const photo = server.upload(bytes, { file_name: 'p.jpg', mime_type: 'image/jpeg' });
  server.say(chat, server.user(42), { caption: 'look', photo: [{ ...photo, width: 1, height: 1 }] });
  const shown = await server.until((s) => s.visible(chat).find((m) => m.bytes), 'the photo');
  assert.ok(shown.bytes.equals(bytes));
}));

test('a document of 19 MB comes back with its bytes', () => withHost(async ({ server }) => {
  const chat = server.chat(42);
  const bytes = randomBytes(19 * 1000 * 1000);
  server.say(chat, server.user(42), { document: server.upload(bytes, { file_name: 'report.pdf', mime_type: 'application/pdf' }) });
  const shown = await server.until((s) => s.visible(chat).find((m) => m.bytes), 'the document', 60_000);
  assert.ok(shown.bytes.equals(bytes));
  assert.equal(shown.file_name, 'report.pdf');
}));

test('a file over the limit of the Bot API is told, not lost in silence', () => withHost(async ({ server }) => {
  const chat = server.chat(42);
  server.say(chat, server.user(42), { caption: 'big one', document: server.upload(Buffer.alloc(21 * 1024 * 1024), { file_name: 'big.bin' }) });
  const shown = await server.until((s) => s.visible(chat)[0], 'an answer');
  assert.match(shown.text, /big one/);
}));
