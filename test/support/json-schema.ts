/** A small checker of JSON Schema: the keywords that our schemas use, and an error for any other. */

type Schema = Readonly<Record<string, unknown>> | boolean;

const ANNOTATIONS = ['$schema', '$defs', 'title', 'description'];

/** What is wrong with a document, one line each with the place; empty when nothing is. */
export function schemaErrors(root: Schema, document: unknown): string[] {
  const errors: string[] = [];
  check(root, root, document, '$', errors);
  return errors;
}

function check(root: Schema, schema: Schema, value: unknown, at: string, errors: string[]): void {
  if (typeof schema === 'boolean') {
    if (!schema) errors.push(`${at}: not allowed`);
    return;
  }
  for (const [keyword, rule] of Object.entries(schema)) {
    if (ANNOTATIONS.includes(keyword)) continue;
    const checker = KEYWORDS[keyword];
    if (checker === undefined) throw new Error(`the keyword ${keyword} is not known here`);
    checker({ root, schema, rule, value, at, errors });
  }
}

interface Check {
  readonly root: Schema;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly rule: unknown;
  readonly value: unknown;
  readonly at: string;
  readonly errors: string[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function typeOf(value: unknown): string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number'];
  return [typeof value];
}

const KEYWORDS: Readonly<Record<string, (check: Check) => void>> = {
  $ref({ root, rule, value, at, errors }) {
    const name = String(rule).replace('#/$defs/', '');
    const found = (root as { $defs: Record<string, Schema> }).$defs[name];
    if (found === undefined) throw new Error(`there is no ${rule}`);
    check(root, found, value, at, errors);
  },
  type({ rule, value, at, errors }) {
    const allowed = [rule].flat() as string[];
    if (!typeOf(value).some(type => allowed.includes(type)))
      errors.push(`${at}: not ${allowed.join(' or ')}`);
  },
  const({ rule, value, at, errors }) {
    if (value !== rule) errors.push(`${at}: not ${JSON.stringify(rule)}`);
  },
  enum({ rule, value, at, errors }) {
    if (!(rule as unknown[]).includes(value))
      errors.push(`${at}: ${JSON.stringify(value)} is none of the values`);
  },
  required({ rule, value, at, errors }) {
    if (isObject(value))
      for (const key of rule as string[])
        if (!Object.hasOwn(value, key)) errors.push(`${at}: ${key} is missing`);
  },
  properties({ root, rule, value, at, errors }) {
    if (!isObject(value)) return;
    for (const [key, schema] of Object.entries(rule as Record<string, Schema>))
      if (Object.hasOwn(value, key)) check(root, schema, value[key], `${at}.${key}`, errors);
  },
  additionalProperties({ root, schema, rule, value, at, errors }) {
    if (!isObject(value)) return;
    const known = Object.keys((schema.properties as object | undefined) ?? {});
    for (const key of Object.keys(value))
      if (!known.includes(key)) check(root, rule as Schema, value[key], `${at}.${key}`, errors);
  },
  propertyNames({ root, rule, value, at, errors }) {
    if (isObject(value))
      for (const key of Object.keys(value)) check(root, rule as Schema, key, `${at}.${key}`, errors);
  },
  items({ root, rule, value, at, errors }) {
    if (Array.isArray(value))
      for (const [i, item] of value.entries()) check(root, rule as Schema, item, `${at}[${i}]`, errors);
  },
  maxItems({ rule, value, at, errors }) {
    if (Array.isArray(value) && value.length > Number(rule)) errors.push(`${at}: more than ${rule} items`);
  },
  minItems({ rule, value, at, errors }) {
    if (Array.isArray(value) && value.length < (rule as number))
      errors.push(`${at}: fewer than ${rule} items`);
  },
  minimum({ rule, value, at, errors }) {
    if (typeof value === 'number' && value < (rule as number)) errors.push(`${at}: below ${rule}`);
  },
  maximum({ rule, value, at, errors }) {
    if (typeof value === 'number' && value > (rule as number)) errors.push(`${at}: above ${rule}`);
  },
  pattern({ rule, value, at, errors }) {
    if (typeof value === 'string' && !new RegExp(rule as string, 'u').test(value))
      errors.push(`${at}: does not match ${rule}`);
  },
  oneOf({ root, rule, value, at, errors }) {
    const fitting = (rule as Schema[]).filter(schema => {
      const found: string[] = [];
      check(root, schema, value, at, found);
      return found.length === 0;
    });
    if (fitting.length !== 1) errors.push(`${at}: fits ${fitting.length} of the alternatives`);
  },
};
