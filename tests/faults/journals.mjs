// Rollback journals as a writer of SQLite leaves them, made by hand: what stands in them is chosen.

const MAGIC = Buffer.from([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
const NONCE = 0x1234;
const SECTOR = 512;
const PAGE = 4096;
const LOCK_PAGE = 0x40000000 / PAGE + 1;

function numbers(...values) {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, 4 * index));
  return bytes;
}

function checksum(page) {
  let sum = NONCE;
  for (let at = PAGE - 200; at > 0; at -= 200) sum += page[at];
  return sum;
}

// A journal that would bring a database back to `earlier`, the bytes of that database. With
// superJournal, a path: a journal whose rollback would ask for that file, and delete it.
export function makeJournal(earlier, { superJournal } = {}) {
  const count = earlier.length / PAGE;
  const pages = superJournal ? 0 : count;
  const head = Buffer.alloc(SECTOR);
  Buffer.concat([MAGIC, numbers(pages, NONCE, count, SECTOR, PAGE)]).copy(head);
  const parts = [head];
  for (let page = 0; page < pages; ++page) {
    const bytes = earlier.subarray(page * PAGE, (page + 1) * PAGE);
    parts.push(numbers(page + 1), bytes, numbers(checksum(bytes)));
  }
  if (superJournal) {
    const name = Buffer.from(superJournal);
    const sum = name.reduce((total, byte) => total + byte, 0);
    parts.push(numbers(LOCK_PAGE), name, numbers(name.length, sum), MAGIC);
  }
  return Buffer.concat(parts);
}

// For the sqlite3 shell: a transaction of which pages are in the database already when its writer
// is killed, so that an honest hot journal stays.
export const DIES_IN_TRANSACTION = (change) => `PRAGMA cache_size=1; BEGIN IMMEDIATE; ${change};\n.shell kill -9 $PPID\n`;
