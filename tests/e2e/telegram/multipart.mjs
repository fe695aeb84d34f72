// Reads a multipart/form-data body (RFC 7578) into fields and files.

export function parseMultipart(body, contentType) {
  const match = /boundary=(?:"([^"]+)"|([^;]+))/i.exec(contentType);
  if (!match) throw new Error('multipart body without a boundary');
  const delimiter = Buffer.from(`\r\n--${match[1] ?? match[2]}`);
  const fields = {};
  const files = {};
  // A delimiter begins with a line break, but for the very first.
  const whole = Buffer.concat([Buffer.from('\r\n'), body]);
  let at = whole.indexOf(delimiter);
  while (at >= 0) {
    const start = at + delimiter.length;
    if (whole.subarray(start, start + 2).toString() === '--') return { fields, files };
    const headEnd = whole.indexOf('\r\n\r\n', start);
    const next = whole.indexOf(delimiter, start);
    if (headEnd < 0 || next < 0) break;
    const head = whole.subarray(start, headEnd).toString();
    const content = whole.subarray(headEnd + 4, next);
    const name = /[; ]name="([^"]*)"/i.exec(head)?.[1];
    const quoted = /filename=(?:"([^"]*)"|([^;\r\n]+))/i.exec(head);
    const filename = quoted ? quoted[1] ?? quoted[2] : undefined;
    if (name === undefined) throw new Error('multipart part without a name');
    if (filename === undefined) {
      fields[name] = content.toString();
    } else {
      files[name] = {
        filename,
        mime: /content-type: *([^\r\n]+)/i.exec(head)?.[1] ?? '',
        bytes: Buffer.from(content),
      };
    }
    at = next;
  }
  throw new Error('multipart body ended early');
}
