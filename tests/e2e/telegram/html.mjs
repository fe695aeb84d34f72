// Telegram's HTML style (https://core.telegram.org/bots/api#html-style): what the server takes, and
// the text that people see.

const TAGS = new Set(['b', 'strong', 'i', 'em', 'u', 'ins', 's', 'strike', 'del', 'span',
  'tg-spoiler', 'a', 'tg-emoji', 'code', 'pre', 'blockquote']);
const ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"' };

// Returns the visible text, or throws what the Bot API says.
export function visibleText(html) {
  const open = [];
  let text = '';
  let at = 0;
  while (at < html.length) {
    const c = html[at];
    if (c === '<') {
      const end = html.indexOf('>', at);
      if (end < 0) throw new Error(`can't parse entities: Unclosed start tag at byte offset ${at}`);
      const tag = html.slice(at + 1, end);
      const name = /^\/?([a-z-]+)/i.exec(tag)?.[1]?.toLowerCase() ?? '';
      if (!TAGS.has(name)) {
        throw new Error(`can't parse entities: Unsupported start tag "${name}" at byte offset ${at}`);
      }
      if (tag.startsWith('/')) {
        if (open.pop() !== name) {
          throw new Error(`can't parse entities: Unmatched end tag at byte offset ${at}`);
        }
      } else {
        open.push(name);
      }
      at = end + 1;
    } else if (c === '&') {
      const entity = /^&(?:(lt|gt|amp|quot)|#(\d+)|#x([0-9a-f]+));/i.exec(html.slice(at, at + 12));
      if (entity) {
        text += entity[1] ? ENTITIES[entity[1]]
          : String.fromCodePoint(parseInt(entity[2] ?? entity[3], entity[2] ? 10 : 16));
        at += entity[0].length;
      } else {
        text += c;
        at += 1;
      }
    } else {
      text += c;
      at += 1;
    }
  }
  if (open.length > 0) {
    throw new Error(`can't parse entities: Can't find end tag corresponding to start tag "${open.at(-1)}"`);
  }
  return text;
}
