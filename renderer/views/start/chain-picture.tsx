/** The emblem: three layers of a chain, drawn as the program draws them. */
const LAYERS = [
  ['', '', 'data', '', 'hole', '', '', 'data', ''],
  ['', 'compressed', '', 'zero', '', '', 'data', '', ''],
  ['data', 'data', 'data', 'data', 'data', '', 'data', 'past', 'past'],
] as const;

/** Width of a cell, and the distance between layers, in units of the picture. */
const CELL_WIDTH_PX = 30;
const LAYER_DISTANCE_PX = 26;

/** A small picture of a chain; decoration only. */
export function ChainPicture() {
  return (
    <svg
      className="chain-picture"
      viewBox={`0 0 ${CELL_WIDTH_PX * 9} ${LAYER_DISTANCE_PX * 3 - 4}`}
      aria-hidden="true"
    >
      {LAYERS.map((cells, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the picture never changes
        <g key={row} transform={`translate(0 ${row * LAYER_DISTANCE_PX})`}>
          <rect className="bed" width={CELL_WIDTH_PX * 9} height={18} rx={2} />
          {cells.map((kind, at) =>
            kind === '' ? null : (
              <rect
                // biome-ignore lint/suspicious/noArrayIndexKey: the picture never changes
                key={at}
                className={kind}
                x={at * CELL_WIDTH_PX}
                width={CELL_WIDTH_PX}
                height={kind === 'past' ? 18 : 14}
              />
            ),
          )}
        </g>
      ))}
      <path
        className="mark"
        d={`M${CELL_WIDTH_PX * 2} 15h${CELL_WIDTH_PX}v2h${-CELL_WIDTH_PX}zM${CELL_WIDTH_PX * 4} 15h${CELL_WIDTH_PX}v2h${-CELL_WIDTH_PX}z`}
      />
      <path className="mark" d={`M${CELL_WIDTH_PX * 4.5 - 7} 16h14l-7 8z`} />
    </svg>
  );
}
