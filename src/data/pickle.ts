import { LstmkitError } from "../errors.ts";
import { OP, REFUSED } from "./pickle-opcodes.ts";

/*
 * A pickle is a program; this file runs only the part of the language that numpy uses to write an
 * object array of Python lists of ints (protocols 2 to 5), and calls nothing while doing so. The
 * opcodes are those of CPython's Lib/pickletools.py; the calls that numpy makes are
 * `_reconstruct(ndarray, (0,), b"b")` and `dtype("O8", …)`, each followed by BUILD with its state.
 * Anything else is refused with its name and place, so a file cannot run code, hang or swell memory:
 * no loop goes back, ints cost bytes of the file, and other objects are counted against the array's length.
 */

type Callable = "reconstruct" | "ndarray" | "dtype" | "encode";

const GLOBALS: ReadonlyMap<string, Callable> = new Map([
  ["numpy.core.multiarray._reconstruct", "reconstruct"],
  ["numpy._core.multiarray._reconstruct", "reconstruct"],
  ["numpy.ndarray", "ndarray"],
  ["numpy.dtype", "dtype"],
  ["_codecs.encode", "encode"],
]);

/** Objects that numpy writes beside the lists: names, tuples, the type. It is some twenty. */
const OTHER_OBJECTS = 64;
/** Python's own pickler appends 1,000 ints at a time. */
const DEEPEST_STACK = 2 ** 20;

class Mark {}
const MARK = new Mark();
class Global {
  constructor(readonly callable: Callable) {}
}
class Dtype {}
class ObjectArray {
  state: PyList | undefined;
}
class Tuple {
  constructor(readonly items: readonly Value[]) {}
}
class PyText {
  constructor(readonly text: string) {}
}

/** A Python list: of ints, which lie in one run of the shared pool, or of lists of ints. */
class PyList {
  start = 0;
  end = 0;
  /** Made with the first element: a file of nothing but empty lists must not cost much. */
  lists: PyList[] | undefined;
}

type Value = number | boolean | null | Mark | Global | Dtype | ObjectArray | Tuple | PyText | PyList;

/**
 * Reads a pickled one-dimensional numpy array whose elements are Python lists of ints.
 *
 * @param bytes the pickle; bytes after its STOP are an error
 * @param count the elements the array must have (from the .npy header); memory for as many is taken, so the
 * caller bounds it
 * @returns `count` views into one Int32Array
 * @throws BAD_PICKLE for everything else, with the opcode and its byte offset
 */
export function unpickleIntLists(bytes: Uint8Array, count: number): Int32Array[] {
  return new PickleReader(bytes, count).run();
}

class PickleReader {
  readonly #view: DataView;
  readonly #stack: Value[] = [];
  readonly #memo: Value[] = [];
  readonly #marks: number[] = [];
  /** All ints of all lists. Each costs two bytes of pickle or more, so this cannot overflow. */
  readonly #pool: Int32Array;
  #poolLength = 0;
  #at = 0;
  /** Where the running opcode lies. */
  #opAt = 0;
  /** Lists, tuples, texts and names that may still be made. */
  #objectsLeft: number;

  constructor(
    readonly bytes: Uint8Array,
    readonly count: number,
  ) {
    this.#objectsLeft = count + OTHER_OBJECTS;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#pool = new Int32Array((bytes.length >>> 1) + 1);
  }

  run(): Int32Array[] {
    const { bytes } = this;
    const stack = this.#stack;
    while (this.#at < bytes.length) {
      this.#opAt = this.#at;
      const op = bytes[this.#at++]!;
      if (op === OP.BININT1) stack.push(this.#uint(1));
      else if (op === OP.BININT2) stack.push(this.#uint(2));
      else if (op === OP.STOP) return this.#result();
      else this.#step(op);
      if (stack.length > DEEPEST_STACK) throw this.#bad("a stack of a million values", "lists in pieces");
    }
    this.#opAt = bytes.length;
    throw this.#bad("the pickle ends without STOP", "a whole file");
  }

  #step(op: number): void {
    const stack = this.#stack;
    switch (op) {
      case OP.PROTO: {
        const protocol = this.#uint(1);
        if (protocol < 2 || protocol > 5) throw this.#bad(`protocol ${protocol}`, "protocol 2 to 5");
        return;
      }
      case OP.FRAME:
        this.#take(8); // only a hint for readers that stream
        return;
      case OP.MARK:
        this.#marks.push(stack.length);
        stack.push(MARK);
        return;
      case OP.NONE:
        stack.push(null);
        return;
      case OP.NEWTRUE:
      case OP.NEWFALSE:
        stack.push(op === OP.NEWTRUE);
        return;
      case OP.BININT:
        stack.push(this.#view.getInt32(this.#take(4), true));
        return;
      case OP.BINUNICODE:
        this.#make(this.#text(this.#uint(4), "utf-8"));
        return;
      case OP.SHORT_BINUNICODE:
        this.#make(this.#text(this.#uint(1), "utf-8"));
        return;
      case OP.SHORT_BINSTRING:
      case OP.SHORT_BINBYTES:
        this.#make(this.#text(this.#uint(1), "latin1"));
        return;
      case OP.EMPTY_LIST:
        this.#make(new PyList());
        return;
      case OP.APPEND: {
        const item = this.#pop();
        this.#append(this.#top(), [item]);
        return;
      }
      case OP.APPENDS: {
        const items = this.#popToMark();
        this.#append(this.#top(), items);
        return;
      }
      case OP.EMPTY_TUPLE:
        this.#make(new Tuple([]));
        return;
      case OP.TUPLE:
        this.#make(new Tuple(this.#popToMark()));
        return;
      case OP.TUPLE1:
      case OP.TUPLE2:
      case OP.TUPLE3: {
        const items = Array.from({ length: op - OP.TUPLE1 + 1 }, () => this.#pop());
        this.#make(new Tuple(items.reverse()));
        return;
      }
      case OP.BINPUT:
        this.#put(this.#uint(1));
        return;
      case OP.LONG_BINPUT:
        this.#put(this.#uint(4));
        return;
      case OP.MEMOIZE:
        this.#put(this.#memo.length);
        return;
      case OP.BINGET:
        this.#get(this.#uint(1));
        return;
      case OP.LONG_BINGET:
        this.#get(this.#uint(4));
        return;
      case OP.GLOBAL: {
        const module = this.#line();
        this.#global(module, this.#line());
        return;
      }
      case OP.STACK_GLOBAL: {
        const name = this.#pop();
        const module = this.#pop();
        if (!(name instanceof PyText && module instanceof PyText)) {
          throw this.#bad("STACK_GLOBAL on something else than two strings", "a module and a name");
        }
        this.#global(module.text, name.text);
        return;
      }
      case OP.REDUCE: {
        const args = this.#pop();
        this.#make(this.#reduce(this.#pop(), args));
        return;
      }
      case OP.BUILD: {
        const state = this.#pop();
        this.#build(this.#top(), state);
        return;
      }
      default: {
        const name = REFUSED[op] ?? `0x${op.toString(16).padStart(2, "0")}`;
        throw this.#bad(`opcode ${name}`, "only the opcodes of lists of 32-bit ints");
      }
    }
  }

  #global(module: string, name: string): void {
    const callable = GLOBALS.get(`${module}.${name}`);
    if (!callable) {
      const found = JSON.stringify(`${module}.${name}`.slice(0, 80));
      throw this.#bad(
        `the name ${found}`,
        "only numpy's _reconstruct, ndarray and dtype, and _codecs.encode",
      );
    }
    this.#make(new Global(callable));
  }

  #reduce(target: Value, args: Value): Value {
    const items = args instanceof Tuple ? args.items : [];
    const callable = target instanceof Global ? target.callable : undefined;
    if (callable === "reconstruct" && isNdarray(items[0])) return new ObjectArray();
    if (callable === "dtype" && items[0] instanceof PyText && /^O\d?$/.test(items[0].text)) {
      return new Dtype();
    }
    // Protocol 2 spells the bytes b"b" as encode("b", "latin1").
    if (callable === "encode" && items[0] instanceof PyText) return items[0];
    throw this.#bad("REDUCE of something else", "only an object array, its dtype or its type code");
  }

  #build(target: Value, state: Value): void {
    if (target instanceof Dtype && state instanceof Tuple) return; // byte order and alignment: none
    if (target instanceof ObjectArray && state instanceof Tuple && target.state === undefined) {
      const list = state.items[4];
      if (list instanceof PyList) {
        target.state = list;
        return;
      }
    }
    throw this.#bad("BUILD of something else", "the state of one object array");
  }

  #append(target: Value, items: readonly Value[]): void {
    if (!(target instanceof PyList)) throw this.#bad("an append to something else than a list", "a list");
    if (items.length === 0) return;
    if (typeof items[0] === "number" && !target.lists) {
      if (target.start === target.end) target.start = target.end = this.#poolLength;
      // numpy's pickler finishes one list before the next; a list in two runs would need copying,
      // and a file that alternates between two lists could make that quadratic.
      if (target.end !== this.#poolLength)
        throw this.#bad("two lists filled in turns", "one after the other");
      for (const item of items) {
        if (typeof item !== "number") throw this.#bad("a list of ints and other things", "only ints");
        this.#pool[this.#poolLength++] = item;
      }
      target.end = this.#poolLength;
      return;
    }
    target.lists ??= [];
    for (const item of items) {
      if (!(item instanceof PyList) || item.lists || target.end > target.start) {
        throw this.#bad("a list of mixed or deeper things", "ints, or lists of ints");
      }
      target.lists.push(item);
    }
  }

  #result(): Int32Array[] {
    const root = this.#pop();
    const rest = this.bytes.length - this.#at;
    if (this.#stack.length > 0 || rest > 0) {
      throw this.#bad(`${this.#stack.length} values and ${rest} bytes left over at STOP`, "none");
    }
    const state = root instanceof ObjectArray ? root.state : undefined;
    if (!state) throw this.#bad("a result that is no object array", "a numpy array of lists of ints");
    const lists = state.lists ?? [];
    if (state.end > state.start || lists.length !== this.count) {
      const found = state.end > state.start ? "an array of ints" : `${lists.length} lists`;
      throw this.#bad(found, `the ${this.count} lists that the header declares`);
    }
    let total = 0;
    return lists.map((list) => {
      total += list.end - list.start;
      // One list may stand in several places, but not so often that a small file becomes a huge one.
      if (total > this.bytes.length || list.lists) {
        throw this.#bad("a list repeated too often, or a list of lists", "lists of ints");
      }
      return this.#pool.subarray(list.start, list.end);
    });
  }

  #make(value: Value): void {
    if (this.#objectsLeft-- === 0) {
      throw this.#bad("one object too many", `the ${this.count} lists that the header declares`);
    }
    this.#stack.push(value);
  }

  #put(index: number): void {
    // Picklers count up from 0 or 1, once for each object. More would only serve to make the memo huge.
    if (index > this.#memo.length + 1 || index > this.count + OTHER_OBJECTS) {
      throw this.#bad(`memo place ${index} after ${this.#memo.length}`, "places in order");
    }
    this.#memo[index] = this.#top();
  }

  #get(index: number): void {
    const value = this.#memo[index];
    if (value === undefined) throw this.#bad(`memo place ${index}, which is empty`, "a filled place");
    this.#stack.push(value);
  }

  #pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#bad("an empty stack", "a value on it");
    return value;
  }

  #top(): Value {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#bad("an empty stack", "a value on it");
    return value;
  }

  #popToMark(): Value[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#bad("no MARK on the stack", "a MARK");
    const items = this.#stack.slice(mark + 1);
    this.#stack.length = mark;
    return items;
  }

  /** Moves past `length` bytes and returns where they start. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.bytes.length - start) {
      throw this.#bad(`the pickle ends inside an argument of ${length} bytes`, "a whole file");
    }
    this.#at += length;
    return start;
  }

  #uint(width: 1 | 2 | 4): number {
    const at = this.#take(width);
    if (width === 1) return this.bytes[at]!;
    return width === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  #text(length: number, encoding: "utf-8" | "latin1"): PyText {
    const start = this.#take(length);
    return new PyText(new TextDecoder(encoding).decode(this.bytes.subarray(start, start + length)));
  }

  #line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#bad("a name without its end", "a whole file");
    const start = this.#take(end + 1 - this.#at);
    return new TextDecoder("latin1").decode(this.bytes.subarray(start, end));
  }

  #bad(found: string, wanted: string): LstmkitError {
    return new LstmkitError(
      "BAD_PICKLE",
      `${found} at byte ${this.#opAt}; wanted ${wanted}. Write the array again with numpy.savez, as an object array of lists of ints.`,
    );
  }
}

function isNdarray(value: Value | undefined): boolean {
  return value instanceof Global && value.callable === "ndarray";
}
