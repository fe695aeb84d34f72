// A file system of a few megabytes for a host, in a mount namespace of its own (no rights needed),
// and the way to fill it to the last byte.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';

const MOUNT = 'mount -t tmpfs -o size="$1" none "$2" && echo mounted && exec cat';

export class SmallDisk {
  // At `folder`, for those alone that run `within` it.
  constructor(folder, bytes) {
    this.folder = folder;
    this.bytes = bytes;
  }

  async mount() {
    this.keeper = spawn('unshare', ['--map-root-user', '--mount', 'sh', '-c', MOUNT, 'sh', String(this.bytes), this.folder],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    this.gone = once(this.keeper, 'exit');
    const mounted = await Promise.race([once(this.keeper.stdout, 'data'), this.gone]);
    if (String(mounted[0]) !== 'mounted\n') throw new Error('a test of a full disk needs unshare and user namespaces');
    return this;
  }

  // A command before that of a process that shall see the disk.
  get within() { return ['nsenter', `--target=${this.keeper.pid}`, '--user', '--mount', '--preserve-credentials', '--']; }

  // Where everybody else finds what is on it.
  get seen() { return path.join(`/proc/${this.keeper.pid}/root`, this.folder); }

  // No byte is left.
  fill() {
    const filler = fs.openSync(path.join(this.seen, 'filler'), 'a');
    for (let chunk = Buffer.alloc(1 << 20, 'x'); chunk.length > 0;) {
      try {
        fs.writeSync(filler, chunk);
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
        chunk = chunk.subarray(0, chunk.length >> 1);
      }
    }
    fs.closeSync(filler);
  }

  // Of what was filled, so many bytes are given back.
  leave(bytes) {
    const filler = path.join(this.seen, 'filler');
    fs.truncateSync(filler, fs.statSync(filler).size - bytes);
  }

  free() { fs.rmSync(path.join(this.seen, 'filler'), { force: true }); }

  async unmount() {
    this.keeper.stdin.end();
    await this.gone;
  }
}
