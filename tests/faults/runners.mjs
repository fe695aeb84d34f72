// The processes of isolated adapters, as the system lists them.

import fs from 'node:fs';

const NAME = 'patchbay-adapte'; // of patchbay-adapter-runner, as long as Linux keeps a name

function processes() {
  return fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).flatMap((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const nameEnd = stat.lastIndexOf(')');
      const [state, parent] = stat.slice(nameEnd + 2).split(' ');
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return [{ pid: Number(pid), parent: Number(parent), name: stat.slice(stat.indexOf('(') + 1, nameEnd), state, words }];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

// Those that serve a host an instance of the channel; probes of libraries are none.
export function runnersOf(host, channel) {
  return processes().filter(({ parent, name, state, words }) => parent === host && name === NAME && state !== 'Z' &&
    words[1] === '--serve' && words[4] === channel);
}

export const isThere = (pid) => processes().some((one) => one.pid === pid && one.state !== 'Z');
