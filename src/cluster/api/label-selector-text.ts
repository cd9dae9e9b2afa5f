import { badRequest } from './errors.ts';
import type { LabelRequirement, LabelSelector } from './selectors.ts';
import { FieldErrors } from './validation/field-errors.ts';
import { checkLabels, checkQualifiedName } from './validation/names.ts';

const SYMBOLS = ['!=', '==', '=', '!', '(', ')', ',', '>', '<'];
const OPERATORS = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];
/** The end of the text. */
const END = '';

/** Parses `a=b,c in (d,e),!f,g>1` (the query parameter labelSelector). Errors: 400, with what was found and what was expected. */
export function parseLabelSelector(text: string): LabelSelector {
  return new Parser(text).parse();
}

/** Reads word by word; each method begins at the next word and leaves off behind what it read. */
class Parser {
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#words = text.match(/!=|==|[=!(),<>]|[^\s=!(),<>]+/g) ?? [];
  }

  parse(): LabelSelector {
    const requirements: LabelRequirement[] = [];
    if (this.#next === END) return requirements;
    if (this.#next !== '!' && isSymbol(this.#next)) throw badRequest(`found '${this.#next}', expected: !, identifier, or 'end of string'`);
    for (;;) {
      requirements.push(this.#requirement());
      const between = this.#take();
      if (between === END) return requirements;
      if (between !== ',') throw badRequest(`found '${between}', expected: ',' or 'end of string'`);
      if (this.#next === END || (this.#next !== '!' && isSymbol(this.#next))) throw badRequest(`found '${this.#next}', expected: identifier after ','`);
    }
  }

  get #next(): string {
    return this.#words[this.#at] ?? END;
  }

  #take(): string {
    const word = this.#next;
    this.#at += 1;
    return word;
  }

  #requirement(): LabelRequirement {
    const absent = this.#next === '!';
    if (absent) this.#take();
    const key = this.#take();
    if (key === END || isSymbol(key)) throw unparsed(`found '${key}', expected: identifier`);
    check((errors) => checkQualifiedName(errors, '<nil>', key));
    if (absent) return { key, operator: 'absent' };
    if (this.#next === END || this.#next === ',') return { key, operator: 'exists' };
    const operator = this.#take();
    switch (operator) {
      case 'in':
      case 'notin':
        return { key, operator, values: this.#values(key) };
      case '=':
      case '==':
        return { key, operator: 'in', values: [this.#value(key)] };
      case '!=':
        return { key, operator: 'notin', values: [this.#value(key)] };
      case '>':
      case '<':
        return { key, operator: operator === '>' ? 'gt' : 'lt', value: this.#number(key) };
      default:
        throw unparsed(`found '${operator}', expected: ${OPERATORS.join(', ')}`);
    }
  }

  /** The one value behind `=`, which may be empty. */
  #value(key: string): string {
    if (this.#next === END || this.#next === ',') return '';
    const value = this.#take();
    if (isSymbol(value)) throw unparsed(`found '${value}', expected: identifier`);
    checkValue(key, 0, value);
    return value;
  }

  #number(key: string): number {
    const text = this.#value(key);
    if (!/^-?\d+$/.test(text)) throw unparsed(`values[0]: Invalid value: ${JSON.stringify(text)}: for 'Gt', 'Lt' operators, the value must be an integer`);
    return Number(text);
  }

  /** `(a,b)`: those between the commas, which may be empty. */
  #values(key: string): readonly string[] {
    const open = this.#take();
    if (open !== '(') throw unparsed(`found '${open}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const value = this.#next === ',' || this.#next === ')' ? '' : this.#take();
      if (isSymbol(value)) throw unparsed(`found '${value}', expected: ',', ')' or identifier`);
      checkValue(key, values.length, value);
      values.push(value);
      const behind = this.#take();
      if (behind === ')') return values;
      if (behind !== ',') throw unparsed(`found '${behind}', expected: ',' or ')'`);
    }
  }
}

function isSymbol(word: string): boolean {
  return SYMBOLS.includes(word);
}

function unparsed(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

function checkValue(key: string, index: number, value: string): void {
  check((errors) => checkLabels(errors, `values[${index}][${key}]`, { [key]: value }));
}

function check(by: (errors: FieldErrors) => void): void {
  const errors = new FieldErrors();
  by(errors);
  const [first] = errors.causes;
  if (first) throw unparsed(`${first.field}: ${first.message}`);
}
