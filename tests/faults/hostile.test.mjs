// A session folder attacked by its own agent: refused or healed by name, no file outside touched,
// other sessions keep answering.
import test from 'node:test';
import { until } from '../e2e/lib/host.mjs';
import { underAttack } from './attacked-host.mjs';

// attack: the text that the agent is sent. Its function waits for what must come of it.
const attacks = {
  'symlink file': shows(/attack symlink-file/),
  'hard link': shows(/attack hard-link/),
  fifo: shows(/attack fifo/),
  'symlink outbox row': shows(/attack symlink-row/),
  'dot dot name': shows(/attack dot-dot/),
  'unsafe row id': shows(/attack unsafe-id/),
  'symlink inbox': shows(/attack inbox/),
  'symlink outbox': shows(/attack outbox/),
  'rows deleted': shows(/attack rows-deleted/),
  'table emptied': shows(/attack after-emptied/),
  'huge content': ends(/huge/),
  'endless view': logs(/messages_out is no plain table/),
  'corrupt file': logs(/set aside with the ending \.corrupt-/),
  'fifo journal': logs(/outbound\.db-journal is a FIFO/),
  'super journal': logs(/outbound\.db is refused: its journal names a super-journal/),
};

function shows(pattern) {
  return (attacked) => attacked.shows(pattern);
}
function ends(pattern) {
  return ({ host }) => until(async () => (await host.deliveries()).find((d) => pattern.test(d.rowId) && d.state === 'failed'), `${pattern} to fail`);
}
function logs(pattern) {
  return async (attacked) => {
    await attacked.done();
    await attacked.logs(pattern);
  };
}

for (const [attack, expect] of Object.entries(attacks)) {
  test(`attack: ${attack}`, () => underAttack(async (attacked) => {
    attacked.say(attack);
    await expect(attacked);
  }));
}
