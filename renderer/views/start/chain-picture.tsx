/** The emblem: three layers of a chain, drawn as the program draws them. */
const LAYERS = [
  ['', '', 'data', '', 'hole', '', '', 'data', ''],
  ['', 'compressed', '', 'zero', '', '', 'data', '', ''],
  ['data', 'data', 'data', 'data', 'data', '', 'data', 'past', 'past'],
] as const;

const CELL = 30;
const STEP = 26;

/** A small picture of a chain; decoration only. */
export function ChainPicture() {
  return (
    <svg className="chain-picture" viewBox={`0 0 ${CELL * 9} ${STEP * 3 - 4}`} aria-hidden="true">
      {LAYERS.map((cells, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the picture never changes
        <g key={row} transform={`translate(0 ${row * STEP})`}>
          <rect className="bed" width={CELL * 9} height={18} rx={2} />
          {cells.map((kind, at) =>
            kind === '' ? null : (
              // biome-ignore lint/suspicious/noArrayIndexKey: the picture never changes
              <rect key={at} className={kind} x={at * CELL} width={CELL} height={kind === 'past' ? 18 : 14} />
            ),
          )}
        </g>
      ))}
      <path className="mark" d={`M${CELL * 2} 15h${CELL}v2h${-CELL}zM${CELL * 4} 15h${CELL}v2h${-CELL}z`} />
      <path className="mark" d={`M${CELL * 4.5 - 7} 16h14l-7 8z`} />
    </svg>
  );
}
