// What Telegram answers when things go wrong, and what people, agent and operator see of it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Host, until } from './lib/host.mjs';
import { telegramConfig } from './lib/configs.mjs';
import { TelegramServer } from './telegram/server.mjs';

async function withHost(body) {
  const server = await new TelegramServer().start();
  const host = new Host({ config: telegramConfig(server) });
  try {
    await body({ server, host });
    assert.ok(!host.log.includes(server.token), 'the token is in the log');
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-6000)}`;
    throw error;
  } finally {
    if (host.alive) await host.stop();
    await server.stop();
    host.remove();
  }
}

async function ask(server, text = 'hello') {
  const chat = server.chats.get(42) ?? server.chat(42);
  server.say(chat, server.user(42), { text });
  return chat;
}

const ended = (host, state) => until(async () => (await host.deliveries(state))[0], `a delivery that is ${state}`);

test('429: waits as long as it was told, then delivers once', () => withHost(async ({ server, host }) => {
  await host.start();
  server.script('sendMessage', { error: { code: 429, description: 'Too Many Requests: retry after 2', parameters: { retry_after: 2 } } });
  const chat = await ask(server);
  await server.until((s) => s.visible(chat).length === 1, 'the answer');
  const sends = server.calls.filter((c) => c.method === 'sendMessage');
  assert.equal(sends.length, 2);
  assert.ok(sends[1].at - sends[0].at >= 2000, `waited ${sends[1].at - sends[0].at} ms`);
  assert.equal((await ended(host, 'delivered')).attempts, 2);
}));

test('400 chat not found: failed with the reason, the agent is told', () => withHost(async ({ server, host }) => {
  await host.start();
  server.script('sendMessage', { error: { code: 400, description: 'Bad Request: chat not found' } }, Infinity);
  await ask(server);
  const failed = await ended(host, 'failed');
  assert.match(failed.reason, /chat not found/);
  assert.equal(server.calls.filter((c) => c.method === 'sendMessage').length, 1);
}));

test('500: the platform says that nothing was done; tried again and delivered once', () => withHost(async ({ server, host }) => {
  await host.start();
  server.script('sendMessage', { error: { code: 500, description: 'Internal Server Error' } });
  const chat = await ask(server);
  const state = await until(async () => (await host.deliveries()).find((d) => ['delivered', 'unknown'].includes(d.state)), 'an end');
  if (state.state === 'delivered') assert.equal(server.visible(chat).length, 1);
  else assert.match(state.reason, /500|server/i);
}));

test('cut before the body was read: never shown twice', () => withHost(async ({ server, host }) => {
  await host.start();
  server.script('sendMessage', { cut: 'before' });
  const chat = await ask(server);
  const state = await until(async () => (await host.deliveries()).find((d) => ['delivered', 'unknown'].includes(d.state)), 'an end');
  assert.ok(server.visible(chat).filter((m) => m.text === 'hello').length <= 1);
  if (state.state === 'unknown') assert.notEqual(state.reason, '');
}));

test('cut after the body left: unknown with its evidence, shown once, agent told', () => withHost(async ({ server, host }) => {
  await host.start();
  server.script('sendMessage', { cut: 'after' });
  const chat = await ask(server);
  const unknown = await ended(host, 'unknown');
  assert.notEqual(unknown.reason, '');
  assert.equal(server.visible(chat).filter((m) => m.text === 'hello').length, 1);
  assert.ok(server.calls.filter((c) => c.method === 'sendMessage' && c.params?.text === 'hello').length === 1);
}));

test('401: stops polling, says what to do, and delivers nothing', () => withHost(async ({ server, host }) => {
  const good = server.token;
  server.token = '1:AAother-token-of-the-server-only';
  await host.start();
  const telegram = await until(async () => (await host.call('status')).instances.find((i) => i.name === 'telegram' && ['login required', 'failed'].includes(i.state)), 'the state');
  assert.match(telegram.userAction, /token/i);
  assert.ok(!JSON.stringify(await host.call('status')).includes(good));
}));

test('409: stays alive, says so, and serves when the other poller is gone', () => withHost(async ({ server, host }) => {
  server.script('getUpdates', { error: { code: 409, description: 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running' } }, 3);
  await host.start();
  const chat = await ask(server);
  await server.until((s) => s.visible(chat).length === 1, 'the answer', 120_000);
  const polls = server.calls.filter((c) => c.method === 'getUpdates').length;
  assert.ok(polls < 30, `${polls} polls: a tight loop`);
}));
