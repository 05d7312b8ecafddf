/** The emblem: three layers of a chain, drawn as the program draws them. */
const LAYERS = [
  ['', '', 'data', '', 'hole', '', '', 'data', ''],
  ['', 'compressed', '', 'zero', '', '', 'data', '', ''],
  ['data', 'data', 'data', 'data', 'data', '', 'data', 'past', 'past'],
] as const;

/** Width of a cell, and the distance between layers, in units of the picture. */
const CELL_WIDTH = 30;
const LAYER_DISTANCE = 26;

/** A small picture of a chain; decoration only. */
export function ChainPicture() {
  return (
    <svg
      className="chain-picture"
      viewBox={`0 0 ${CELL_WIDTH * 9} ${LAYER_DISTANCE * 3 - 4}`}
      aria-hidden="true"
    >
      {LAYERS.map((cells, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the picture never changes
        <g key={row} transform={`translate(0 ${row * LAYER_DISTANCE})`}>
          <rect className="bed" width={CELL_WIDTH * 9} height={18} rx={2} />
          {cells.map((kind, at) =>
            kind === '' ? null : (
              <rect
                // biome-ignore lint/suspicious/noArrayIndexKey: the picture never changes
                key={at}
                className={kind}
                x={at * CELL_WIDTH}
                width={CELL_WIDTH}
                height={kind === 'past' ? 18 : 14}
              />
            ),
          )}
        </g>
      ))}
      <path
        className="mark"
        d={`M${CELL_WIDTH * 2} 15h${CELL_WIDTH}v2h${-CELL_WIDTH}zM${CELL_WIDTH * 4} 15h${CELL_WIDTH}v2h${-CELL_WIDTH}z`}
      />
      <path className="mark" d={`M${CELL_WIDTH * 4.5 - 7} 16h14l-7 8z`} />
    </svg>
  );
}
