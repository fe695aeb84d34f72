// The server is only worth something if the real client lives with it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Bot, InputFile } from 'grammy';
import { TelegramServer } from './server.mjs';

test('grammY polls, answers, sends and downloads files, and sees errors as from Telegram', async () => {
  const server = await new TelegramServer().start();
  const bot = new Bot(server.token, { client: { apiRoot: server.base } });
  try {
    const chat = server.chat(42, { first_name: 'Ada' });
    bot.on('message:text', (context) => context.reply(`<b>echo</b> ${context.message.text}`, { parse_mode: 'HTML' }));
    bot.on('message:document', async (context) => {
      const file = await context.getFile();
      const response = await fetch(`${server.base}/file/bot${server.token}/${file.file_path}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      await context.replyWithDocument(new InputFile(bytes, 'back.bin'), { caption: 'here' });
    });
    bot.start({ timeout: 5, allowed_updates: ['message'] });

    server.say(chat, server.user(42), { text: 'hello' });
    await server.until((s) => s.visible(chat)[0]?.text === 'echo hello', 'the echo');

    const content = Buffer.alloc(300_000, 'x');
    server.say(chat, server.user(42), { document: server.upload(content, { file_name: 'a.bin' }) });
    const shown = await server.until((s) => s.visible(chat)[1], 'the document');
    assert.equal(shown.caption, 'here');
    assert.deepEqual(shown.bytes, content);
    assert.deepEqual(server.allowedUpdates, ['message']);

    await assert.rejects(bot.api.sendMessage(999, 'x'), { error_code: 400, description: 'Bad Request: chat not found' });
    await assert.rejects(bot.api.sendMessage(42, '<b>x', { parse_mode: 'HTML' }), /can't parse entities/);
    server.script('sendMessage', { error: { code: 429, description: 'Too Many Requests: retry after 3', parameters: { retry_after: 3 } } });
    await assert.rejects(bot.api.sendMessage(42, 'x'), (error) => error.parameters.retry_after === 3);
  } finally {
    await bot.stop();
    await server.stop();
  }
});
