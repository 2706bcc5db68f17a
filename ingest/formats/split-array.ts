const [space, quote, comma, openBracket, backslash, closeBracket, openBrace, closeBrace] = [
  0x20, 0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d,
];

/**
 * Cuts the text of a JSON array into its items, each of which may be no JSON: a `NaN` or a comma too many, whatever leaves the brackets and
 * the quotes in pairs. A copy of nothing.
 * @returns undefined when it cannot be told where the items end
 */
export function splitArray(json: Buffer): Buffer[] | undefined {
  let begin = 0;
  let end = json.length;
  while (begin < end && isSpace(json[begin])) begin++;
  while (end > begin && isSpace(json[end - 1])) end--;
  if (end - begin < 2 || json[begin] !== openBracket || json[end - 1] !== closeBracket) return undefined;
  const items: Buffer[] = [];
  let from = ++begin;
  end--;
  let depth = 0;
  let isText = false;
  for (let i = begin; i < end; i++) {
    const byte = json[i];
    if (isText) {
      if (byte === backslash) i++;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === openBracket || byte === openBrace) depth++;
    else if (byte === closeBracket || byte === closeBrace) {
      if (--depth < 0) return undefined;
    } else if (byte === comma && depth === 0) {
      items.push(json.subarray(from, i));
      from = i + 1;
    }
  }
  if (depth > 0 || isText) return undefined;
  items.push(json.subarray(from, end));
  return items;
}

/** JSON's white space. */
function isSpace(byte: number | undefined): boolean {
  return byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
