/** Color for standard output: chalk's choice, which knows terminals and FORCE_COLOR, and NO_COLOR on top of it. */
import chalk, { Chalk, type ChalkInstance } from 'chalk';

/** Paints nothing where there is no terminal, or where NO_COLOR is set and FORCE_COLOR is not (no-color.org). */
export const colorize: ChalkInstance =
  process.env.NO_COLOR && process.env.FORCE_COLOR === undefined ? new Chalk({ level: 0 }) : chalk;
