// What the documents tell people to type and to write is taken from them and tried: each
// configuration that is a whole file, each command, each option.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PLUGINS, bin, run, temporaryFolder } from './lib/host.mjs';

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));
const read = (name) => fs.readFileSync(path.join(SOURCE, name), 'utf8');
const DOCUMENTS = ['README.md',
  ...fs.readdirSync(path.join(SOURCE, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ...['console', 'telegram'].map((name) => `plugins/${name}/README.md`)];

// The blocks between fences, with the language that stands at the first one.
const fenced = (text) => [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, content]) => ({ language, content }));
const inline = (text) => [...text.replace(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)].map(([, span]) => span.replace(/\s+/g, ' '));

async function inFolder(body) {
  const folder = temporaryFolder();
  try { await body(folder); } finally { fs.rmSync(folder, { recursive: true, force: true }); }
}

// ---- configurations ---------------------------------------------------------------------------

// Others are a key or two of one.
const isWholeFile = ({ language, content }) => /^jsonc?$/.test(language) && /^(\/\/.*\n|\s)*\{/.test(content);
const samples = ['README.md', 'docs/configuration.md'].flatMap((document) =>
  fenced(read(document)).filter(isWholeFile).map(({ content }) => ({ document, content })));

// Every secret that a sample takes from the environment.
const secretsOf = (content) => Object.fromEntries([...content.matchAll(/\{ *"env": *"(\w+)" *\}/g)].map(([, name]) => [name, '123456:AAG-of-a-test']));

function writeSample(folder, content) {
  fs.writeFileSync(path.join(folder, 'patchbay.json'), content, { mode: 0o600 });
}

test('README has a configuration', () => assert.ok(samples.some(({ document }) => document === 'README.md')));

for (const { document, content } of samples) {
  test(`the configuration in ${document} is fine as it stands, and says which secret it lacks`, () => inFolder(async (folder) => {
    writeSample(folder, content);
    const check = (env) => run(bin('patchbay'), ['--config', 'patchbay.json', '--check-config', '--plugins', PLUGINS, '--data', folder], { cwd: folder, env });
    const secrets = secretsOf(content);
    assert.deepEqual(await check(secrets), { code: 0, signal: null, stdout: 'patchbay.json is fine\n', stderr: '' });
    for (const name of Object.keys(secrets)) {
      const lacking = await check({ ...secrets, [name]: undefined });
      assert.deepEqual([lacking.code, lacking.stdout], [2, '']);
      assert.match(lacking.stderr, new RegExp(`^patchbay: patchbay\\.json:\\d+: instances\\.\\S+: .*${name}.*\n$`));
    }
  }));
}

test('the mistake in docs/configuration.md is answered as it says there', () => inFolder(async (folder) => {
  const { content } = fenced(read('docs/configuration.md')).find((block) => block.content.startsWith('$ patchbay '));
  const [, command, answer] = /^\$ patchbay (.*)\n(.*)\n$/.exec(content);
  const [, file, line, instance, key] = /^patchbay: (\S+):(\d+): instances\.(\w+)\.(\w+): /.exec(answer);
  // The key stands in that line.
  fs.writeFileSync(path.join(folder, file), `{${'\n'.repeat(line - 1)}"instances": {"${instance}": {"${key}": "telegram"}}}`);
  const told = await run(bin('patchbay'), [...command.split(' '), '--plugins', PLUGINS], { cwd: folder });
  assert.equal(told.code, 2);
  assert.ok(told.stderr.split('\n').includes(answer), told.stderr);
}));

// ---- commands ---------------------------------------------------------------------------------

const COMMAND = /^(?:\S*\/)?(patchbay(?:-agent|-bench)?)(?: +(.*))?$/;

// A shell's line into its commands. Behind a lone | stands another command, or another subcommand:
// "patchbay status | sessions" is two.
function commandsOf(line) {
  return line.replace(/\s+#.*$/, '').split(' && ').flatMap((part) => {
    const pieces = part.trim().split(' | ');
    const first = COMMAND.exec(pieces[0]);
    return pieces.map((piece, n) => (n > 0 && first && !COMMAND.test(piece) ? `${first[1]} ${piece}` : piece));
  }).map((command) => COMMAND.exec(command.trim())).filter(Boolean).map(([, program, words = '']) => ({ program, words }));
}

// What stands for something: the ways to fill it in.
const PLACEHOLDERS = { ID: ['1'], NAME: ['ada'], STATE: ['waiting', 'sending', 'delivered', 'failed', 'unknown'],
  DIR: ['.'], CMD: ['cat'], N: ['1'] };

// All that a command with placeholders, [what may be left out] and this|that says.
function spelledOut(words) {
  const choices = (word) => word.replace(/^\[(.*)\]$/, '$1').split('|').flatMap((way) => PLACEHOLDERS[way] ?? [way]);
  const tokens = words.match(/"[^"]*"|\S+/g) ?? [];
  return tokens.reduce((ways, token) => ways.flatMap((way) => [
    ...(token.startsWith('[') ? [way] : []),
    ...choices(token).map((choice) => [...way, choice.replaceAll('"', '')]),
  ]), [[]]);
}

// In a block with "$ " the other lines are what was printed.
function linesOf({ content }) {
  const lines = content.split('\n');
  const asked = lines.filter((line) => line.startsWith('$ '));
  return asked.length > 0 ? asked.map((line) => line.slice(2)) : lines;
}

function toldIn(document) {
  const text = read(document);
  const blocks = fenced(text).filter(({ language }) => ['', 'sh'].includes(language));
  return [...blocks.flatMap(linesOf), ...inline(text)].flatMap(commandsOf);
}

// What would serve is asked to check instead; where no host and no session is, whatever is asked of
// one ends with 3 and 1. Wrong usage ends with 2.
async function assertAccepted(program, words, folder) {
  const ends = async (code, ...args) => {
    const told = await run(bin(program), args, { cwd: folder, env: secretsOf(read('README.md')) });
    assert.equal(told.code, code, `${program} ${args.join(' ')}\n${told.stdout}${told.stderr}`);
  };
  if (program === 'patchbay-agent') {
    const value = words.at(-1) === '--exec' ? ['cat'] : []; // it was named without its value
    const way = words.length === 0 ? ['--echo'] : [...words, ...value];
    return ends(1, ...way, '--session', path.join(folder, 'none'));
  }
  const common = ['--plugins', PLUGINS, '--data', path.join(folder, 'data')];
  const serves = words.length === 0 || words[0] === 'run' || words[0].startsWith('--');
  if (!serves) return ends(words[0] === 'config' ? 0 : 3, ...words, ...common);
  const check = words.includes('--check-config') ? [] : ['--check-config'];
  return ends(0, ...words, ...check, ...common);
}

const everything = DOCUMENTS.map((document) => ({ document, commands: toldIn(document).filter(({ program }) => program !== 'patchbay-bench') }))
  .filter(({ commands }) => commands.length > 0);

test('commands are found where they are', () => {
  const found = new Set(everything.flatMap(({ commands }) => commands.flatMap(({ program, words }) => spelledOut(words).map((way) => [program, ...way].join(' ')))));
  for (const command of ['patchbay --config patchbay.json', 'patchbay chat', 'patchbay sessions', 'patchbay trace 1',
    'patchbay deliveries', 'patchbay deliveries unknown', 'patchbay deliveries resolve 1 resend', 'patchbay config reference',
    'patchbay-agent --exec cat']) assert.ok(found.has(command), `${command} is not among\n${[...found].sort().join('\n')}`);
});

for (const { document, commands } of everything) {
  test(`each command in ${document} is one`, () => inFolder(async (folder) => {
    writeSample(folder, samples[0].content);
    const ways = new Map(commands.flatMap(({ program, words }) => spelledOut(words).map((way) => [`${program} ${way.join(' ')}`, { program, way }])));
    for (const { program, way } of ways.values()) await assertAccepted(program, way, folder);
  }));
}

test('the list of commands in --help is what the program takes, and so is each option in a document', () => inFolder(async (folder) => {
  const help = (await run(bin('patchbay'), ['--help'])).stdout;
  const [, listed] = /\nCommands:\n(.*?)\n\n/s.exec(help);
  for (const line of listed.split('\n').filter((text) => /^ {2}\S/.test(text))) {
    const [, words] = /^ {2}(.+?)(?: {2,}.*)?$/.exec(line);
    for (const way of spelledOut(words)) await assertAccepted('patchbay', way, folder);
  }
  const agent = (await run(bin('patchbay-agent'), ['--help'])).stdout;
  const validator = (await run(bin('patchbay-validate'), ['--help'])).stdout;
  const known = new Set([...`${help}${agent}${validator}`.matchAll(/--[a-z-]+/g)].map(([option]) => option));
  for (const document of DOCUMENTS) {
    const options = inline(read(document)).filter((span) => /^--/.test(span) || commandsOf(span).length > 0)
      .flatMap((span) => span.match(/(?<!\S)--[a-z-]+/g) ?? []);
    for (const option of options) assert.ok(known.has(option), `${document}: ${option} is an option of no program`);
  }
}));

test('each script that a document names is there and can be started', () => {
  for (const document of [...DOCUMENTS, 'CONTRIBUTING.md', 'bench/README.md']) {
    for (const [script] of read(document).matchAll(/(?<![\w/.])(?:scripts|\.ci)\/[a-z-]+|bench\/run\b/g)) {
      assert.doesNotThrow(() => fs.accessSync(path.join(SOURCE, script), fs.constants.X_OK), `${document}: ${script}`);
    }
  }
});
