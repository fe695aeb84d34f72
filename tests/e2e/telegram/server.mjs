// A Bot API server on loopback, with the behaviour that bots depend on: update queues confirmed by
// offset, long polling, one poller at a time, multipart uploads, file downloads, limits and error
// texts. Source: https://core.telegram.org/bots/api and the texts of tdlib/telegram-bot-api.
//
// A test plays the people: server.say(…) and friends put updates in the queue; server.visible(chat)
// is what people see. Faults are scripted with server.script(method, fault).

import http from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMultipart } from './multipart.mjs';
import { visibleText } from './html.mjs';

const DOWNLOAD_LIMIT = 20 * 1024 * 1024;
const UPLOAD_LIMIT = 50 * 1024 * 1024;
const TEXT_LIMIT = 4096;
const CAPTION_LIMIT = 1024;
const MEDIA = { sendPhoto: 'photo', sendDocument: 'document', sendAudio: 'audio',
  sendVideo: 'video', sendVoice: 'voice', sendAnimation: 'animation', sendSticker: 'sticker' };

class ApiError extends Error {
  constructor(code, description, parameters) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}
const badRequest = (what) => new ApiError(400, `Bad Request: ${what}`);

export class TelegramServer {
  constructor({ token = '123456:AAcanary-token-that-must-not-leak', username = 'patch_bot' } = {}) {
    this.token = token;
    this.me = { id: 123456, is_bot: true, first_name: 'Patch', username,
      can_join_groups: true, can_read_all_group_messages: false, supports_inline_queries: false };
    this.chats = new Map();
    this.files = new Map();
    this.messages = []; // everything that was shown, in order: {chat, message_id, text, …}
    this.calls = []; // every request: {method, params, at}
    this.updates = []; // not confirmed yet
    this.pushed = []; // every one that there ever was
    this.nextUpdate = 1000;
    this.nextMessage = 1;
    this.poll = null;
    this.scripts = new Map();
    this.latency = null; // (method) => milliseconds, waited both before it happens and before the answer
    this.reactions = [];
    this.deleted = [];
    this.actions = [];
    this.watchers = new Set();
    this.http = this.#server();
  }

  #server() {
    const server = http.createServer((request, response) => this.#serve(request, response));
    server.keepAliveTimeout = 30_000;
    return server;
  }

  async start(port = 0) {
    this.http.listen(port, '127.0.0.1');
    await once(this.http, 'listening');
    this.port = this.http.address().port;
    this.base = `http://127.0.0.1:${this.port}`;
    return this;
  }

  async stop() {
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, 'close');
  }

  // Nobody listens any more: connections are refused, until it comes back.
  async goAway() {
    await this.stop();
    this.http = this.#server();
  }

  comeBack() {
    return this.start(this.port);
  }

  // Another program asks with the same token, which ends our poll.
  async anotherPolls() {
    const answer = await fetch(`${this.base}/bot${this.token}/getUpdates?timeout=0`);
    await answer.text();
  }

  // ---- people ---------------------------------------------------------------------------------

  chat(id, fields = {}) {
    const chat = { id, type: id > 0 ? 'private' : 'supergroup', ...fields };
    this.chats.set(id, chat);
    return chat;
  }

  user(id, first_name = 'Ada', fields = {}) {
    return { id, is_bot: false, first_name, ...fields };
  }

  // An update of any kind; returns its id.
  push(update) {
    const update_id = this.nextUpdate++;
    this.updates.push({ update_id, ...update });
    this.pushed.push({ update_id, ...update });
    this.#changed();
    return update_id;
  }

  // Somebody writes: {chat, from, text, …}; returns the message.
  say(chat, from, fields) {
    const message = { message_id: this.nextMessage++, from, chat,
      date: Math.floor(Date.now() / 1000), ...fields };
    this.push({ message });
    return message;
  }

  // A group becomes a supergroup, as an admin may make it: both chats say so, and the old id is
  // refused from now on. Returns the new chat.
  migrate(group, admin, id) {
    const supergroup = this.chat(id, { ...group, id, type: 'supergroup' });
    group.migratedTo = id;
    const { migratedTo, ...old } = group; // people's messages do not have it
    this.say(old, admin, { migrate_to_chat_id: id });
    this.say(supergroup, admin, { migrate_from_chat_id: group.id });
    return supergroup;
  }

  // A file that people can send: returns what stands in a message as photo or document.
  upload(bytes, { file_name = 'file.bin', mime_type = 'application/octet-stream' } = {}) {
    const file_unique_id = `u${this.files.size + 1}`;
    const file_id = `file-${file_unique_id}`;
    this.files.set(file_id, { bytes, path: `documents/${file_unique_id}/${file_name}` });
    return { file_id, file_unique_id, file_size: bytes.length, file_name, mime_type };
  }

  visible(chat) {
    return this.messages.filter((m) => m.chat.id === (chat.id ?? chat) && !this.deleted.includes(m));
  }

  // ---- faults ---------------------------------------------------------------------------------

  // The next call of `method` (or every one until unscripted, with times: Infinity) does not work:
  //   {error: {code, description, parameters}}   answered so
  //   {status, body}                             answered raw
  //   {cut: 'before'}   the connection ends before the body was read: nothing happens
  //   {cut: 'middle'}   the same, once some of the body came
  //   {cut: 'after'}    it happens, and the connection ends without an answer
  //   {hold: promise}   it is answered after that
  script(method, fault, times = 1) {
    const list = this.scripts.get(method) ?? [];
    list.push({ fault, times });
    this.scripts.set(method, list);
  }

  unscript(method) {
    this.scripts.delete(method);
  }

  #fault(method) {
    const list = this.scripts.get(method);
    if (!list || list.length === 0) return null;
    const first = list[0];
    first.times -= 1;
    if (first.times <= 0) list.shift();
    return first.fault;
  }

  // ---- waiting --------------------------------------------------------------------------------

  #changed() {
    for (const watcher of [...this.watchers]) watcher();
  }

  // Resolves when condition(server) is true; rejects at the deadline, saying what was waited for.
  until(condition, what, timeout = 20_000) {
    return new Promise((resolve, reject) => {
      const check = () => {
        let result;
        try { result = condition(this); } catch (error) { finish(); reject(error); return; }
        if (result) { finish(); resolve(result); }
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`waited ${timeout} ms for: ${what}\nvisible: ${JSON.stringify(this.messages.map((m) => m.text ?? m.caption ?? '(file)'))}`));
      }, timeout);
      const finish = () => { clearTimeout(timer); this.watchers.delete(check); };
      this.watchers.add(check);
      check();
    });
  }

  // ---- the wire -------------------------------------------------------------------------------

  async #serve(request, response) {
    const url = new URL(request.url, this.base);
    const download = /^\/file\/bot([^/]+)\/(.+)$/.exec(url.pathname);
    if (download) {
      this.#download(download[1], decodeURIComponent(download[2]), response);
      return;
    }
    const match = /^\/bot([^/]+)\/(\w+)$/.exec(url.pathname);
    if (!match || match[1] !== this.token) {
      request.resume();
      this.#answer(response, match ? 401 : 404,
        { ok: false, error_code: match ? 401 : 404, description: match ? 'Unauthorized' : 'Not Found' });
      return;
    }
    const method = match[2];
    const fault = this.#fault(method);
    if (fault?.cut === 'before' || fault?.cut === 'middle') {
      if (fault.cut === 'middle') await once(request, 'data');
      this.calls.push({ method, params: null, cut: fault.cut, at: Date.now() });
      request.socket.destroy();
      this.#changed();
      return;
    }
    let params;
    try {
      params = await this.#params(request, url);
    } catch {
      return; // the client went away in the middle of its body
    }
    this.calls.push({ method, params, at: Date.now() });
    this.#changed();
    if (fault?.hold) await fault.hold;
    if (fault?.status) {
      response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
      return;
    }
    try {
      if (fault?.error) {
        throw new ApiError(fault.error.code, fault.error.description, fault.error.parameters);
      }
      if (this.latency) await sleep(this.latency(method));
      const result = await this.#call(method, params, request);
      this.#changed();
      if (this.latency) await sleep(this.latency(method));
      if (fault?.cut === 'after') {
        request.socket.destroy();
        return;
      }
      this.#answer(response, 200, { ok: true, result });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#answer(response, error.code, { ok: false, error_code: error.code,
        description: error.message, parameters: error.parameters });
    }
  }

  async #params(request, url) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const type = request.headers['content-type'] ?? '';
    const params = Object.fromEntries(url.searchParams);
    if (type.startsWith('application/json')) {
      Object.assign(params, body.length > 0 ? JSON.parse(body) : {});
    } else if (type.startsWith('application/x-www-form-urlencoded')) {
      Object.assign(params, Object.fromEntries(new URLSearchParams(body.toString())));
    } else if (type.startsWith('multipart/form-data')) {
      const { fields, files } = parseMultipart(body, type);
      Object.assign(params, fields);
      params.$files = files;
    }
    // Forms carry JSON as text.
    for (const name of ['reply_parameters', 'reply_markup', 'allowed_updates', 'reaction', 'entities', 'media']) {
      if (typeof params[name] === 'string') params[name] = JSON.parse(params[name]);
    }
    return params;
  }

  #answer(response, status, body) {
    const headers = { 'content-type': 'application/json' };
    if (body.parameters?.retry_after) headers['retry-after'] = String(body.parameters.retry_after);
    response.writeHead(status, headers).end(JSON.stringify(body));
  }

  #download(token, path, response) {
    const file = token === this.token && [...this.files.values()].find((f) => f.path === path);
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const fault = this.#fault('download');
    if (fault?.cut) {
      response.writeHead(200, { 'content-length': file.bytes.length });
      response.write(file.bytes.subarray(0, Math.floor(file.bytes.length / 2)), () => response.destroy());
      return;
    }
    response.writeHead(200, { 'content-length': file.bytes.length }).end(file.bytes);
  }

  // ---- methods --------------------------------------------------------------------------------

  async #call(method, params, request) {
    if (method === 'getMe') return this.me;
    if (method === 'getUpdates') return this.#getUpdates(params, request);
    if (method === 'deleteWebhook') return true;
    if (method === 'getFile') return this.#getFile(params);
    if (method === 'sendChatAction') { this.actions.push(params); return true; }
    if (method === 'answerCallbackQuery') return true;
    const chat = this.#chatOf(params.chat_id);
    if (method === 'sendMessage') return this.#show(chat, params, { text: this.#text(params.text, params, TEXT_LIMIT) });
    if (MEDIA[method]) return this.#sendMedia(chat, MEDIA[method], params);
    if (method === 'editMessageText') return this.#edit(chat, params);
    if (method === 'deleteMessage') return this.#delete(chat, params);
    if (method === 'setMessageReaction') { this.reactions.push(params); return true; }
    throw new ApiError(404, 'Not Found: method not found');
  }

  async #getUpdates({ offset = 0, limit = 100, timeout = 0, allowed_updates }, request) {
    if (this.poll) {
      this.poll.conflict();
    }
    if (allowed_updates) this.allowedUpdates = allowed_updates;
    const from = Number(offset);
    this.updates = this.updates.filter((u) => u.update_id >= from);
    this.confirmed = Math.max(this.confirmed ?? 0, from);
    const ready = () => this.updates.slice(0, Number(limit));
    if (ready().length > 0 || Number(timeout) === 0) return ready();
    let conflict;
    const conflicted = new Promise((_, reject) => {
      conflict = () => reject(new ApiError(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running'));
    });
    const poll = { conflict };
    this.poll = poll;
    const gone = new Promise((resolve) => request.socket.once('close', () => resolve('gone')));
    let timer;
    const waited = new Promise((resolve) => { timer = setTimeout(resolve, Number(timeout) * 1000); });
    let notify;
    const arrived = new Promise((resolve) => {
      notify = () => { if (ready().length > 0) resolve(); };
      this.watchers.add(notify);
    });
    try {
      await Promise.race([arrived, waited, conflicted, gone]);
      return ready();
    } finally {
      clearTimeout(timer);
      this.watchers.delete(notify);
      if (this.poll === poll) this.poll = null;
    }
  }

  #getFile({ file_id }) {
    const file = this.files.get(file_id);
    if (!file) throw badRequest('wrong file_id or the file is temporarily unavailable');
    if (file.bytes.length > DOWNLOAD_LIMIT) throw badRequest('file is too big');
    return { file_id, file_unique_id: file_id, file_size: file.bytes.length, file_path: file.path };
  }

  #chatOf(id) {
    const chat = this.chats.get(Number(id));
    if (!chat) throw badRequest('chat not found');
    if (chat.migratedTo) {
      throw new ApiError(400, 'Bad Request: group chat was upgraded to a supergroup chat',
        { migrate_to_chat_id: chat.migratedTo });
    }
    if (chat.blocked) throw new ApiError(403, 'Forbidden: bot was blocked by the user');
    return chat;
  }

  #text(text = '', { parse_mode }, limit) {
    let visible;
    try {
      visible = parse_mode === 'HTML' ? visibleText(text) : text;
    } catch (error) {
      throw badRequest(error.message);
    }
    if (visible.length > limit) {
      throw badRequest(limit === TEXT_LIMIT ? 'message is too long' : 'message caption is too long');
    }
    return visible;
  }

  #show(chat, params, content) {
    if (content.text !== undefined && content.text.trim() === '') throw badRequest('message text is empty');
    if (params.message_thread_id !== undefined &&
        !(chat.topics ?? []).includes(Number(params.message_thread_id))) {
      throw badRequest('message thread not found');
    }
    const message = { message_id: this.nextMessage++, from: this.me, chat,
      date: Math.floor(Date.now() / 1000), ...content };
    if (params.message_thread_id !== undefined) {
      message.message_thread_id = Number(params.message_thread_id);
      message.is_topic_message = true;
    }
    if (params.reply_parameters) message.reply_to = params.reply_parameters.message_id;
    if (params.reply_markup) message.reply_markup = params.reply_markup;
    this.messages.push(message);
    // Only what the Bot API's Message has goes on the wire.
    const { reply_to, bytes, ...wire } = message;
    return wire;
  }

  #sendMedia(chat, kind, params) {
    // A part of the field's own name, or one that the field names.
    const attached = /^attach:\/\/(.+)$/.exec(params[kind] ?? '')?.[1];
    const file = params.$files?.[attached ?? kind];
    if (!file) throw badRequest(`there is no ${kind} in the request`);
    if (file.bytes.length > (kind === 'photo' ? 10 * 1024 * 1024 : UPLOAD_LIMIT)) {
      throw new ApiError(413, 'Request Entity Too Large');
    }
    const sent = this.upload(file.bytes, { file_name: file.filename, mime_type: file.mime });
    const content = { bytes: file.bytes,
      [kind]: kind === 'photo' ? [{ ...sent, width: 1, height: 1 }] : sent };
    if (params.caption) content.caption = this.#text(params.caption, params, CAPTION_LIMIT);
    content.file_name = file.filename;
    return this.#show(chat, params, content);
  }

  #find(chat, params, what) {
    const message = this.messages.find((m) => m.chat.id === chat.id && m.message_id === Number(params.message_id));
    if (!message || this.deleted.includes(message)) throw badRequest(`message to ${what} not found`);
    return message;
  }

  #edit(chat, params) {
    const message = this.#find(chat, params, 'edit');
    const text = this.#text(params.text, params, TEXT_LIMIT);
    if (text === message.text) {
      throw badRequest('message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message');
    }
    message.text = text;
    message.edit_date = Math.floor(Date.now() / 1000);
    return message;
  }

  #delete(chat, params) {
    this.deleted.push(this.#find(chat, params, 'delete'));
    return true;
  }
}
