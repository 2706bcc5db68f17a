const width = 200;
const height = 28;

/** The past of a figure as a line; the figure itself stands beside it, so this says nothing to a screen reader. Unknown values are gaps. */
export function Sparkline({ values }: { readonly values: readonly (number | null)[] }) {
  const known = values.filter((value) => value !== null);
  const top = Math.max(...known, 1e-9);
  // A line at zero says what the figure says.
  if (!known.some((value) => value > 0)) return <div class="sparkline" />;
  const step = width / Math.max(1, 119);
  let path = "";
  let isDrawing = false;
  values.forEach((value, i) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const x = width - (values.length - 1 - i) * step;
    const y = height - 2 - (value / top) * (height - 4);
    path += `${isDrawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDrawing = true;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
