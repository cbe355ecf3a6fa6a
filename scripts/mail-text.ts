/*
 * What a person reads of an e-mail: its subject and its body as plain text. MIME as in RFC 2045 to
 * 2047, read leniently, because spam seldom keeps to it. For scripts/make-spam-corpus.ts.
 *
 * The corpus was collected in two ways, and the headers say which: list traffic is ham, one inbox's
 * leavings are spam. So everything that transport or a mailing list put into a message is taken
 * out, and addresses and links are cut down to a mark, to leave what was written.
 */

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  /** One character a byte. */
  readonly body: string;
}

/** How deep parts inside parts are followed. */
const DEEPEST = 8;

/**
 * @param message the file as it was received, one character a byte (latin1)
 * @returns the subject, a line break, and the body as text
 */
export function mailText(message: string): string {
  const part = parsePart(message.replace(/\r\n?/g, "\n").replace(/^(?:>?From .*\n)+/, ""));
  const subject = decodeEncodedWords(part.headers.get("subject") ?? "");
  const text = `${withoutListTag(subject)}\n${withoutTransport(partText(part, 0))}`;
  return withoutAddresses(text).trim();
}

function parsePart(text: string): Part {
  const end = text.startsWith("\n") ? 0 : text.indexOf("\n\n");
  const head = end < 0 ? text : text.slice(0, end);
  const headers = new Map<string, string>();
  for (const line of head.replace(/\n[ \t]+/g, " ").split("\n")) {
    const match = /^([!-9;-~]+):\s*(.*)$/.exec(line);
    if (match && !headers.has(match[1]!.toLowerCase())) headers.set(match[1]!.toLowerCase(), match[2]!);
  }
  return { headers, body: end < 0 ? "" : text.slice(end).replace(/^\n+/, "") };
}

function partText(part: Part, depth: number): string {
  const contentType = part.headers.get("content-type") ?? "text/plain";
  const type = contentType.split(";")[0]!.trim().toLowerCase();
  if (depth > DEEPEST) return "";
  if (type.startsWith("multipart/")) return multipartText(part, contentType, type, depth);
  if (type === "message/rfc822") return partText(parsePart(part.body), depth + 1);
  const declared = type.startsWith("text/") || !type.includes("/");
  if (!declared) return "";
  const text = decodeBytes(decodeTransfer(part), parameter(contentType, "charset"));
  const isHtml = type === "text/html" || /<html|<body|<table/i.test(text.slice(0, 2000));
  return isHtml ? htmlText(text) : text;
}

function multipartText(part: Part, contentType: string, type: string, depth: number): string {
  const boundary = parameter(contentType, "boundary");
  if (boundary === undefined) return "";
  const [, ...pieces] = `\n${part.body}`.split(`\n--${boundary}`);
  const texts: { text: string; plain: boolean }[] = [];
  for (const piece of pieces) {
    if (piece.startsWith("--")) break;
    const inner = parsePart(piece.replace(/^[^\n]*\n/, ""));
    const text = partText(inner, depth + 1);
    const plain = (inner.headers.get("content-type") ?? "text/plain").toLowerCase().startsWith("text/plain");
    if (text.trim() !== "") texts.push({ text, plain });
  }
  // The alternatives say the same thing twice; the plain one needs no undressing.
  if (type === "multipart/alternative") return (texts.find(({ plain }) => plain) ?? texts[0])?.text ?? "";
  return texts.map(({ text }) => text).join("\n");
}

function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, "i").exec(header);
  return match?.[1] ?? match?.[2];
}

function decodeTransfer({ headers, body }: Part): string {
  const encoding = headers.get("content-transfer-encoding")?.trim().toLowerCase();
  if (encoding === "base64") return decodeBase64(body);
  return encoding === "quoted-printable" ? decodeQuotedPrintable(body) : body;
}

function decodeBase64(text: string): string {
  const digits = text.replace(/[^A-Za-z0-9+/]/g, "");
  // A single digit left over holds six bits of no byte.
  return atob(digits.length % 4 === 1 ? digits.slice(0, -1) : digits);
}

function decodeQuotedPrintable(text: string): string {
  return text
    .replace(/=[ \t]*\n/g, "")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function decodeBytes(latin1: string, charset: string | undefined): string {
  const bytes = Uint8Array.from(latin1, (character) => character.charCodeAt(0) & 255);
  const wanted = charset?.toLowerCase() ?? "windows-1252";
  try {
    return new TextDecoder(wanted === "us-ascii" ? "windows-1252" : wanted).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes); // a charset nobody knows
  }
}

function decodeEncodedWords(header: string): string {
  return header.replace(
    /=\?([^?\s]+)\?([BQbq])\?([^?]*)\?=(?:\s+(?==\?))?/g,
    (_, charset: string, encoding: string, text: string) => {
      const bytes =
        encoding.toLowerCase() === "b" ? decodeBase64(text) : decodeQuotedPrintable(text.replace(/_/g, " "));
      return decodeBytes(bytes, charset);
    },
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
};
/** Tags that a reader sees no gap at; spam splits its words with them. */
const INLINE_TAG = /<\/?(?:a|abbr|b|big|em|font|i|small|span|strong|sub|sup|tt|u)(?:\s[^>]*)?>/gi;

function htmlText(html: string): string {
  return html
    .replace(/<!--[\s\S]*?(?:-->|$)/g, "")
    .replace(/<(style|script|title)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, " ")
    .replace(INLINE_TAG, "")
    .replace(/<(?:p|br|div|tr|li|h\d)\b[^>]*>/gi, "\n")
    .replace(/<[/!a-z][^>]*>/gi, " ")
    .replace(
      /&(?:#(\d{1,6})|#x([\da-f]{1,5})|([a-z]+));?/gi,
      (whole, decimal, hex, name: string | undefined) => {
        if (name) return ENTITIES[name.toLowerCase()] ?? whole;
        return String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16));
      },
    );
}

/** "[ILUG] Re: disks" names its list; without the tag it says the same. */
function withoutListTag(subject: string): string {
  return subject.replace(/^((?:re|fwd?)\s*:\s*)*\[[^\]]{1,40}\]\s*/i, "$1");
}

/** Header lines in forwarded and bounced mail, and the lines that belong to them. */
const HEADER_LINE =
  /^[ \t>|]*(?:return-path|delivered-to|received|message-id|x-[\w-]+|mime-version|content-[\w-]+|date|from|to|cc|bcc|sender|reply-to|references|in-reply-to|list-[\w-]+|errors-to|precedence|status|importance)\s*:.*$/gim;
/** What mailing lists and providers hang below a message, down to its end. */
const FOOTERS = [
  /^--DeathToSpam[\s\S]*$/im, // how one list for sightings of spam ends what was sent to it
  /^_{20,}\s*\n(?=[\s\S]*mailing list|[\s\S]*listinfo)[\s\S]*$/im,
  /^-{20,}\s*\n(?:this (?:sf\.?net|thinkgeek)|in remembrance|welcome to geek)[\s\S]*$/im,
  /^-+ yahoo! groups sponsor[\s\S]*$/im,
  /^to unsubscribe from this group, send[\s\S]*$/im,
  /^your use of yahoo! groups is subject to[\s\S]*$/im,
  /^-- ?\nirish linux users' group[\s\S]*$/im,
  /^irish linux users' group: [\s\S]*$/im,
  /^(?:spamassassin-(?:talk|sightings|devel)|razor-users|exmh-(?:users|workers)|rpm-list|spambayes) mailing list$[\s\S]*$/im,
];

function withoutTransport(body: string): string {
  // A signed message is read; the marks around it, signatures and keys are not.
  let text = body
    .replace(HEADER_LINE, "")
    .replace(/-----BEGIN PGP (?!SIGNED)[\s\S]*?(?:-----END PGP.*|$)/g, "")
    .replace(/^(?:-----BEGIN PGP SIGNED MESSAGE-----|hash: \w+)\s*$/gim, "");
  for (const footer of FOOTERS) text = text.replace(footer, "");
  return text;
}

/**
 * A link keeps its "http", an address nothing: the names in them were changed by the collectors,
 * differently in ham ("spamassassin.taint.org") and spam ("netnoteinc.com").
 */
function withoutAddresses(text: string): string {
  return text
    .replace(/\b(?:https?|ftp):\/\/[^\s<>"')\]]+/gi, " http ")
    .replace(/\bwww\.[^\s<>"')\]]+/gi, " http ")
    .replace(/(?:mailto:)?[\w.+=-]+@[\w-]+(?:\.[\w-]+)*/gi, " ")
    .replace(/\b(?:yyyy|zzzz)\b/gi, " "); // what they put for the receiver's name
}
