import { describe, expect, test } from "vitest";
import { mailText } from "../../scripts/mail-text.ts";

function mail(headers: string, body: string): string {
  return mailText(`Received: from a by b\nSubject: Hi\n${headers}\n\n${body}`);
}

describe("mailText keeps what a person reads", () => {
  test("subject and body, without headers and the mailbox's From line", () => {
    expect(
      mailText("From a@b.c Mon Jan 1\nReceived: from x\n\tby y\nSubject: Two\n words\nX-Spam: yes\n\nBody"),
    ).toBe("Two words\nBody");
  });

  test("quoted-printable and base64, in their charset", () => {
    const quoted =
      "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable";
    expect(mail(quoted, "caf=E9 so=\nft =3D")).toBe("Hi\ncafé soft =");
    const base64 = 'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: base64';
    expect(mail(base64, "w6lj\nb2xl")).toBe("Hi\nécole");
  });

  test("encoded words of a subject", () => {
    expect(mailText("Subject: =?iso-8859-1?Q?caf=E9_au?= =?utf-8?B?IGxhaXQ=?=\n\nx")).toBe("café au lait\nx");
  });

  test("HTML as text, with words that tags cut in two made whole", () => {
    const html =
      "<html><head><title>t</title><style>p{}</style></head><p>Vi<!-- x -->ag<b>ra</b>&nbsp;&#65;&amp;b<br>now</html>";
    expect(mail("Content-Type: text/html", html).split(/\s+/)).toEqual(["Hi", "Viagra", "A&b", "now"]);
  });

  test("the plain one of two alternatives, and all text parts otherwise", () => {
    const parts = (type: string): string =>
      mail(
        `Content-Type: multipart/${type}; boundary="b-1"`,
        "preamble\n--b-1\nContent-Type: text/html\n\n<p>html</p>\n--b-1\nContent-Type: text/plain\n\nplain\n--b-1\nContent-Type: image/gif\n\nGIF\n--b-1--\nepilogue",
      );
    expect(parts("alternative")).toBe("Hi\nplain");
    expect(parts("mixed").split(/\s+/)).toEqual(["Hi", "html", "plain"]);
  });

  test("a forwarded message without its headers", () => {
    const body = "--b\nContent-Type: message/rfc822\n\nReceived: from x\nSubject: inner\n\ninner body\n--b--";
    expect(mail("Content-Type: multipart/mixed; boundary=b", body)).toBe("Hi\ninner body");
  });
});

describe("mailText takes out what transport and lists put in", () => {
  test("header lines inside the body", () => {
    expect(mail("", "> Message-ID: <1@2>\n> X-Mailer: z\n> Date: today\nreal words").split(/\s+/)).toEqual([
      "Hi",
      "real",
      "words",
    ]);
  });

  test("signatures and keys, but not what is signed", () => {
    const signed =
      "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\nsaid\n-----BEGIN PGP SIGNATURE-----\niD8D\n-----END PGP SIGNATURE-----\nafter";
    expect(mail("", signed).split(/\s+/)).toEqual(["Hi", "said", "after"]);
  });

  test("list tags and list footers", () => {
    expect(
      mailText(
        "Subject: Re: [ILUG] disks\n\ntext\n_______________________________________________\nX mailing list\nhttp://a.b/listinfo/x",
      ),
    ).toBe("Re: disks\ntext");
  });

  test("addresses; links down to their http", () => {
    expect(mail("", "write to a.b@c.org or see https://c.org/d?e=f, www.g.com").replace(/\s+/g, " ")).toBe(
      "Hi write to or see http http",
    );
  });
});

test("a message that keeps to no rule still gives text", () => {
  for (const message of ["", "\n", "no header", "Content-Type: multipart/mixed\n\nbody", "Subject: a\n"]) {
    expect(typeof mailText(message)).toBe("string");
  }
});
