// Holds a lock on a database for as long as it lives: hold-lock.mjs DATABASE SQL MARK. The file
// MARK appears with its process id once the lock is held.
import { spawn } from 'node:child_process';
import fs from 'node:fs';

const [database, sql, mark] = process.argv.slice(2);
// The shell of SQLite ends, and the lock with it, when this process and so its input end.
const shell = spawn('sqlite3', [database], { stdio: ['pipe', 'pipe', 'inherit'] });
shell.stdin.write(`.timeout 5000\n${sql};\n.print held\n`);
let output = '';
shell.stdout.on('data', (bytes) => {
  output += bytes;
  if (!output.includes('held')) return;
  fs.writeFileSync(`${mark}.new`, String(process.pid));
  fs.renameSync(`${mark}.new`, mark);
});
