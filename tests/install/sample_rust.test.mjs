// examples/rust, the same adapter without any C.
import path from 'node:path';
import { PREFIX, succeed } from './lib/package.mjs';
import { testLines } from './lib/lines.mjs';

testLines('rust', 'lines-rust', async (sample) => {
  const plugins = path.join(sample, 'plugins');
  const env = { PKG_CONFIG_PATH: path.join(PREFIX, 'lib/pkgconfig') };
  await succeed(path.join(sample, 'build-adapter'), [plugins], { env, timeout: 300_000 });
  return plugins;
});
