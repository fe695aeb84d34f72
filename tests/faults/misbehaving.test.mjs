// The misbehaving sample in a real host, beside Telegram with people who talk meanwhile: every switch of its
// README, in processes of their own and, where it can be survived there, in the host's. Nobody on Telegram
// notices; the host says what became of each bad instance, and ends in order.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { MisbehavingHost, TOKEN, makePluginFolder, switchesOfReadme } from './misbehaving.mjs';

const AT_ONCE = 16; // instances in a host: so that their processes do not flood a small machine
const HARMS_ALL = 'it is done to the process of the host, whose adapters share it';

// What becomes of the deliveries that each instance is given (two texts, and one with a file), as the
// ledger has them: delivered, failed, unknown, sending, waiting. Without a deed of its own the sample posts
// texts to its platform, and says that it cannot send files.
const WELL = { rows: /^DDF$/ };
const DONE = { rows: /^DDD$/ };
const broken = (what) => ({ ...DONE, broken: what });
const refused = (reason, action) => ({ rows: /^WWW$/, state: 'failed', reason, action });
const refusedSettings = (reason) => refused(reason, /^correct the settings of instance /);
// It is started again and again; `group`: with others that are, so that the rest need not wait for it.
const lost = (reason, daemon = HARMS_ALL) => ({ rows: /^[WS]WW$/, state: 'lost', reason, daemon, group: 'lost' });

// One entry for each switch of the README. `daemon`: what differs in the host's process; a text: why it is
// not tried there. `posts`: how many requests reach the platform. `either`: undefined behaviour, which may or
// may not end its process.
const PLANS = {
  complete_twice: broken(/^op_complete\(\) of operation \d+ for a second time$/),
  complete_foreign: broken(/^op_complete\(\) of operation \d+, which nobody asked for$/),
  complete_never: { rows: /^SWW$/, rowsAtEnd: /^WWW$/, group: 'slow' }, // as long as five minutes
  fail_without_words: { rows: /^FFF$/ },
  code_of_no_class: { rows: /^FFF$/ },
  ok_but_not_sent: DONE,
  retry_what_was_sent: { rows: /^UUU$/ },
  operation_zero: broken(/^timer was asked for with operation id 0$/),
  operation_pending_twice: broken(/^timer was asked for with the id of an operation under way$/),
  part_before_durable: DONE,
  part_skipped: broken(/^op_part: part 3 where 0 is next$/),
  part_of_nothing: broken(/^op_part: there is no such delivery$/),
  part_without_id: broken(/^op_part: it needs a remote id, and the cursor is at most 1 KiB$/),
  part_id_too_long: broken(/^op_part: it needs a remote id, and the cursor is at most 1 KiB$/),
  part_number_of_a_text: DONE,
  request_before_durable: DONE,
  request_for_nothing: DONE,
  request_of_a_short_file: { ...lost(/a descriptor that is no regular file/), daemon: { ...DONE, state: 'online', reason: undefined } },
  method_of_two_words: DONE,
  url_with_a_space: DONE,
  header_of_two_lines: DONE,
  post_elsewhere: { ...DONE, logs: /warning adapter\.host_refused instance=\S+ reason="https:\/\/not-allowed\.example\.org:443: host not-allowed\.example\.org is not one of/ },
  headers_without_stride: { ...DONE, posts: 0 },
  headers_without_size: { ...DONE, posts: 0 },
  event_without_chat: broken(/^event: its chat has no id$/),
  event_without_ids: broken(/^event: a message needs a message_id$/),
  event_id_too_long: broken(/^event: its id is over the limit of 512 bytes$/),
  event_text_too_long: broken(/^event: its text is over the limit of 1048576 bytes$/),
  event_without_size: broken(/^event: it is incomplete \(struct_size\)$/),
  sender_without_size: broken(/^event: its sender is incomplete$/),
  chat_of_no_text: broken(/^event: the chat's id is not UTF-8 text$/),
  reaction_without_emoji: broken(/^event: a reaction needs an emoji$/),
  edit_without_target: DONE,
  file_without_source: broken(/^event: a file needs exactly one of staging, reference and error$/),
  event_of_no_text: DONE,
  extra_is_no_object: broken(/^event: extra_json is no JSON object$/),
  fact_is_no_object: broken(/^metadata\(\) that is no JSON object$/),
  file_not_committed: DONE,
  write_to_no_file: DONE,
  log_two_lines: { ...DONE, logs: /info adapter\.log instance=\S+ message="one two"$/ },
  log_the_token: { ...DONE, logs: /info adapter\.log instance=\S+ message="logged in with \[redacted\]"$/ },
  report_of_nothing: broken(/^report\(\) without remote id and key$/),
  state_of_no_kind: broken(/^set_state\(\) with a state that is not known$/),
  timer_negative: DONE,
  key_too_long: DONE,
  listener_of_no_name: DONE,
  keep_pointers: { ...DONE, either: /^[DW]{3}$/, daemon: 'it reads memory that was given back' },
  close_the_file: { ...DONE, daemon: 'it closes a descriptor of the host, whose number may be another\'s by then' },
  leak_descriptors: WELL,
  stopped_without_stop: { rows: /^DWW$/, state: 'failed', reason: /^the adapter stopped by itself$/, action: /restart Patchbay$/ },
  be_slow: { ...WELL, logs: /warning adapter\.slow_call instance=\S+ call=deliver ms=\d+ limit_ms=50$/ },
  hang: { ...lost(/a call of the adapter's deliver did not come back within 5000 ms/),
    daemon: { ...refused(/^a call of the adapter's deliver did not come back within 5000 ms; it is not called any more$/, /^restart Patchbay/) } },
  throw: lost(/it crashed \(Aborted\); it wrote: terminate called after throwing an instance of 'int'/),
  crash: lost(/it crashed \(Segmentation fault\)|it wrote: .*SEGV|exit code 1/),
  exit: lost(/it ended its process \(exit code \d+\)/), // 0, but a sanitizer that looks for leaks has its own
  abort: lost(/it crashed \(Aborted\)/),
  signal_handler: { ...WELL, daemon: HARMS_ALL },
  locale: { ...WELL, mayBeRefused: /call=openat path=\/usr\/share\/locale\/locale\.alias/, daemon: HARMS_ALL }, // a link to /etc
  umask: { ...WELL, daemon: HARMS_ALL },
  working_folder: { ...WELL, daemon: HARMS_ALL },
  environment: { ...WELL, daemon: HARMS_ALL },
  print: WELL,
  // A delivery is cancelled after five minutes, which is not waited for here: its request is when the host stops.
  complete_at_cancel: { silent: true, rows: /^SWW$/, rowsAtEnd: /^UWW$/, group: 'slow' },
  forget_the_cancelled: { silent: true, rows: /^SWW$/, rowsAtEnd: /^UWW$/, group: 'slow' },
  webhook_answered_twice: { ...WELL, webhook: 200 },
  webhook_of_no_status: { ...WELL, webhook: 500 },
  webhook_without_answer: { ...WELL, webhook: 503 },
  webhook_answer_without_size: { ...WELL, webhook: 500 },
  declare_edit: WELL,
  declare_edit_with_a_bug: WELL,
  edit_undeclared: WELL,
  edit_rejected: WELL,
  declare_typing: WELL,
  lookup_without_function: WELL, // no host of today asks
  overrun_capabilities: { ...WELL, either: /^[DWF]{3}$/, daemon: 'it writes into memory of the host' },
  // The host gives no adapter payloads to translate: that is for tests.
  translate_to_nothing_known: WELL,
  translate_nothing: WELL,
  fetch_never: WELL,
  fetch_without_commit: WELL,
  crash_on_nonsense: WELL,
  have_every_extension: WELL,
  expect_every_extension: WELL,
  refuse_without_words: refusedSettings(/^the adapter refused its settings \(code -\d+\) and did not say why$/),
  create_of_no_code: refusedSettings(/^setting 'misbehave' asks for it: take it out$/),
  create_half: refused(/^the adapter leaves out a function that it must have$/, /^get a working build of it$/),
  overrun_instance: { ...WELL, either: /^[DWF]{3}$/, daemon: 'it writes into memory of the host' },
  work_in_create: { ...WELL, broken: /^http was asked for outside start\(\) … stopped\(\)$/ },
  staging_in_create: WELL,
  file_in_create: WELL,
  hang_in_create: { ...lost(/the adapter's create\(\) did not come back within 5000 ms/),
    // Nobody may enter its library again, so no other instance of it stands beside it.
    daemon: { ...refused(/^the adapter's create\(\) did not come back; it is not called any more$/, /^restart Patchbay/), group: 'alone' } },
  never_rest: { ...WELL, group: 'slow' },
  stop_never: { ...WELL, group: 'slow', end: /state=stopped reason="the adapter did not stop within 10000 ms"/,
    daemon: { end: /state=failed reason="the adapter did not stop within 10000 ms; it is not called any more"/ } },
  stop_too_early: WELL,
  call_after_stopped: WELL,
  log_after_stopped: WELL,
  crash_in_destroy: { ...WELL, daemon: HARMS_ALL },
};

const isTried = ({ daemon }, isolation) => isolation === 'process' || typeof daemon !== 'string';

// The plans of a kind of isolation in groups, each for a host: {name: [plan with its switch's name]}.
function groupsFor(isolation) {
  const groups = {};
  const counted = {};
  for (const [name, { daemon, ...plan }] of Object.entries(PLANS)) {
    if (!isTried({ daemon }, isolation)) continue;
    const whole = { name, state: 'online', ...plan, ...(isolation === 'daemon' ? daemon : {}) };
    const kind = whole.group ?? 'brief';
    counted[kind] = (counted[kind] ?? 0) + 1;
    const group = `${kind} ${Math.ceil(counted[kind] / AT_ONCE)}`;
    groups[group] = [...(groups[group] ?? []), whole];
  }
  return groups;
}

let plugins;
before(() => { plugins = makePluginFolder(); });
after(() => fs.rmSync(path.dirname(plugins), { recursive: true, force: true }));

test('every switch of the README has a plan here', () => {
  assert.deepEqual(Object.keys(PLANS).sort(), switchesOfReadme().sort());
});

for (const isolation of ['process', 'daemon']) {
  for (const [group, bad] of Object.entries(groupsFor(isolation))) {
    test(`${isolation}, ${group}: ${bad.map(({ name }) => name).join(', ')}`, () =>
      new MisbehavingHost({ plugins, isolation, bad }).run());
  }
}

// Elsewhere the token comes from the environment.
test('a token that stands in the configuration is in no line of the log, whatever the adapter logs', () =>
  new MisbehavingHost({ plugins, isolation: 'daemon', token: TOKEN, bad: [{ ...PLANS.log_the_token, name: 'log_the_token', state: 'online' }] }).run());
