import { expect } from 'chai';
import fc from 'fast-check';
import { FrameReader, FramingLost } from '../../src/switch/frames.js';

type Frame = [headers: Record<string, string>, body: string | undefined];

function read(...chunks: (Buffer | string)[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((headers, body) => frames.push([{ ...headers }, body?.toString()]));
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return frames;
}

function bytes(type: string, body?: string): Buffer {
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\n`;
  return Buffer.from(`${length}Content-Type: ${type}\n\n${body ?? ''}`);
}

describe('FrameReader', () => {
  it('reads heads, and bodies as long as they say', () => {
    expect(
      read('Content-Type: auth/request\n\nContent-Type: a\nContent-Length: 4\n\nab\n\nReply-Text: x\n\n'),
    ).to.deep.equal([
      [{ 'Content-Type': 'auth/request' }, undefined],
      [{ 'Content-Type': 'a', 'Content-Length': '4' }, 'ab\n\n'],
      [{ 'Reply-Text': 'x' }, undefined],
    ]);
  });

  it('takes a value as it comes: escapes, colons, nothing, names of Object.prototype', () => {
    const head = 'Reply-Text: +OK %E9 %zz a: b\nEmpty: \nconstructor: x\n\n';
    expect(read(head)).to.deep.equal([
      [{ 'Reply-Text': '+OK %E9 %zz a: b', Empty: '', constructor: 'x' }, undefined],
    ]);
  });

  it('skips the line breaks that a Reply-Text with one at its end leaves over', () => {
    expect(
      read('Reply-Text: +OK\n\n\n\nReply-Text: next\n\n').map(([headers]) => headers['Reply-Text']),
    ).to.deep.equal(['+OK', 'next']);
  });

  it('keeps nothing of a chunk, whose memory is read into again', () => {
    const all = Buffer.concat([bytes('a/b', 'beginning and end'), bytes('c/d'), bytes('e/f', 'x')]);
    for (let size = 1; size < all.length; size++) {
      const [frames, chunk]: [Frame[], Buffer] = [[], Buffer.alloc(size)];
      const reader = new FrameReader((headers, body) => frames.push([{ ...headers }, body?.toString()]));
      for (let at = 0; at < all.length; at += size) {
        reader.push(chunk.subarray(0, all.copy(chunk, 0, at)));
        chunk.fill('#');
      }
      expect(frames.map(([headers, body]) => [headers['Content-Type'], body])).to.deep.equal([
        ['a/b', 'beginning and end'],
        ['c/d', undefined],
        ['e/f', 'x'],
      ]);
    }
  });

  it('gives the same frames however the bytes are split', () => {
    const frame = fc.tuple(
      fc.constantFrom('a/b', 'text/event-json'),
      fc.option(fc.string({ unit: 'grapheme' })),
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(frame), cuts, (frames, sizes) => {
        const all = Buffer.concat(frames.map(([type, text]) => bytes(type, text ?? undefined)));
        const chunks: Buffer[] = [];
        for (let at = 0, cut = 0; at < all.length; cut++) {
          const size = sizes[cut % sizes.length]!;
          chunks.push(all.subarray(at, at + size));
          at += size;
        }
        const got = read(...chunks).map(([headers, text]) => [headers['Content-Type'], text ?? '']);
        expect(got).to.deep.equal(frames.map(([type, text]) => [type, text ?? '']));
      }),
    );
  });

  it('throws nothing but FramingLost, whatever comes', () => {
    const noise = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      fc
        .constantFrom('\n\n', 'Content-Length: ', 'Content-Type: text/event-json\n', '5\n', '{}')
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(noise), (chunks) => {
        try {
          read(...chunks);
        } catch (error) {
          expect(error).to.be.instanceOf(FramingLost);
        }
      }),
    );
  });

  for (const [what, head] of Object.entries({
    'a negative length': 'Content-Length: -1\n\n',
    'a length that is no number': 'Content-Length: 12x\n\n',
    'an empty length': 'Content-Length: \n\n',
    'two lengths': 'Content-Length: 1\nContent-Length: 2\n\n',
    'a body above 64 MiB': `Content-Length: ${64 * 1024 * 1024 + 1}\n\n`,
    'a length beyond numbers': `Content-Length: ${'9'.repeat(400)}\n\n`,
    'a line that is no header': '{"Event-Name":"DTMF"}\n\n',
    'a head without end': `X: ${'x'.repeat(20_000)}`,
    'the rest of a body that was longer than it said':
      '":"x"}Content-Length: 3\nContent-Type: text/event-json\n\n',
  })) {
    it(`loses the framing by ${what}`, () => {
      expect(() => read(head)).to.throw(FramingLost);
    });
  }

  it('takes the same length said twice', () => {
    expect(read('Content-Length: 1\nContent-Length: 1\n\nx')).to.have.length(1);
  });

  // modesl copies all that it has for every chunk: 20 GB for this one
  it('takes time linear in the size of a body', () => {
    const body = Buffer.alloc(40 * 1024 * 1024, 'x');
    const chunk = 32 * 1024;
    let length = 0;
    const reader = new FrameReader((_headers, got) => (length = got?.length ?? 0));
    const began = performance.now();
    reader.push(Buffer.from(`Content-Length: ${body.length}\n\n`));
    for (let at = 0; at < body.length; at += chunk) reader.push(body.subarray(at, at + chunk));
    expect(length).to.equal(body.length);
    expect(performance.now() - began).to.be.below(1500);
  });
});
