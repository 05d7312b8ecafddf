/** A strict reader of XML documents as the program writes them: anything that is not well-formed throws. */

/** One element. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text directly in it, entities resolved. */
  readonly text: string;
}

const NAME = /[A-Za-z_][\w.-]*/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** Characters that XML 1.0 does not allow. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** The root element of a document. No declarations, comments, CDATA sections or processing instructions. */
export function parseXml(document: string): XmlElement {
  if (FORBIDDEN.test(document)) throw new Error('a character that XML does not allow');
  let at = 0;

  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${JSON.stringify(document.slice(at, at + 40))}`);
  };
  const take = (token: string) => {
    if (!document.startsWith(token, at)) fail(`${token} expected`);
    at += token.length;
  };
  const skipSpace = () => {
    while (/\s/.test(document.charAt(at))) at++;
  };
  const takeName = (): string => {
    NAME.lastIndex = at;
    const name = NAME.exec(document)?.[0] ?? fail('a name expected');
    at += name.length;
    return name;
  };
  const resolved = (raw: string): string => {
    if (raw.includes('<')) fail('< in text');
    return raw.replace(/&([^;]*;?)/g, (_, entity: string) => {
      const name = entity.endsWith(';') ? entity.slice(0, -1) : fail('a bare &');
      if (/^#\d+$/.test(name)) return String.fromCodePoint(Number(name.slice(1)));
      return ENTITIES[name] ?? fail(`the unknown entity ${name}`);
    });
  };
  const takeUntil = (end: string): string => {
    const stop = document.indexOf(end, at);
    if (stop < 0) fail(`${end} expected`);
    const raw = document.slice(at, stop);
    at = stop;
    return resolved(raw);
  };

  function element(): XmlElement {
    take('<');
    const name = takeName();
    const attributes: Record<string, string> = {};
    for (;;) {
      skipSpace();
      if (document.startsWith('/>', at)) {
        at += 2;
        return { name, attributes, children: [], text: '' };
      }
      if (document.startsWith('>', at)) break;
      const key = takeName();
      if (key in attributes) fail(`${key} twice`);
      take('="');
      attributes[key] = takeUntil('"');
      take('"');
      if (!/[\s/>]/.test(document.charAt(at))) fail('space between attributes expected');
    }
    at++;
    const children: XmlElement[] = [];
    let text = '';
    for (;;) {
      text += takeUntil('<');
      if (document.startsWith('</', at)) break;
      children.push(element());
    }
    take(`</${name}>`);
    return { name, attributes, children, text };
  }

  const root = element();
  skipSpace();
  if (at !== document.length) fail('something after the root element');
  return root;
}

/** All elements below one, itself first, in the order of the document. */
export function elementsOf(root: XmlElement): XmlElement[] {
  return [root, ...root.children.flatMap(elementsOf)];
}
